#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace troupe::broker {

/// The name of one level in 24 bytes: in place up to 22 bytes, which nearly all
/// level names are, else in memory of its own.
class level_text {
public:
  level_text() noexcept = default;
  level_text(const level_text&) = delete;
  level_text& operator=(const level_text&) = delete;
  ~level_text() { reset(); }

  /// REQUIRES: text.size() <= 0xffff, as no MQTT string is longer.
  void assign(std::string_view text) {
    assert(text.size() <= 0xffff);
    reset();
    auto* where = bytes_;
    if (text.size() > sizeof(bytes_)) {
      where = new char[text.size()];
      std::memcpy(bytes_, &where, sizeof(where));
    }
    if (!text.empty())
      std::memcpy(where, text.data(), text.size());
    size_ = static_cast<uint16_t>(text.size());
  }

  void reset() noexcept {
    if (is_elsewhere())
      delete[] elsewhere();
    size_ = 0;
  }

  /// Valid until the next change.
  std::string_view view() const noexcept {
    return {is_elsewhere() ? elsewhere() : bytes_, size_};
  }

private:
  bool is_elsewhere() const noexcept { return size_ > sizeof(bytes_); }
  char* elsewhere() const noexcept {
    char* where;
    std::memcpy(&where, bytes_, sizeof(where));
    return where;
  }

  uint16_t size_ = 0;
  char bytes_[22] = {};
};

} // namespace troupe::broker
