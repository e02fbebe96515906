#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Numbers in keys and values: big-endian, so that keys sort by them.
namespace troupe::storage {

/// Writes `value` to `out` and returns what lies behind it.
template <std::unsigned_integral T>
char* put_number(char* out, T value) noexcept {
  for (size_t i = sizeof(T); i-- > 0;)
    *out++ = static_cast<char>(static_cast<uint8_t>(value >> (8 * i)));
  return out;
}

/// REQUIRES: sizeof(T) bytes at `from`.
template <std::unsigned_integral T>
T get_number(const char* from) noexcept {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value << 8 | static_cast<uint8_t>(from[i]));
  return value;
}

/// Takes values off the front of a record and never reads past its end: what is
/// missing reads as 0 or empty, and `failed` says so afterwards.
class record_reader {
public:
  explicit record_reader(std::string_view bytes) noexcept : rest_(bytes) {}

  template <std::unsigned_integral T>
  T number() noexcept {
    auto bytes = text(sizeof(T));
    return failed_ ? T{0} : get_number<T>(bytes.data());
  }
  std::string_view text(size_t size) noexcept {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    auto result = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return result;
  }
  std::string_view rest() noexcept { return text(rest_.size()); }

  bool failed() const noexcept { return failed_; }
  /// Nothing was missing and nothing is left.
  bool is_done() const noexcept { return !failed_ && rest_.empty(); }

private:
  std::string_view rest_;
  bool failed_ = false;
};

} // namespace troupe::storage
