#pragma once

#include "security/authority.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace troupe::security {

/// Remembers what one client may do with which topic. Takes no memory before
/// its first use, then `least_size` bytes and, as it fills, twice that up to
/// `most_size`; when it is full it begins anew. Topics are kept and compared as
/// they are, as a client that finds two of the same hash must gain nothing.
/// Not thread-safe.
class ruling_cache {
public:
  static constexpr size_t least_size = 256;
  static constexpr size_t most_size = 4096;
  /// Longer topics are not remembered: a few of them would be the whole cache.
  static constexpr size_t longest_topic = 512;

  /// What was remembered of this wish.
  std::optional<bool> find(action what, std::string_view topic) const noexcept;
  /// Remembers it. REQUIRES: !find(what, topic).
  void put(action what, std::string_view topic, bool allowed);
  /// Forgets everything and keeps the memory.
  void clear() noexcept;

  /// How much memory this has taken, in bytes.
  size_t capacity() const noexcept { return capacity_; }

private:
  struct header;

  /// The block begins with a hash table of the places of the entries in it; a
  /// place of 0 is free.
  size_t slots() const noexcept { return capacity_ / 32; }
  uint16_t place_in(size_t slot) const noexcept;
  header header_at(uint16_t place) const noexcept;
  void link(uint32_t hash, uint16_t place) noexcept;
  bool has_room_for(size_t bytes) const noexcept;
  void make_room(size_t bytes);
  void grow();

  std::unique_ptr<std::byte[]> block_;
  uint16_t capacity_ = 0;
  /// How many bytes of the block are used.
  uint16_t used_ = 0;
  uint16_t entries_ = 0;
};

} // namespace troupe::security
