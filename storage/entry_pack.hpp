#pragma once

#include "storage/records.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

union LZ4_stream_u;

// Several entries of a queue in one record. What a record costs beside its
// bytes, in memory and in CPU, it costs once for all of them.
namespace troupe::storage {

/// The first byte of a pack and of a gap.
inline constexpr uint8_t pack_format = 3;
/// That of a pack that is compressed.
inline constexpr uint8_t compressed_format = 4;
/// The value of a gap, whose key says all.
inline constexpr std::string_view gap_value{"\x03", 1};

/// What a pack says is not made longer than this, about: it is read as a whole.
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
    return count_ == most_entries || whole_size_ >= pack_bytes;
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

  /// What an entry says beside its topic and its bytes.
  struct entry_head {
    uint8_t flags = 0;
    uint32_t subscription_id = 0;
    uint16_t payload = 0;
    uint16_t properties = 0;

    bool operator==(const entry_head&) const = default;
    /// Of an entry that has the topic of the one before it.
    size_t size() const noexcept {
      return sizeof(flags)
             + (subscription_id != 0 ? sizeof(subscription_id) : 0)
             + sizeof(payload) + sizeof(properties) + payload + properties;
    }
  };

  template <std::unsigned_integral T>
  void put(T number);
  void put_whole(const broker::publication& message, const entry_head& head,
                 bool is_same_topic);
  bool put_difference(const entry_head& head);

  std::string value_;
  size_t count_ = 0;
  /// The size of `value_` if all entries were whole.
  size_t whole_size_ = 0;
  // The last entry.
  entry_head head_;
  std::string topic_;
  /// Payload and properties, and those of the entry that is added.
  std::string bytes_;
  std::string next_bytes_;
};

/// Makes packs smaller, if they become much smaller: messages of one topic are
/// mostly like each other.
class pack_compressor {
public:
  pack_compressor();

  /// `pack`, or what is to be written instead; valid as long as `pack` and
  /// until the next call.
  std::string_view compress(std::string_view pack);

private:
  struct deleter {
    void operator()(LZ4_stream_u* stream) const noexcept;
  };

  std::unique_ptr<LZ4_stream_u, deleter> stream_;
  std::string compressed_;
};

/// How many entries a pack has; nothing: it cannot be one.
std::optional<size_t> pack_count(std::string_view value) noexcept;
inline bool is_pack(std::string_view value) noexcept {
  return pack_count(value).has_value();
}
/// The number of its first entry. `last`: that of its last.
inline uint64_t pack_begin(uint64_t last, std::string_view value) noexcept {
  return last - std::min<uint64_t>(last, pack_count(value).value_or(1) - 1);
}

/// Takes packs apart.
class pack_reader {
public:
  /// False: it is damaged, and `entries` are none.
  bool read(std::string_view value);
  /// They point into the value and into the reader.
  const std::vector<entry_view>& entries() const noexcept { return entries_; }
  bool is_empty() const noexcept { return entries_.empty(); }
  void clear() noexcept { entries_.clear(); }

private:
  bool take_all(std::string_view value);

  bool take_entry(record_reader& in, std::string_view& topic, entry_view& to);
  bool take_difference(record_reader& in, const entry_view& before,
                       entry_view& to);

  std::vector<entry_view> entries_;
  std::string uncompressed_;
  /// Payloads and properties of entries that are not whole in the pack.
  std::string made_;
  size_t made_size_ = 0;
};

} // namespace troupe::storage
