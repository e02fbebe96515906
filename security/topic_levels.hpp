#pragma once

#include <cstddef>
#include <string_view>

namespace troupe::security {

/// How many `/` a topic filter may hold, and how many bytes [MQTT-1.5.4]. More
/// slashes close a client's connection, so no topic has them.
inline constexpr size_t max_filter_slashes = 200;
inline constexpr size_t max_filter_size = 65'535;

/// Hands out the levels of a topic name or filter, one after the other. A view:
/// the text must outlive it.
class level_cursor {
public:
  explicit level_cursor(std::string_view topic) noexcept : rest_(topic) {}

  bool at_end() const noexcept { return at_end_; }
  /// The next level, which may be empty. REQUIRES: !at_end().
  std::string_view next() noexcept {
    auto slash = rest_.find('/');
    auto level = rest_.substr(0, slash);
    at_end_ = slash == std::string_view::npos;
    rest_.remove_prefix(at_end_ ? rest_.size() : slash + 1);
    return level;
  }

private:
  std::string_view rest_;
  bool at_end_ = false;
};

/// Whether a wildcard or a separator is in `text`: as one level of a topic it
/// would mean more than itself.
constexpr bool has_special(std::string_view text) noexcept {
  return text.find_first_of("+#/") != std::string_view::npos;
}

/// Whether `#` stands in `filter` only as the last level and `+` only as a
/// whole one [MQTT-4.7.1-1] [MQTT-4.7.1-2], within the limits above.
bool is_filter(std::string_view filter) noexcept;

/// What a subscription to `filter` is matched by: without `$share/<name>/`.
std::string_view without_share(std::string_view filter) noexcept;

} // namespace troupe::security
