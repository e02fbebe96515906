#pragma once

#include "core/error.hpp"

#include <cassert>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe {

/// A failed operation: the decision in `code`, words for a person in `text`.
/// `text` is a string literal: it is never owned and never freed.
struct failure {
  ec code;
  std::string_view text;

  friend bool operator==(const failure& x, const failure& y) noexcept {
    return x.code == y.code;
  }
};

/// Holds a `T` or the `failure` that kept it from being made.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(failure why) noexcept : content_(std::in_place_index<1>, why) {}

  explicit operator bool() const noexcept { return content_.index() == 0; }
  bool has_value() const noexcept { return content_.index() == 0; }

  /// The value. REQUIRES: has_value().
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

  /// The failure. REQUIRES: !has_value().
  const failure& error() const noexcept {
    assert(!has_value());
    return *std::get_if<1>(&content_);
  }

private:
  std::variant<T, failure> content_;
};

} // namespace troupe
