#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The log: one line per event with time, level, client id and text, written at
/// once. Every function may be called from any thread.
namespace troupe::log {

/// What a line is about, with Mosquitto's names. Packets are `debug`.
enum class level : uint8_t {
  error,
  warning,
  notice,
  info,
  debug,
  subscribe,
  unsubscribe,
  websockets,
  internal,
};
inline constexpr size_t level_count = 9;

/// The level's name as it stands in a line and in `log_type`.
std::string_view to_string(level value) noexcept;

/// A set of levels.
using level_set = uint32_t;

constexpr level_set bit(level value) noexcept {
  return level_set{1} << static_cast<uint8_t>(value);
}
inline constexpr level_set no_levels = 0;
inline constexpr level_set all_levels = (level_set{1} << level_count) - 1;
inline constexpr level_set default_levels =
    bit(level::error) | bit(level::warning) | bit(level::notice)
    | bit(level::info);

/// Where lines go and what they look like.
struct options {
  /// Levels that are written. Default: error, warning, notice, info.
  level_set types = default_levels;
  /// Write to the standard error stream. Default: true.
  bool to_stderr = true;
  /// Write to the standard output stream. Default: false.
  bool to_stdout = false;
  /// Write to syslog. Default: false.
  bool to_syslog = false;
  /// Append to these files. Default: none.
  std::vector<std::string> files;
  /// Begin each line with the time. Default: true.
  bool timestamp = true;
  /// That time's form as in strftime, in local time. Default:
  /// %Y-%m-%dT%H:%M:%S
  std::string timestamp_format = "%Y-%m-%dT%H:%M:%S";

  friend bool operator==(const options&, const options&) = default;
};

namespace detail {
inline std::atomic<level_set> active{default_levels};
void put_format(level what, const std::string_view* client_id,
                fmt::string_view format, fmt::format_args args);
} // namespace detail

/// Replaces destinations, levels and form, and opens files anew. Until the
/// first call lines of the default levels go to the standard error stream.
/// Returns what went wrong, in which case nothing has changed.
[[nodiscard]] std::optional<std::string> configure(const options& wanted);

/// Whether lines of this level are written: one relaxed load.
inline bool enabled(level what) noexcept {
  return (detail::active.load(std::memory_order_relaxed) & bit(what)) != 0;
}

/// Writes one line unless the level is off. Control characters in it are
/// escaped.
template <class... Ts>
void write(level what, fmt::format_string<Ts...> format, Ts&&... args) {
  if (enabled(what))
    detail::put_format(what, nullptr, format, fmt::make_format_args(args...));
}

/// Like `write`, about a client: `[client_id] text`.
template <class... Ts>
void client(level what, std::string_view client_id,
            fmt::format_string<Ts...> format, Ts&&... args) {
  if (enabled(what))
    detail::put_format(what, &client_id, format,
                       fmt::make_format_args(args...));
}

/// Appends `text` with control characters, and bytes that are not UTF-8,
/// written as `\xNN`: what a client sent must not forge or garble lines.
void append_escaped(std::string& to, std::string_view text);

} // namespace troupe::log
