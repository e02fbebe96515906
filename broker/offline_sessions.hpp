#pragma once

#include "broker/batch.hpp"
#include "broker/limits.hpp"
#include "broker/sender.hpp"
#include "broker/store.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe::broker {

/// A durable session whose client is away: all that memory holds of it besides
/// its filters in the subscription tries. Everything else is on disk.
struct offline_session {
  std::string client_id;
  disk_queue_ptr queue;
  disk_backlog backlog;
  /// Seconds.
  uint32_t expiry_interval = 0;
  /// `never`, or when the session is over.
  time_point ends_at = never;
  /// A will that waits for its delay; null: none.
  std::unique_ptr<stored_will> will;
};

/// What became of messages for the queue of an offline session.
struct append_result {
  /// Null: nothing is to be remembered.
  journal_part_ptr part;
  /// How many of the oldest messages on disk have to make room, and how many
  /// bytes of payload at least. They count as gone.
  size_t drop_oldest = 0;
  size_t drop_bytes = 0;
  /// What has expired on disk has to make room.
  bool drop_expired = false;
};

/// Lets a batch be remembered for an offline session: whatever the limits
/// allow becomes a part of the batch. Counts drops by reason in `dropped`.
append_result append_offline(offline_session& session,
                             const publication_batch& batch,
                             const std::vector<delivery>& deliveries,
                             const session_limits& limits, time_point now,
                             std::array<uint64_t, drop_reason_count>& dropped);

/// A part of the queue of an offline session was written, or was not.
void settle_offline(offline_session& session, journal_part& part) noexcept;

} // namespace troupe::broker
