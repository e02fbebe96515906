#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace troupe::store_tool {

/// The bytes of a file, mapped into memory as it is when it is opened.
class file_view {
public:
  /// Nothing if it cannot be read; `error` then says why.
  static std::optional<file_view> open(const std::string& path,
                                       std::string& error);
  file_view(file_view&& other) noexcept;
  file_view& operator=(file_view&&) = delete;
  ~file_view();

  std::span<const uint8_t> bytes() const noexcept { return bytes_; }
  /// When it was written last, in seconds since 1970.
  int64_t written_at() const noexcept { return written_at_; }

private:
  file_view() = default;

  std::span<const uint8_t> bytes_;
  int64_t written_at_ = 0;
};

} // namespace troupe::store_tool
