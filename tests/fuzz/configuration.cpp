// libFuzzer target for both readers of configurations. Whatever the text: it is
// read or refused in one printable line, and what was read means the same when
// it is written as JSON and read again.
#include "config/load.hpp"
#include "config/written.hpp"
#include "core/printable.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace troupe;

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

void check(const config::outcome& got) {
  if (!got) {
    require(is_printable(got.error().text));
    return;
  }
  for (const auto& each : got->warnings)
    require(is_printable(each));
  auto again = config::parse_json(
      config::write_json(got->settings, got->warnings), "again.json");
  require(again.has_value() && again->settings == got->settings);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  check(config::parse_json(text, "t.json"));
  // Files of this machine are none of the fuzzer's business.
  if (text.find("include_dir") == std::string_view::npos)
    check(config::parse_mosquitto_conf(text, "m.conf"));
  return 0;
}
