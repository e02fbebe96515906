#include "apps/passwd/options.hpp"

#include <caf/test/dsl.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace troupe;
using namespace troupe::passwd_tool;
using security::hash_kind;

namespace {

/// The arguments behind `troupe passwd`, which parse may write to.
struct arguments {
  explicit arguments(std::vector<std::string> all) : texts(std::move(all)) {
    texts.insert(texts.begin(), "passwd");
    for (auto& each : texts)
      pointers.push_back(each.data());
    pointers.push_back(nullptr);
  }
  checked<options> parse() {
    return passwd_tool::parse(static_cast<int>(texts.size()), pointers.data());
  }

  std::vector<std::string> texts;
  std::vector<char*> pointers;
};

options read(std::vector<std::string> all) {
  auto made = arguments{std::move(all)}.parse();
  if (!made)
    CAF_FAIL(made.error().text);
  return std::move(*made);
}

void check_refused(std::vector<std::string> all, std::string_view why) {
  auto made = arguments{std::move(all)}.parse();
  auto text = made ? "accepted" : made.error().text;
  if (text.find(why) == std::string::npos)
    CAF_ERROR(text << " instead of " << why);
}

} // namespace

CAF_TEST(two arguments set a user whose password is asked for) {
  auto made = read({"users", "anna"});
  CAF_CHECK(made.deed == deed::set);
  CAF_CHECK_EQUAL(made.file, "users");
  CAF_CHECK_EQUAL(made.user, "anna");
  CAF_CHECK(!made.password);
  CAF_CHECK(!made.is_new_file);
  CAF_CHECK(made.kind == hash_kind::sha512_pbkdf2);
  CAF_CHECK_EQUAL(made.iterations, 0u);
}

CAF_TEST(the password of b is taken and wiped) {
  arguments given{{"-c", "-b", "users", "anna", "geheim"}};
  auto made = given.parse();
  CAF_REQUIRE(made.has_value());
  CAF_CHECK(made->is_new_file);
  CAF_CHECK_EQUAL(made->password->view(), "geheim");
  CAF_CHECK_EQUAL(given.texts.back(), std::string(6, '\0'));
}

CAF_TEST(a password may look like an option) {
  auto made = read({"-b", "users", "anna", "-D"});
  CAF_CHECK_EQUAL(made.password->view(), "-D");
  CAF_CHECK_EQUAL(read({"-b", "--", "-f", "-u", "--x"}).user, "-u");
}

CAF_TEST(the other deeds are known) {
  CAF_CHECK(read({"-D", "users", "anna"}).deed == deed::remove);
  CAF_CHECK(read({"-U", "users"}).deed == deed::upgrade);
  CAF_CHECK(read({"--help"}).deed == deed::help);
  CAF_CHECK(read({"-h"}).deed == deed::help);
}

CAF_TEST(hash and iterations are taken) {
  auto made = read({"-H", "argon2id", "-I", "3", "users", "anna"});
  CAF_CHECK(made.kind == hash_kind::argon2id);
  CAF_CHECK_EQUAL(made.iterations, 3u);
  CAF_CHECK(read({"-H", "sha512", "-U", "users"}).kind == hash_kind::sha512);
  CAF_CHECK_EQUAL(read({"-I", "10000000", "f", "u"}).iterations, 10000000u);
}

CAF_TEST(wrong usage is named) {
  check_refused({}, "Give password file and user name");
  check_refused({"users"}, "Give password file and user name");
  check_refused({"users", "anna", "geheim"}, "Give password file and user");
  check_refused({"-b", "users", "anna"}, "-b takes");
  check_refused({"-b", "users", "anna", "x", "y"}, "-b takes");
  check_refused({"-U"}, "password file missing");
  check_refused({"-U", "users", "anna"}, "-U takes");
  check_refused({"-D", "users"}, "Give password file and user");
  check_refused({"-c", "-D", "f", "u"}, "-c and -D cannot be used together");
  check_refused({"-b", "-D", "f", "u", "p"}, "-b and -D cannot be used");
  check_refused({"-c", "-U", "f"}, "-c and -U cannot be used together");
  check_refused({"-D", "-U", "f"}, "-D and -U cannot be used together");
  check_refused({"-cX", "f", "u"}, "one without its value: '-X'");
  check_refused({"--xyz", "f", "u"}, "one without its value: '--xyz'");
  check_refused({"-H"}, "Unknown option, or one without its value: '-H'");
}

CAF_TEST(hashes and iterations that are none are named) {
  check_refused({"-H", "md5", "f", "u"}, "Unknown hash type 'md5'");
  check_refused({"-H", "", "f", "u"}, "Unknown hash type ''");
  for (auto bad : {"0", "-1", "x", "", "10000001", "1e3", "4294967297"})
    check_refused({"-I", bad, "f", "u"}, "must be from 1 to 10000000");
  check_refused({"-H", "scram-sha-256", "-I", "4095", "f", "u"},
                "must be from 4096");
  check_refused({"-H", "argon2id", "-I", "1000", "f", "u"},
                "must be from 1 to");
  check_refused({"-H", "sha512", "-I", "5", "f", "u"}, "no meaning");
}

CAF_TEST(names that no client could use are refused) {
  check_refused({"f", "a:b"}, "must not contain the ':' character");
  check_refused({"f", ""}, "1 to 65535 bytes");
  check_refused({"f", std::string(65536, 'x')}, "1 to 65535 bytes");
  for (auto bad : {"a\nb", "a\x7f", "\xff", "\x1b[2J"})
    check_refused({"f", bad}, "UTF-8 without control characters");
  for (auto bad : {" a", "a ", "#a"})
    check_refused({"f", bad}, "must not begin or end");
  CAF_CHECK_EQUAL(read({"f", "jürgen m."}).user, "jürgen m.");
}
