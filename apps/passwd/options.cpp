#include "apps/passwd/options.hpp"

#include "core/printable.hpp"
#include "security/credential_lines.hpp"

#include <fmt/format.h>

#include <getopt.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::passwd_tool {

namespace {

using security::hash_kind;

/// Of a string in MQTT [MQTT-1.5.3].
constexpr size_t longest_name = 65535;

constexpr option long_options[] = {{"help", no_argument, nullptr, 'h'},
                                   {nullptr, 0, nullptr, 0}};

/// The letters that were given, and what the two with a value were given.
struct flags {
  bool is_batch = false;
  bool is_new_file = false;
  bool is_removal = false;
  bool is_upgrade = false;
  bool is_help = false;
  bool wants_hash = false;
  std::string_view hash = to_string(hash_kind::sha512_pbkdf2);
  std::optional<std::string_view> iterations;
};

/// What getopt has stumbled over.
explanation unknown(char** argv) {
  std::string name{argv[optind - 1]};
  if (optopt != 0)
    name = {'-', static_cast<char>(optopt)};
  return {fmt::format("Unknown option, or one without its value: '{}'.",
                      is_printable(name) ? name : "?")};
}

/// Reads the options; then `optind` is the first argument that is none.
checked<flags> read_flags(int argc, char** argv) {
  flags given;
  opterr = 0;
  // Forgets an earlier command line, in glibc.
  optind = 0;
  // `+`: options end where the file is named, so a password may begin with `-`.
  while (true) {
    switch (getopt_long(argc, argv, "+bcDUhH:I:", long_options, nullptr)) {
    case -1:
      return given;
    case 'b':
      given.is_batch = true;
      break;
    case 'c':
      given.is_new_file = true;
      break;
    case 'D':
      given.is_removal = true;
      break;
    case 'U':
      given.is_upgrade = true;
      break;
    case 'h':
      given.is_help = true;
      break;
    case 'H':
      given.wants_hash = true;
      given.hash = optarg;
      break;
    case 'I':
      given.iterations = optarg;
      break;
    default:
      return unknown(argv);
    }
  }
}

/// The first two flags that exclude each other, or nothing.
std::string conflict(const flags& given) {
  const std::pair<bool, const char*> all[] = {{given.is_new_file, "-c"},
                                              {given.is_batch, "-b"},
                                              {given.is_removal, "-D"},
                                              {given.is_upgrade, "-U"}};
  // -c and -b go together; all others do not.
  for (size_t i = 0; i < std::size(all); ++i)
    for (size_t j = std::max(i + 1, size_t{2}); j < std::size(all); ++j)
      if (all[i].first && all[j].first)
        return fmt::format("{} and {} cannot be used together.", all[i].second,
                           all[j].second);
  return {};
}

explanation bad_iterations(uint32_t least, uint32_t most, hash_kind kind) {
  return {fmt::format("Number of iterations must be from {} to {} for {}.",
                      least, most, to_string(kind))};
}

/// Takes -H and -I; empty, or what is wrong.
std::string read_hash(const flags& given, options& to) {
  auto kind = security::hash_kind_of(given.hash);
  if (!kind)
    return fmt::format("Unknown hash type '{}'; known are sha512-pbkdf2, "
                       "argon2id, scram-sha-256 and sha512.",
                       given.hash);
  to.kind = *kind;
  if (!given.iterations)
    return {};
  if (*kind == hash_kind::sha512)
    return "-I has no meaning with -H sha512, which has no iterations.";
  auto least =
      *kind == hash_kind::scram_sha_256 ? security::least_scram_iterations : 1;
  auto most = *kind == hash_kind::argon2id
                  ? security::most_argon2_passes(default_cost(*kind).memory)
                  : security::most_iterations;
  auto end = given.iterations->data() + given.iterations->size();
  auto [stop, error] =
      std::from_chars(given.iterations->data(), end, to.iterations);
  if (error != std::errc{} || stop != end || to.iterations < least
      || to.iterations > most)
    return bad_iterations(least, most, *kind).text;
  return {};
}

/// Whether the broker can read the name again, and a client send it; empty, or
/// why not.
std::string name_problem(std::string_view user) {
  if (user.find(':') != std::string_view::npos)
    return "Username must not contain the ':' character.";
  if (user.empty() || user.size() > longest_name)
    return "Username must have 1 to 65535 bytes.";
  if (!is_printable(user))
    return "Username must be UTF-8 without control characters.";
  if (security::trim(user) != user || user.front() == '#')
    return "Username must not begin or end with a space, nor begin with '#': "
           "the broker would not find it in the file.";
  return {};
}

std::string usage_problem(const flags& given, int count) {
  if (auto wrong = conflict(given); !wrong.empty())
    return wrong;
  if (given.is_upgrade && count == 0)
    return "-U argument given but password file missing.";
  auto wanted = given.is_upgrade ? 1 : given.is_batch ? 3 : 2;
  if (count == wanted)
    return {};
  return given.is_upgrade ? "-U takes the password file only."
         : given.is_batch ? "-b takes password file, user name and password."
                          : "Give password file and user name; the password "
                            "is asked for.";
}

} // namespace

checked<options> parse(int argc, char** argv) {
  auto given = read_flags(argc, argv);
  if (!given)
    return given.error();
  options made;
  if (given->is_help) {
    made.deed = deed::help;
    return made;
  }
  auto count = argc - optind;
  char** rest = argv + optind;
  if (given->is_batch && count == 3) {
    made.password = security::secret{rest[2]};
    security::wipe(rest[2], std::strlen(rest[2]));
  }
  for (const auto& wrong :
       {usage_problem(*given, count), read_hash(*given, made),
        count > 1 ? name_problem(rest[1]) : std::string{}})
    if (!wrong.empty())
      return explanation{wrong};
  made.deed = given->is_upgrade   ? deed::upgrade
              : given->is_removal ? deed::remove
                                  : deed::set;
  made.is_new_file = given->is_new_file;
  made.file = rest[0];
  if (count > 1)
    made.user = rest[1];
  return made;
}

const char* help_text() noexcept {
  return "Adds, changes and removes the users of a password file.\n"
         "\n"
         "Usage: troupe passwd [-H hash] [-I iterations] [-c] file user\n"
         "       troupe passwd [-H hash] [-I iterations] [-c] -b file user "
         "password\n"
         "       troupe passwd -D file user\n"
         "       troupe passwd [-H hash] [-I iterations] -U file\n"
         "\n"
         " -b  take the password from the command line, where others may see "
         "it\n"
         " -c  make a new file, which must not exist; `-` is standard output\n"
         " -D  remove the user\n"
         " -H  sha512-pbkdf2 (default), argon2id, scram-sha-256 or sha512\n"
         " -I  iterations: 1000 (sha512-pbkdf2), 4096 (scram-sha-256); for\n"
         "     argon2id passes over 46 MiB: 1\n"
         " -U  hash the passwords of a file in which they stand as they are;\n"
         "     what is hashed already stays\n"
         "\n"
         "The password is asked for twice, without showing it, or read from "
         "two "
         "lines of\n"
         "standard input. A running broker takes over the file at SIGHUP.\n"
         "\n"
         "Examples:\n"
         "  troupe passwd -c /etc/troupe/users anna\n"
         "  troupe passwd -H argon2id /etc/troupe/users ben\n"
         "  troupe passwd -D /etc/troupe/users anna\n"
         "\n"
         "Exit status: 0 done, 1 bad usage or it could not be done, 2 the two "
         "passwords\n"
         "differ. The file is replaced in one step, or stays as it was.\n";
}

} // namespace troupe::passwd_tool
