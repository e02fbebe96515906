#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace troupe::security {

/// Overwrites what `text` holds, and all memory it owns, then empties it.
void wipe(std::string& text) noexcept;
/// Overwrites `size` bytes; the compiler cannot leave that out.
void wipe(void* bytes, size_t size) noexcept;

/// Whether both hold the same bytes. Takes as long whichever byte differs; the
/// sizes are no secret.
bool equal_in_constant_time(std::string_view x, std::string_view y) noexcept;

/// Bytes that are wiped when they are no longer needed: a password, a key.
class secret {
public:
  secret() = default;
  /// Takes over the bytes; the caller's copy is wiped.
  explicit secret(std::string&& bytes) : bytes_(std::move(bytes)) {
    wipe(bytes);
  }
  secret(secret&& other) noexcept : secret(std::move(other.bytes_)) {}
  secret& operator=(secret&& other) noexcept {
    if (this == &other)
      return *this;
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    wipe(other.bytes_);
    return *this;
  }
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { wipe(bytes_); }

  std::string_view view() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_.empty(); }

private:
  std::string bytes_;
};

} // namespace troupe::security
