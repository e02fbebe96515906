// libFuzzer target for what tells who a client is: password files, PSK files
// and the messages of SCRAM. The first byte says which. Whatever the rest:
// nothing is read past its end, what is taken can be written and read again,
// and nobody gets in by a message that is not the right one.
#include "apps/passwd/user_lines.hpp"
#include "core/printable.hpp"
#include "security/password_file.hpp"
#include "security/psk_file.hpp"
#include "security/scram.hpp"
#include "security/scram_text.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace troupe;
using namespace troupe::security;

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

void try_hash(std::string_view text) {
  auto hash = parse_password_hash(text);
  if (!hash)
    return;
  auto again = parse_password_hash(to_string(*hash));
  require(again && *again == *hash);
}

template <class File>
void require_place(const checked<File>& file) {
  require(file || file.error().text.starts_with("users:"));
  require(file || is_printable(file.error().text));
}

void try_password_file(std::string_view text) {
  require_place(parse_password_file(text, "users"));
}

void try_psk_file(std::string_view text) {
  require_place(parse_psk_file(text, "users"));
}

void try_edits(std::string_view text) {
  auto with = passwd_tool::set_user(text, "u", "h");
  auto again = passwd_tool::set_user(with.text, "u", "h");
  require(again.found == 1 && again.text == with.text);
  auto without = passwd_tool::remove_user(with.text, "u");
  require(without.found == 1);
  require(passwd_tool::remove_user(without.text, "u").found == 0);
}

// The exchange of RFC 7677, section 3.
constexpr auto right_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view right_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr auto stored = "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$"
                        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$"
                        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

scram_server server() {
  static const auto hash = *parse_password_hash(stored);
  auto find = [](std::string_view user) {
    return user == "user" ? std::optional{hash} : std::nullopt;
  };
  return {find, {"key", hash}, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"};
}

void try_first(std::string_view text) {
  auto it = server();
  auto step = it.step(text);
  require(step.outcome == scram_outcome::go_on
          || step.outcome == scram_outcome::malformed);
  require(is_printable(step.data));
  if (step.outcome == scram_outcome::go_on)
    require(!it.user_name().empty() && read_server_first(step.data));
  if (text != right_first)
    require(it.step(right_final).outcome != scram_outcome::accepted);
}

void try_final(std::string_view text) {
  auto it = server();
  it.step(right_first);
  auto step = it.step(text);
  require((step.outcome == scram_outcome::accepted) == (text == right_final));
}

/// Without the work that a challenge asks for.
void try_client(std::string_view text) {
  auto first = read_server_first(text);
  require(!first || !first->salt.empty());
  read_server_final(text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr void (*tries[])(std::string_view) = {
      try_hash,  try_password_file, try_psk_file, try_edits,
      try_first, try_final,         try_client};
  if (size == 0 || data[0] >= std::size(tries))
    return 0;
  tries[data[0]]({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
