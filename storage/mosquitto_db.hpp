#pragma once

#include "core/result.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

// What Mosquitto keeps in its `mosquitto.db`. All text is a view into the bytes
// that are read.
namespace troupe::storage {

/// A message, for whoever it is.
struct mosquitto_message {
  uint64_t id = 0;
  std::string_view topic;
  std::string_view payload;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  /// Seconds since 1970; 0: never.
  int64_t expires_at = 0;
  /// As `protocol::message::forwarded_properties`.
  std::string properties;
  /// Who published it, by which port (0: it is not known). Both are empty for
  /// what the broker itself said.
  std::string_view source_id;
  std::string_view source_user;
  uint16_t source_port = 0;
};

/// A client whose session outlives its connection.
struct mosquitto_client {
  std::string_view id;
  /// Seconds; 0xffffffff: never. That is also what older versions mean, which
  /// do not keep it.
  uint32_t expiry_interval = 0;
  /// Seconds since 1970; 0: never, or it was connected.
  int64_t expires_at = 0;
};

/// How far a message of a client is.
enum class mosquitto_stage : uint8_t {
  /// Out: never sent. In: neither acknowledged nor passed on.
  queued,
  /// Out: perhaps sent, not acknowledged. In (QoS 2): PUBREC was sent, the
  /// message is passed on only when PUBREL comes.
  under_way,
  /// Out: PUBREC has come. In: PUBREL has come.
  released,
};

/// That a client is to get a message, or has sent it.
struct mosquitto_entry {
  std::string_view client_id;
  uint64_t message_id = 0;
  uint16_t packet_id = 0;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  bool is_incoming = false;
  mosquitto_stage stage = mosquitto_stage::queued;
  /// 0: none.
  uint32_t subscription_id = 0;
};

struct mosquitto_subscription {
  std::string_view client_id;
  std::string_view filter;
  protocol::subscription_options options;
  /// 0: none.
  uint32_t identifier = 0;
};

/// That a message is retained.
struct mosquitto_retained {
  uint64_t message_id = 0;
};

using mosquitto_record =
    std::variant<mosquitto_message, mosquitto_client, mosquitto_entry,
                 mosquitto_subscription, mosquitto_retained>;

/// Reads a `mosquitto.db` of Mosquitto 1.6 to 2.1 (formats 5 and 6) or older (2
/// to 4), written on a little-endian machine. Pure: bytes in, records out. No
/// length in the file is believed before it was checked.
///
/// The order in the file: all messages, then each client followed by its
/// entries (incoming ones first, those under way before those that wait), then
/// the subscriptions, then what is retained.
class mosquitto_db {
public:
  /// Looks at the header. `bytes` must outlive the reader and its records.
  static result<mosquitto_db> open(std::span<const uint8_t> bytes) noexcept;

  uint32_t format() const noexcept { return format_; }
  /// Where the record begins that `next` gave last, or failed at.
  uint64_t offset() const noexcept { return offset_; }
  /// Bytes that are done, of all.
  uint64_t done() const noexcept { return next_; }
  uint64_t size() const noexcept { return bytes_.size(); }

  /// The next record; nothing at the end of the file. Why not, if it is damaged
  /// or cut short; the call after that reads what lies behind the damage, as
  /// far as that can be told.
  result<std::optional<mosquitto_record>> next();

  /// Reads the message once more that `next` gave when `offset()` was
  /// `offset`.
  result<mosquitto_message> message_at(uint64_t offset) const;

private:
  struct chunk;

  explicit mosquitto_db(std::span<const uint8_t> bytes) noexcept
      : bytes_(bytes) {}
  result<chunk> chunk_at(uint64_t offset) const noexcept;
  result<std::optional<mosquitto_record>> read(const chunk& in);
  bool is_old() const noexcept { return format_ < 5; }

  std::span<const uint8_t> bytes_;
  uint64_t offset_ = 0;
  uint64_t next_ = 0;
  uint32_t format_ = 0;
  // Bytes of a client's record before its text; 32-bit x86 aligns differently.
  size_t client_head_ = 24;
};

} // namespace troupe::storage
