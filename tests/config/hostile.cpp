#include "config/load.hpp"
#include "config/options.hpp"
#include "core/printable.hpp"

#include <caf/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace troupe;

namespace {

/// What no option should take, or at least not choke on.
const std::vector<std::string> texts = {
    "-1",
    "0",
    "1",
    "65536",
    "-9223372036854775808",
    "9223372036854775807",
    "99999999999999999999999999",
    "0x10",
    "1e9",
    "1.5",
    "true",
    "TRUE",
    "nul",
    "/nonexistent/a b",
    "..",
    "#",
    "+",
    "%s%n%p{}",
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "//",
    "a\tb",
    "\x01",
    "\x7f",
    "\xff\xfe",
    "\xed\xa0\x80",
    "\xc2\x80",
    std::string("a\0b", 3),
    std::string(5000, 'x'),
    std::string(5000, ','),
    std::string(5000, '9'),
};

const std::vector<std::string> json_values = {
    "null",
    "true",
    "-1",
    "1e400",
    "1e3",
    "0.5",
    "18446744073709551615",
    "-9223372036854775809",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\n\"",
    "\"\xff\"",
    "[]",
    "[[]]",
    "[null]",
    "[{}]",
    "{}",
    "{\"a\": 1}",
    "\"" + std::string(5000, 'x') + "\"",
    "[" + std::string(5000, '1') + "]",
};

/// What is refused is told in one short line with its position.
void check(const config::outcome& got, std::string_view file) {
  if (got) {
    for (const auto& each : got->warnings)
      if (!is_printable(each) || each.size() > 1000)
        CAF_ERROR("a bad warning: " << each);
    return;
  }
  const auto& text = got.error().text;
  if (!is_printable(text) || text.size() > 1000 || !text.starts_with(file))
    CAF_ERROR("a bad complaint: " << text);
}

std::vector<std::string> all_names() {
  std::vector<std::string> all = {
      "listener",   "port",      "bind_address", "per_listener_settings",
      "plugin",     "listeners", "jwt",          "certificates",
      "connection", "topic",     "topics",       "address",
      "bridges",    "direction", "log_facility", "flux"};
  for (const auto& each : config::broker_options())
    all.emplace_back(each.name);
  for (const auto& each : config::listener_options())
    all.emplace_back(each.name);
  for (const auto& each : config::bridge_options())
    all.emplace_back(each.name);
  return all;
}

class fixture {
public:
  fixture() {
    char name[] = "/tmp/troupe-hostile-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  std::string error_of(const std::string& text) const {
    auto got = config::parse_mosquitto_conf(text, "m.conf");
    return got ? std::string{"(was accepted)"} : got.error().text;
  }

  std::string folder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hostile_tests, fixture)

CAF_TEST(every option takes every text or says what is wrong with it) {
  for (const auto& name : all_names())
    for (const auto& text : texts)
      for (std::string before :
           {"", "listener 1\n", "per_listener_settings true\nlistener 1\n",
            "connection b\n", "connection b\naddress h\ntopic #\n"})
        check(
            config::parse_mosquitto_conf(before + name + " " + text, "m.conf"),
            "m.conf:");
}

CAF_TEST(every option takes every JSON value or says what is wrong with it) {
  auto parse = [](const std::string& text) {
    check(config::parse_json(text, "t.json"), "t.json:");
  };
  for (const auto& name : all_names())
    for (const auto& value : json_values) {
      auto member = "\"" + name + "\": " + value;
      parse("{" + member + "}");
      parse("{\"listeners\": [{\"port\": 1, " + member + "}]}");
      parse("{\"jwt\": {" + member + "}}");
      parse("{\"bridges\": [{\"name\": \"b\", " + member + "}]}");
      parse("{\"bridges\": [{\"name\": \"b\", \"topics\": [{\"pattern\": "
            "\"a\", "
            + member + "}]}]}");
    }
}

CAF_TEST(an option without a value says so) {
  for (const auto& name : all_names())
    for (std::string end : {"", " ", "\t", "   \r\n"})
      CAF_CHECK_EQUAL(error_of(name + end),
                      "m.conf:1: " + name
                          + ": the value is missing; write it behind the name");
}

CAF_TEST(tabs never separate words) {
  for (const auto& name : all_names())
    CAF_CHECK(error_of(name + "\t1")
                  .starts_with("m.conf:1: `" + name + "\\x091`: tabs do not"));
}

CAF_TEST(names of any form are quoted with care) {
  for (std::string name : {"plugin_opt_\xff\x1b[2J", "auth_opt_\x7f", "\xff"}) {
    check(config::parse_mosquitto_conf(name + " 1", "m.conf"), "m.conf:1");
    check(config::parse_json("{\"" + name + "\": 1}", "t.json"), "t.json:1");
  }
}

CAF_TEST(random bytes are read without harm) {
  constexpr std::string_view letters = " \n\t\"{}[]:,#/*\\019aetrus_-.\x00\xff";
  for (uint32_t seed = 0; seed < 20'000; ++seed) {
    std::mt19937 random{seed};
    std::string text;
    for (auto i = random() % 60; i > 0; --i)
      text += letters[random() % letters.size()];
    check(config::parse_mosquitto_conf(text, "m.conf"), "m.conf");
    check(config::parse_json(text, "t.json"), "t.json");
  }
}

CAF_TEST(a file with a million lines is read in time) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i)
    text += "max_qos 1\n";
  auto got = config::parse_mosquitto_conf("listener 1\n" + text, "m.conf");
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(int{got->settings.listeners[0].max_qos}, 1);
}

CAF_TEST(an included file that has vanished is named) {
  std::filesystem::create_symlink(folder + "/gone", folder + "/a.conf");
  CAF_CHECK_EQUAL(error_of("include_dir " + folder),
                  "m.conf:1: include_dir: cannot read " + folder
                      + "/a.conf: No such file or directory");
}

CAF_TEST(a folder that includes itself is read once) {
  std::ofstream{folder + "/a.conf"} << "include_dir " << folder << "\n";
  std::filesystem::create_symlink(folder + "/a.conf", folder + "/b.conf");
  auto got = config::parse_mosquitto_conf("include_dir " + folder, "m.conf");
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->warnings.size(), 2u);
}

CAF_TEST(a folder that ends in conf is no included file) {
  std::filesystem::create_directory(folder + "/a.conf");
  CAF_CHECK_EQUAL(error_of("include_dir " + folder),
                  "m.conf:1: include_dir: cannot read " + folder
                      + "/a.conf: Is a directory");
}

CAF_TEST_FIXTURE_SCOPE_END()
