#pragma once

#include "core/checked.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// What password and PSK files have in common: lines of `name:value`.
namespace troupe::security {

/// Without the white space around it.
std::string_view trim(std::string_view text) noexcept;

/// One line that says something: `name` and `value` without white space around
/// them, `number` counted from 1. They point into the text.
struct credential_line {
  size_t number = 0;
  std::string_view name;
  std::string_view value;
  /// Without it there is no value either.
  bool has_colon = false;
};

/// Goes through a text line by line; empty ones and comments are passed over.
class credential_reader {
public:
  /// `text` must outlive the reader and its lines.
  explicit credential_reader(std::string_view text) : rest_(text) {}

  /// Nothing: that was all.
  std::optional<credential_line> next() noexcept;

private:
  std::string_view rest_;
  size_t number_ = 0;
};

/// `FILE:LINE: what`.
explanation at_line(std::string_view file, size_t line, std::string_view what);

/// `name` in quotes, or what stands for one that a terminal should not see.
std::string quoted(std::string_view name);

} // namespace troupe::security
