#pragma once

#include "config/settings.hpp"

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::config {

/// Why a configuration cannot be used: `file:line: what is wrong; what would be
/// right`, or a JSON path in place of the line.
struct config_error {
  std::string text;
};

/// A configuration that was read, and what the operator should know about it.
struct loaded {
  config::settings settings;
  /// One sentence each, with file and line: options that were accepted although
  /// they change nothing here, and what happens instead.
  std::vector<std::string> warnings;
};

/// Holds a `T` or the `config_error` that kept it from being made.
template <class T>
class [[nodiscard]] checked {
public:
  checked(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  checked(config_error why)
      : content_(std::in_place_index<1>, std::move(why)) {}

  bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// What was read. REQUIRES: has_value().
  T& operator*() noexcept {
    assert(has_value());
    return *std::get_if<0>(&content_);
  }
  const T& operator*() const noexcept {
    assert(has_value());
    return *std::get_if<0>(&content_);
  }
  T* operator->() noexcept { return &**this; }
  const T* operator->() const noexcept { return &**this; }

  /// Why not. REQUIRES: !has_value().
  const config_error& error() const noexcept {
    assert(!has_value());
    return *std::get_if<1>(&content_);
  }

private:
  std::variant<T, config_error> content_;
};

using outcome = checked<loaded>;

/// Reads the file at `path`: as JSON if its first character that is neither
/// space nor comment is `{`, else as a mosquitto.conf. It blocks.
outcome load(const std::string& path);

/// Reads `text` as JSON with comments; `filename` is for messages.
outcome parse_json(std::string_view text, std::string_view filename);

/// Reads `text` as a mosquitto.conf; `filename` is for messages, and
/// `include_dir` reads further files. It blocks.
outcome parse_mosquitto_conf(std::string_view text, std::string_view filename);

} // namespace troupe::config
