#include "security/psk_file.hpp"

#include <caf/test/dsl.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

using namespace troupe::security;
using namespace std::string_view_literals;

namespace {

psk_file read(std::string_view text) {
  auto file = parse_psk_file(text, "keys");
  if (!file)
    CAF_FAIL(file.error().text);
  return std::move(*file);
}

void check_refused(std::string_view text, std::string_view begin) {
  auto file = parse_psk_file(text, "keys");
  auto why = file ? "accepted" : file.error().text;
  if (!why.starts_with(begin))
    CAF_ERROR(text << ": " << why);
}

} // namespace

CAF_TEST(a key is found by the whole identity only) {
  auto file = read("sensor:00Ff11\n");
  CAF_CHECK(file.find("sensor") == "\0\xff\x11"sv);
  for (auto other : {"", "senso", "sensor ", "Sensor", "sensor:"})
    CAF_CHECK(!file.find(other));
}

CAF_TEST(comments and white space are as in a password file) {
  auto file = read("# all\n\n  a : 12 \r\nb c:34");
  CAF_CHECK_EQUAL(file.size(), 2u);
  CAF_CHECK(file.find("a") == "\x12"sv);
  CAF_CHECK(file.find("b c") == "\x34"sv);
  CAF_CHECK_EQUAL(read("").size(), 0u);
}

CAF_TEST(a digit that is missing is a zero at the front) {
  auto file = read("a:abc\nb:7\n");
  CAF_CHECK(file.find("a") == "\x0a\xbc"sv);
  CAF_CHECK(file.find("b") == "\x07"sv);
}

CAF_TEST(the longest key that OpenSSL takes is taken and no longer one) {
  auto key = std::string(2 * longest_psk, 'a');
  CAF_CHECK_EQUAL(read("u:" + key).find("u")->size(), longest_psk);
  check_refused("u:" + key + "a", "keys:1: identity `u`: the key is longer");
}

CAF_TEST(a broken line is named with its number) {
  check_refused("a:12\nb\n", "keys:2: there is no colon");
  check_refused("\n:12", "keys:2: there is no identity");
  check_refused("a:", "keys:1: identity `a`: the key is empty");
  check_refused("a:12\n\na:13", "keys:3: identity `a` is there already");
  for (auto bad : {"a:0x12", "a:xy", "a:12 34", "a:12:34", "a:-1", "a:+1",
                   "a:1g", "a:12\x01", "a:\xff\xff"})
    check_refused(bad, "keys:1: identity `a`: the key is not hexadecimal");
  check_refused("a:1\0"sv, "keys:1: identity `a`: the key is not hexadecimal");
}

CAF_TEST(a key does not stand in an explanation) {
  for (auto text : {"a:c0ffee!", "c0ffee", ":c0ffee", "a:1\na:c0ffee"}) {
    auto file = parse_psk_file(text, "keys");
    CAF_REQUIRE(!file);
    CAF_CHECK(file.error().text.find("c0ffee") == std::string::npos);
  }
}

CAF_TEST(a file that everybody may write is refused) {
  std::string form = std::filesystem::temp_directory_path() / "troupeXXXXXX";
  std::filesystem::path folder = mkdtemp(form.data());
  auto path = (folder / "keys").string();
  std::ofstream{path} << "a:12\n";
  chmod(path.c_str(), 0600);
  auto file = load_psk_file(path);
  CAF_CHECK(file && file->find("a") == "\x12"sv);
  chmod(path.c_str(), 0602);
  CAF_CHECK(!load_psk_file(path));
  std::filesystem::remove_all(folder);
}
