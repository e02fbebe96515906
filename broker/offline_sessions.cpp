#include "broker/offline_sessions.hpp"

#include <algorithm>

namespace troupe::broker {

namespace {

template <class T>
void subtract(T& from, size_t what) noexcept {
  from -= static_cast<T>(std::min<size_t>(from, what));
}

} // namespace

append_result append_offline(offline_session& session,
                             const publication_batch& batch,
                             const std::vector<delivery>& deliveries,
                             const session_limits& limits, time_point now,
                             std::array<uint64_t, drop_reason_count>& dropped) {
  append_result result;
  auto waits_until = end_of_wait(limits, now);
  auto& waiting = session.backlog;
  auto drop = [&dropped](drop_reason why) {
    ++dropped[static_cast<size_t>(why)];
  };
  for (const auto& what : deliveries) {
    const auto& message = *batch.items[what.item].message;
    auto size = message.payload().size();
    if (message.is_expired(now)) {
      drop(drop_reason::expired);
      continue;
    }
    if (what.qos == protocol::qos::at_most_once
        && !limits.queue_qos0_messages) {
      drop(drop_reason::client_offline);
      continue;
    }
    if (!has_room_for(limits, waiting.messages, waiting.bytes, size)) {
      if (waiting.earliest_expiry <= now) {
        waiting.earliest_expiry = never;
        result.drop_expired = true;
      } else {
        drop(drop_reason::queue_full);
        if (!limits.drop_oldest)
          continue;
        auto bytes = excess_bytes(limits, waiting.bytes, size);
        ++result.drop_oldest;
        result.drop_bytes += bytes;
        subtract(waiting.messages, 1);
        subtract(waiting.bytes, bytes);
      }
    }
    if (!result.part)
      result.part = journal_part::make(
          session.queue, static_cast<uint32_t>(deliveries.size()));
    result.part->add(what.item,
                     {what.subscription_id, what.shared, 0, what.qos,
                      what.retain, waits_until},
                     static_cast<uint32_t>(size));
    ++waiting.messages;
    ++waiting.unsettled;
    waiting.bytes += size;
    waiting.earliest_expiry =
        std::min({waiting.earliest_expiry, message.expires_at(), waits_until});
  }
  return result;
}

void settle_offline(offline_session& session, journal_part& part) noexcept {
  auto& waiting = session.backlog;
  for (const auto& entry : part.entries()) {
    if (entry.options.packet_id != 0)
      continue;
    subtract(waiting.unsettled, 1);
    if (!part.has_failed())
      continue;
    subtract(waiting.messages, 1);
    subtract(waiting.bytes, entry.payload_size);
  }
}

} // namespace troupe::broker
