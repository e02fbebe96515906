#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace troupe::tools {

/// Local time for people: given to whoever prints it, never read there.
struct wall_time {
  std::time_t seconds = 0;
  uint32_t nanoseconds = 0;
};

/// The time now.
inline wall_time wall_clock_now() noexcept {
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  return {now.tv_sec, static_cast<uint32_t>(now.tv_nsec)};
}

/// `when` in local time as strftime writes it.
inline std::string to_text(wall_time when, const char* format) {
  std::tm local{};
  localtime_r(&when.seconds, &local);
  char buffer[128];
  return {buffer, std::strftime(buffer, sizeof buffer, format, &local)};
}

} // namespace troupe::tools
