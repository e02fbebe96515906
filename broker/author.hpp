#pragma once

#include "core/ref_counted.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::broker {

/// Who published a message that is kept, so that he can be asked for his rights
/// when it is delivered later. Immutable and shared by all messages of one
/// connection, in one allocation: there may be as many as retained messages.
class author {
public:
  /// `listener` names the place it came through, in words that still fit after
  /// a reload. REQUIRES: no text is longer than 65,535 bytes. Throws
  /// std::bad_alloc.
  static ref_ptr<const author> make(std::string_view client_id,
                                    std::optional<std::string_view> user_name,
                                    std::string_view listener);

  std::string_view client_id() const noexcept {
    return {bytes(), client_id_size_};
  }
  /// Nothing: it was anonymous.
  std::optional<std::string_view> user_name() const noexcept {
    if (!has_user_name_)
      return std::nullopt;
    return std::string_view{bytes() + client_id_size_, user_name_size_};
  }
  std::string_view listener() const noexcept {
    return {bytes() + client_id_size_ + user_name_size_, listener_size_};
  }
  /// The three of them, one behind the other.
  std::string_view texts() const noexcept {
    return {bytes(),
            size_t{client_id_size_} + user_name_size_ + listener_size_};
  }

  friend bool operator==(const author& x, const author& y) noexcept {
    return x.client_id_size_ == y.client_id_size_
           && x.has_user_name_ == y.has_user_name_
           && x.user_name_size_ == y.user_name_size_ && x.texts() == y.texts();
  }

  void add_ref() const noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept;

  author(const author&) = delete;
  author& operator=(const author&) = delete;

private:
  author(std::string_view client_id, std::optional<std::string_view> user_name,
         std::string_view listener) noexcept;
  ~author() = default;

  const char* bytes() const noexcept {
    return reinterpret_cast<const char*>(this + 1);
  }

  mutable std::atomic<uint32_t> references_{1};
  uint16_t client_id_size_;
  uint16_t user_name_size_;
  uint16_t listener_size_;
  bool has_user_name_;
};

using author_ptr = ref_ptr<const author>;

} // namespace troupe::broker
