#pragma once

#include "broker/journal.hpp"
#include "broker/store.hpp"
#include "storage/mosquitto_db.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe::storage {

/// A session that is to be made. `id` is a view into the file.
struct planned_session {
  std::string_view id;
  /// Seconds.
  uint32_t expiry_interval = 0;
  wall_time ends_at = 0;
  uint64_t last_sequence = 0;
  std::vector<broker::stored_subscription> subscriptions;
  std::vector<uint16_t> incoming_ids;
  /// Sequence number and packet identifier of those whose PUBREC has come.
  std::vector<std::pair<uint64_t, uint16_t>> released;
};

/// One message for one session.
struct planned_entry {
  /// Where the message lies in the file.
  uint64_t offset = 0;
  uint64_t sequence = 0;
  /// Index into `mosquitto_plan::sessions`.
  uint32_t session = 0;
  broker::entry_options options;
};

/// What is in a `mosquitto.db`, put together by client. Pure.
///
/// Mosquitto passes a message of QoS 2 on when PUBREL comes, troupe when
/// PUBLISH comes: what Mosquitto has acknowledged with PUBREC and not passed
/// on, `close` puts into the queues of those who subscribed, as it would have
/// done.
class mosquitto_plan {
public:
  /// `saved_at`: seconds since 1970 when Mosquitto wrote the file; the sessions
  /// of clients that were connected then begin to expire.
  mosquitto_plan(const mosquitto_db& file, int64_t saved_at, wall_time now)
      : file_(file), saved_at_(saved_at), now_(now) {}

  /// Takes the next record of the file, in the file's order.
  void add(mosquitto_record&& what);
  /// After the last record.
  void close();

  std::vector<planned_session> sessions;
  /// After `close` in the order of the messages in the file.
  std::vector<planned_entry> entries;
  /// Where the retained messages lie, the one that counts last.
  std::vector<uint64_t> retained;
  /// Why something was left out, and how many of that.
  std::map<std::string_view, uint64_t> skipped;

private:
  void take(const mosquitto_message& what);
  void take(const mosquitto_client& what);
  void take(const mosquitto_entry& what);
  void take(const mosquitto_subscription& what);
  void take(const mosquitto_retained& what);
  void take_outgoing(uint32_t session, uint64_t offset,
                     const mosquitto_entry& what);
  void take_incoming(uint32_t session, uint64_t offset,
                     const mosquitto_entry& what);
  uint16_t usable_packet_id(uint32_t session, const mosquitto_entry& what);
  const uint64_t* offset_of(uint64_t message_id);
  void pass_on();
  void skip(std::string_view why) { ++skipped[why]; }

  const mosquitto_db& file_;
  int64_t saved_at_;
  wall_time now_;
  std::unordered_map<std::string_view, uint32_t> by_id_;
  struct message_place {
    uint64_t offset = 0;
    bool is_wanted = false;
  };
  std::unordered_map<uint64_t, message_place> messages_;
  std::unordered_set<uint64_t> packet_ids_;
  // Session and place of what was acknowledged and not passed on.
  std::vector<std::pair<uint32_t, uint64_t>> unpublished_;
};

} // namespace troupe::storage
