#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace troupe {

/// Why something could not be done, in words for a person that name the thing
/// and the remedy. For start-up, files and tools; what code decides on is a
/// `failure` (core/result.hpp).
struct explanation {
  std::string text;
};

/// Holds a `T` or the `explanation` that kept it from being made.
template <class T>
class [[nodiscard]] checked {
public:
  checked(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  checked(explanation why) : content_(std::in_place_index<1>, std::move(why)) {}

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
  const explanation& error() const noexcept {
    assert(!has_value());
    return *std::get_if<1>(&content_);
  }

private:
  std::variant<T, explanation> content_;
};

} // namespace troupe
