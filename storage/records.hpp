#pragma once

#include "broker/store.hpp"
#include "storage/bytes.hpp"

#include <rocksdb/slice.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The values of the database, byte by byte: docs/storage.md. Encoding needs no
// memory of its own: a value is a header on the stack and the parts of the
// message. Decoding trusts nothing: what does not fit is no value.
namespace troupe::storage {

/// The first byte of every value, but for subscriptions of peers: there it
/// is 2.
inline constexpr uint8_t record_format = 1;
/// That of a retained message and a will which say who published them.
inline constexpr uint8_t authored_format = 2;
/// That of a session that is a bridge's.
inline constexpr uint8_t bridge_format = 2;
/// That of an entry that may not wait as long as its message lives.
inline constexpr uint8_t impatient_format = 2;

/// Nothing expires later than this: about the year 2255. It keeps arithmetic on
/// what a damaged record says within bounds.
inline constexpr wall_time latest_time = 9'000'000'000'000;

/// A message among the bytes of a record, which it points into.
struct message_view {
  std::string_view topic;
  std::string_view payload;
  std::string_view properties;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
};

/// Quality of service and retain flag in three bits.
uint8_t flags_of(protocol::qos qos, bool retain) noexcept;
uint8_t flags_of(const broker::publication& from) noexcept;
/// False: they are no such flags.
bool take_flags(uint8_t flags, protocol::qos& qos, bool& retain) noexcept;

/// When a message expires, as records say it.
wall_time expiry_of(const broker::publication& message, const instant& now);

broker::publication_ptr to_publication(const message_view& from,
                                       wall_time expires_at,
                                       const instant& now);

/// Topic, payload and properties with the path: what `store::shared_body_size`
/// is about.
inline size_t size_of(const broker::publication& message) noexcept {
  return message.topic().size() + message.payload().size()
         + message.properties_and_path().size();
}

/// A value about to be written: points into the header and the message.
template <size_t Size>
struct value_parts {
  std::array<char, Size> header;
  std::array<rocksdb::Slice, 5> parts;
  int count = 1;

  value_parts() = default;
  value_parts(const value_parts&) = delete;
  value_parts& operator=(const value_parts&) = delete;

  rocksdb::SliceParts slices() const noexcept { return {parts.data(), count}; }
};

// -- queue --------------------------------------------------------------------

enum class entry_kind : uint8_t {
  /// The message follows.
  whole,
  /// The message is a shared body.
  shared,
  /// PUBREC has come, the message is gone.
  released,
};

/// What all entries of a queue begin with.
struct entry_header {
  entry_kind kind = entry_kind::whole;
  /// 0: never.
  wall_time expires_at = 0;
  /// What the message itself says; later than that or 0 where it may not wait
  /// so long.
  wall_time message_expires_at = 0;
  uint32_t payload_size = 0;
  broker::entry_options options;

  bool is_expired(wall_time now) const noexcept {
    return expires_at != 0 && expires_at <= now;
  }
};

struct entry_view {
  entry_header header;
  /// Of kind `whole`.
  message_view message;
  /// Of kind `shared`.
  uint64_t body = 0;
};

inline constexpr size_t entry_header_size = 24;
/// Where the expiry of an entry and of a retained message stands.
inline constexpr size_t expiry_offset = 2;

/// When the message of an entry expires, and how long it may wait; 0: for ever.
struct entry_times {
  wall_time expires_at = 0;
  wall_time waits_until = 0;
};

using entry_parts = value_parts<entry_header_size + 8 + 2>;
void encode_entry(entry_parts& out, const broker::publication& message,
                  const broker::entry_options& options,
                  const entry_times& times);

using small_entry = std::array<char, entry_header_size + 8 + 8>;
/// An entry whose message is `body`.
std::string_view encode_shared(small_entry& out,
                               const broker::publication& message,
                               const broker::entry_options& options,
                               const entry_times& times, uint64_t body);
std::string_view encode_released(small_entry& out, uint16_t packet_id);

/// Whether it was sent, as far as it and its session's window say: its client
/// may hold its packet identifier, so it no longer expires.
bool is_launched(std::span<const broker::launch_run> window, uint64_t sequence,
                 const entry_header& entry) noexcept;

std::optional<entry_header> decode_entry_header(std::string_view value);
std::optional<entry_view> decode_entry(std::string_view value);

// -- shared bodies ------------------------------------------------------------

inline constexpr size_t body_header_size = 16;
/// How many entries refer to it.
inline constexpr size_t body_count_offset = 2;
/// Format, flags and count: all that is left of a body nobody refers to.
inline constexpr size_t dead_body_size = 10;

using body_parts = value_parts<body_header_size>;
void encode_body(body_parts& out, const broker::publication& message,
                 uint64_t count);
/// Nothing either if no entry refers to it any more.
std::optional<message_view> decode_body(std::string_view value);
/// All that is left once nobody refers to it.
bool is_dead_body(std::string_view value) noexcept;

// -- who published ------------------------------------------------------------

/// An author among the bytes of a record.
struct author_view {
  std::string_view client_id;
  std::optional<std::string_view> user_name;
  std::string_view listener;
};

/// What the author adds to a header; his texts follow it.
inline constexpr size_t author_header_size = 7;

broker::author_ptr to_author(const author_view& from);

// -- retained messages --------------------------------------------------------

struct retained_view {
  message_view message;
  wall_time expires_at = 0;
  /// Nothing: it does not say.
  std::optional<author_view> by;
};

using retained_parts = value_parts<14 + author_header_size>;
void encode_retained(retained_parts& out, const broker::retained_message& what,
                     wall_time expires_at);
std::optional<retained_view> decode_retained(std::string_view topic,
                                             std::string_view value);

// -- sessions and what belongs to them ----------------------------------------

std::string encode_session(const broker::session_record& from);
std::optional<broker::session_record> decode_session(broker::session_key key,
                                                     std::string_view value);

using subscription_value = std::array<char, 8>;
std::string_view encode_subscription(subscription_value& out,
                                     const broker::stored_subscription& from);
std::optional<broker::stored_subscription>
decode_subscription(std::string_view filter, std::string_view value);

using will_parts = value_parts<32 + author_header_size>;
void encode_will(will_parts& out, const broker::stored_will& from,
                 const instant& now);
std::optional<broker::stored_will> decode_will(std::string_view value,
                                               const instant& now);

std::string encode_window(std::span<const broker::launch_run> window);
std::optional<std::vector<broker::launch_run>>
decode_window(std::string_view value);

/// The value of an incoming identifier, whose key says all.
inline constexpr std::string_view incoming_value{"\x01", 1};

// -- what was seen of other nodes' messages ----------------------------------

using seen_value = std::array<char, 1 + sizeof(broker::seen_bits)>;
std::string_view encode_seen(seen_value& out, const broker::seen_bits& bits);
std::optional<broker::seen_bits> decode_seen(std::string_view value);

// -- meta ---------------------------------------------------------------------

using meta_value = std::array<char, 9>;
std::string_view encode_meta(meta_value& out, uint64_t number);
std::optional<uint64_t> decode_meta(std::string_view value);

} // namespace troupe::storage
