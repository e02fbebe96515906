#pragma once

#include "storage/records.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Several entries of a queue in one record. What a record costs beside its
// bytes, in memory and in CPU, it costs once for all of them.
namespace troupe::storage {

/// The first byte of a pack and of a gap.
inline constexpr uint8_t pack_format = 3;
/// The value of a gap, whose key says all.
inline constexpr std::string_view gap_value{"\x03", 1};

/// A pack is not made larger than this, about: it is read as a whole.
inline constexpr size_t pack_bytes = 4096;

/// Whether an entry is put in a pack: a small one that nobody will ask to write
/// again, and that mostly goes after those in front of it.
bool is_packed(const broker::publication& message,
               const broker::entry_options& options,
               const entry_times& times) noexcept;

/// Makes the value of one pack after the other.
class pack_writer {
public:
  bool is_empty() const noexcept { return count_ == 0; }
  bool is_full() const noexcept {
    return count_ == most_entries || value_.size() >= pack_bytes;
  }
  /// REQUIRES: !is_full() and is_packed(message, options, its times).
  void add(const broker::publication& message,
           const broker::entry_options& options);
  size_t count() const noexcept { return count_; }
  /// Valid until the next `add` or `clear`. REQUIRES: !is_empty().
  std::string_view value();
  void clear() noexcept;

private:
  static constexpr size_t most_entries = 255;

  template <std::unsigned_integral T>
  void put(T number);

  std::string value_;
  size_t count_ = 0;
  /// Where the topic of the last entry lies in `value_`.
  size_t topic_begin_ = 0;
  size_t topic_size_ = 0;
};

/// How many entries a pack has; nothing: it cannot be one.
std::optional<size_t> pack_count(std::string_view value) noexcept;

/// The entries of a pack, which point into `value`; false: it is damaged, and
/// nothing of it is to be used.
bool decode_pack(std::string_view value, std::vector<entry_view>& to);

} // namespace troupe::storage
