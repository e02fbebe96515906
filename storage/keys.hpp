#pragma once

#include "broker/journal.hpp"
#include "broker/seen_set.hpp"
#include "storage/bytes.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::storage {

/// A key of numbers: mostly a session's, alone or followed by one more.
template <class... Ts>
class fixed_key {
public:
  static constexpr size_t size = (sizeof(Ts) + ...);

  explicit fixed_key(Ts... parts) noexcept {
    auto* out = bytes_.data();
    ((out = put_number(out, parts)), ...);
  }
  std::string_view view() const noexcept { return {bytes_.data(), size}; }

private:
  std::array<char, size> bytes_;
};

using session_id = fixed_key<uint64_t>;
using entry_id = fixed_key<uint64_t, uint64_t>;
using packet_key = fixed_key<uint64_t, uint16_t>;
using body_key = fixed_key<uint64_t>;
/// Node, epoch, lane and number of a block.
using seen_key = fixed_key<uint64_t, uint64_t, uint32_t, uint64_t>;

/// Session key and filter.
inline std::string subscription_key(broker::session_key key,
                                    std::string_view filter) {
  std::string result{session_id{key}.view()};
  return result.append(filter);
}

inline seen_key key_of(const broker::seen_lane& lane,
                       uint64_t number) noexcept {
  return seen_key{lane.node, lane.epoch, lane.lane, number};
}

/// REQUIRES: a whole `seen_key`. Nothing was seen of it.
inline broker::seen_block block_at(std::string_view key) noexcept {
  const auto* in = key.data();
  return {{get_number<uint64_t>(in), get_number<uint64_t>(in + 8),
           get_number<uint32_t>(in + 16)},
          get_number<uint64_t>(in + 20)};
}

/// Which message of which queue.
struct queue_position {
  broker::session_key key = 0;
  uint64_t sequence = 0;

  friend auto operator<=>(const queue_position&,
                          const queue_position&) = default;
};

/// What a record of a queue says. A key is that of an entry, and for the others
/// followed by a byte: they lie behind the entry's, in this order.
enum class queue_record : uint8_t {
  /// One message, or what is left of it.
  entry = 0xff,
  /// An entry of a pack that is gone.
  gap = 0,
  /// Several messages in a row, of which this is the last.
  pack = 1,
};

struct queue_place : queue_position {
  queue_record what = queue_record::entry;
};

/// Of a gap or a pack.
using record_id = fixed_key<uint64_t, uint64_t, uint8_t>;
inline record_id gap_at(queue_position where) noexcept {
  return record_id{where.key, where.sequence,
                   static_cast<uint8_t>(queue_record::gap)};
}
inline record_id pack_at(queue_position last) noexcept {
  return record_id{last.key, last.sequence,
                   static_cast<uint8_t>(queue_record::pack)};
}

/// The session a key begins with; nothing if it is too short.
inline std::optional<broker::session_key>
session_of(std::string_view key) noexcept {
  if (key.size() < session_id::size)
    return std::nullopt;
  return get_number<uint64_t>(key.data());
}

/// Nothing: it is no key of a queue.
inline std::optional<queue_place> place_of(std::string_view key) noexcept {
  if (key.size() < entry_id::size || key.size() > record_id::size)
    return std::nullopt;
  queue_place result{
      {get_number<uint64_t>(key.data()), get_number<uint64_t>(key.data() + 8)},
      queue_record::entry};
  if (key.size() == record_id::size) {
    result.what = static_cast<queue_record>(key.back());
    if (result.what != queue_record::gap && result.what != queue_record::pack)
      return std::nullopt;
  }
  return result;
}

} // namespace troupe::storage
