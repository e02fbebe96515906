#include "config/load.hpp"

#include "config/options.hpp"

#include <caf/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

using namespace troupe;
using config::settings;

namespace {

const auto root = std::filesystem::path{TROUPE_SOURCE_FOLDER};

class fixture {
public:
  fixture() {
    char name[] = "/tmp/troupe-load-XXXXXX";
    int file = ::mkstemp(name);
    if (file >= 0)
      ::close(file);
    path = name;
  }
  ~fixture() { std::filesystem::remove(path); }

  /// The value of `loops`, or 0 if the file cannot be used.
  uint32_t loops_of(std::string_view text) const {
    std::ofstream{path} << text;
    auto got = config::load(path);
    return got ? got->settings.loops : 0;
  }

  std::string path;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(load_tests, fixture)

CAF_TEST(a brace first makes it JSON) {
  CAF_CHECK_EQUAL(loops_of("{\"loops\": 3}"), 3u);
  CAF_CHECK_EQUAL(
      loops_of("\xef\xbb\xbf\r\n\t // c {\n/* x\n */ {\"loops\": 4}"), 4u);
}

CAF_TEST(anything else first makes it a mosquitto conf) {
  CAF_CHECK_EQUAL(loops_of("loops 3\n"), 3u);
  CAF_CHECK_EQUAL(loops_of("# {\n\nloops 4\n"), 4u);
  CAF_CHECK_EQUAL(loops_of("auto_id_prefix {\nloops 5\n"), 5u);
}

CAF_TEST(an empty file means the defaults) {
  std::ofstream{path} << "";
  auto got = config::load(path);
  CAF_REQUIRE(got);
  CAF_CHECK(got->settings == settings{});
}

CAF_TEST(a file that cannot be read is named) {
  auto missing = config::load("/nonexistent/troupe.json");
  CAF_REQUIRE(!missing);
  CAF_CHECK_EQUAL(missing.error().text, "cannot read /nonexistent/troupe.json: "
                                        "No such file or directory");
  auto folder = config::load("/tmp");
  CAF_REQUIRE(!folder);
  CAF_CHECK_EQUAL(folder.error().text, "cannot read /tmp: Is a directory");
}

CAF_TEST(a file without an end is not read for ever) {
  auto endless = config::load("/dev/zero");
  CAF_REQUIRE(!endless);
  CAF_CHECK_EQUAL(endless.error().text, "cannot use /dev/zero: it is larger "
                                        "than 16 MiB, which no configuration "
                                        "is");
}

CAF_TEST(the example is valid and holds the defaults) {
  auto got = config::load((root / "config/troupe.json").native());
  if (!got)
    CAF_FAIL(got.error().text);
  CAF_CHECK(got->warnings.empty());
  settings wanted;
  wanted.listeners_configured = true;
  CAF_CHECK(got->settings == wanted);
}

CAF_TEST(the example and the document know every option) {
  auto text_of = [](const std::filesystem::path& path) {
    std::ifstream in{path};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  auto document = text_of(root / "docs/configuration.md");
  auto example = text_of(root / "config/troupe.json");
  auto check = [&](std::string_view option) {
    auto name = std::string{option};
    if (document.find("| `" + name + "` |") == std::string::npos)
      CAF_ERROR("docs/configuration.md lacks " << name);
  };
  for (const auto& each : config::listener_options())
    check(each.name);
  for (const auto& each : config::bridge_options()) {
    check(each.name);
    if (example.find("\"" + std::string{each.name} + "\":") == std::string::npos
        && each.same_as.empty())
      CAF_ERROR("config/troupe.json lacks " << std::string{each.name});
  }
  for (const auto& each : config::broker_options()) {
    check(each.name);
    auto name = each.name;
    if (name.starts_with("jwt_"))
      name.remove_prefix(4);
    if (example.find("\"" + std::string{name} + "\":") == std::string::npos)
      CAF_ERROR("config/troupe.json lacks " << std::string{each.name});
  }
}

CAF_TEST(a port on the command line moves the loopback listeners only) {
  settings none;
  CAF_CHECK_EQUAL(config::with_port(none, 1999), "");
  CAF_REQUIRE_EQUAL(none.listeners.size(), 2u);
  CAF_CHECK_EQUAL(none.listeners[0].port, 1999);
  CAF_CHECK_EQUAL(none.listeners[1].port, 1999);
  auto given = config::parse_mosquitto_conf("listener 5\n", "m.conf");
  CAF_REQUIRE(given);
  CAF_CHECK_EQUAL(config::with_port(given->settings, 1999),
                  "-p 1999 is ignored: the configuration names its own "
                  "listeners; set the port there");
  CAF_CHECK_EQUAL(given->settings.listeners[0].port, 5);
}

CAF_TEST_FIXTURE_SCOPE_END()
