#include "security/password_file.hpp"

#include <caf/test/dsl.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

using namespace troupe::security;

namespace {

// Made by Debian's mosquitto_passwd 2.0.11, for "a".
const std::string hash_of_a =
    "$7$101$4N/a+vV3w5UaJsM/$/nTjOVOf5Z02wmtyOtww+J6bI552+yFt/"
    "8ZFW31ZsTdd5tYFOBRaSHQP9Cuo/LVGoluiu6F5JYJfbIR5GUFVKQ==";
const std::string scram_of_pencil =
    "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

password_file read(const std::string& text) {
  auto file = parse_password_file(text, "users");
  if (!file)
    CAF_FAIL(file.error().text);
  return std::move(*file);
}

bool lets_in(const std::string& text, std::string_view user) {
  auto file = read(text);
  auto* found = file.find(user);
  return found != nullptr && verify(*found, "a");
}

/// Why `text` is refused.
std::string refusal(const std::string& text) {
  auto file = parse_password_file(text, "users");
  return file ? "accepted" : file.error().text;
}

void check_refused(const std::string& text, const std::string& begin,
                   std::string_view remedy = "") {
  auto why = refusal(text);
  if (!why.starts_with(begin) || why.find(remedy) == std::string::npos)
    CAF_ERROR(text << ": " << why);
}

} // namespace

CAF_TEST(a user is found by the whole name only) {
  auto file = read("anna:" + hash_of_a + "\n");
  CAF_CHECK_EQUAL(file.size(), 1u);
  CAF_REQUIRE(file.find("anna") != nullptr);
  CAF_CHECK(verify(*file.find("anna"), "a"));
  for (auto other : {"", "ann", "anna ", "Anna", "anna:", "annaa"})
    CAF_CHECK(file.find(other) == nullptr);
  CAF_CHECK(file.find(std::string_view{"anna\0", 5}) == nullptr);
}

CAF_TEST(white space is passed over where Mosquitto does) {
  for (auto text : {"u:" + hash_of_a, "  u:" + hash_of_a + "\n",
                    "u :" + hash_of_a + "\n", "u: " + hash_of_a + "\n",
                    "u:" + hash_of_a + " \t\n", "u:" + hash_of_a + "\r\n"})
    CAF_CHECK(lets_in(text, "u"));
  CAF_CHECK(lets_in("a b:" + hash_of_a, "a b"));
}

CAF_TEST(comments and empty lines say nothing) {
  CAF_CHECK_EQUAL(read("").size(), 0u);
  CAF_CHECK_EQUAL(read("\n\n").size(), 0u);
  CAF_CHECK_EQUAL(read("# anna:x\n  # no colon\n \t\n\r\n#").size(), 0u);
  CAF_CHECK(lets_in("# all\n\n\nu:" + hash_of_a + "\n\n", "u"));
}

CAF_TEST(a broken line is named with its number) {
  const auto good = "# users\nu:" + hash_of_a + "\n\n";
  check_refused(good + "anna\n", "users:4: there is no colon");
  check_refused(good + ":" + hash_of_a, "users:4: there is no user");
  check_refused(good + "  :" + hash_of_a, "users:4: there is no user");
  check_refused(good + "v:", "users:4: user `v`: the hash is empty",
                "troupe passwd users USER");
  check_refused(good + "v:  \n", "users:4: user `v`: the hash is empty");
  check_refused(good + "v:geheim\n",
                "users:4: user `v`: the password is not hashed",
                "troupe passwd -U users");
  check_refused(good + "v:$9$YWJj$YWJj\n", "users:4: user `v`: the kind of");
  check_refused(good + "v:$6$YW.j$YWJj\n",
                "users:4: user `v`: the salt is not base64");
  check_refused(good + "v:$7$0$YWJj$YWJj\n",
                "users:4: user `v`: the number of iterations");
  check_refused(good + "v:$7$2000000000$YWJj$YWJj\n",
                "users:4: user `v`: the number of iterations");
  check_refused(good + "v:" + hash_of_a + ":extra\n",
                "users:4: user `v`: the hash is not base64");
  check_refused(good + "u:" + hash_of_a + "\n",
                "users:4: user `u` is there already");
  check_refused(good + " u :" + hash_of_a + "\n",
                "users:4: user `u` is there already");
}

CAF_TEST(what may be a password is not shown) {
  for (auto text : {"u:hunter2", "hunter2", "u:$6$hunter2!", "u:$hunter2$x",
                    "u:$7$hunter2$YWJj$YWJj", ":hunter2"})
    CAF_CHECK(refusal(text).find("hunter2") == std::string::npos);
}

CAF_TEST(a name that a terminal should not see is not shown) {
  for (const auto& name : {std::string{"\x1b[2J"}, std::string{"\xff\xfe"},
                           std::string{"a\0b", 3}, std::string(100, 'x')}) {
    auto why = refusal(name + ":plain");
    CAF_CHECK(why.find(name) == std::string::npos);
    CAF_CHECK(why.starts_with("users:1: user a name that cannot be shown"));
  }
}

CAF_TEST(a file that ends anywhere is read or refused) {
  auto text = "anna:" + hash_of_a + "\nben:" + scram_of_pencil + "\n";
  for (size_t size = 0; size < text.size(); ++size) {
    auto file = parse_password_file(text.substr(0, size), "users");
    CAF_CHECK(!file || file->size() <= 2);
  }
}

CAF_TEST(a user who does not exist is checked at the cost of others) {
  auto file = read("u:" + hash_of_a + "\nv:" + scram_of_pencil + "\n");
  CAF_CHECK(file.decoy().kind == hash_kind::sha512_pbkdf2);
  CAF_CHECK_EQUAL(file.decoy().cost.iterations, 101u);
  CAF_CHECK_EQUAL(file.scram_decoy().cost.iterations, 4096u);
  CAF_CHECK(!verify(file.decoy(), "a"));
  CAF_CHECK(!verify(read("").decoy(), ""));
}

CAF_TEST(a file that everybody may write or that is missing is refused) {
  std::string form = std::filesystem::temp_directory_path() / "troupeXXXXXX";
  std::filesystem::path folder = mkdtemp(form.data());
  auto path = (folder / "users").string();
  auto missing = load_password_file(path);
  CAF_CHECK(!missing);
  std::ofstream{path} << "u:" << hash_of_a << "\n";
  chmod(path.c_str(), 0600);
  auto file = load_password_file(path);
  CAF_CHECK(file && file->find("u") != nullptr);
  chmod(path.c_str(), 0602);
  auto refused = load_password_file(path);
  CAF_CHECK(!refused && refused.error().text.starts_with("refusing"));
  std::filesystem::remove_all(folder);
}
