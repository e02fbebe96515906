#include "apps/bench/ledger.hpp"

namespace troupe::bench {

ledger::ledger(const plan& made, size_t payload_size)
    : plan_(made), form_(payload_size), sent_(made.streams.size()),
      flows_(made.flows) {}

std::string_view ledger::publish(uint32_t stream, time_point due) {
  expected_ += plan_.streams[stream].copies;
  return form_.write({stream, sent_[stream]++, due});
}

std::optional<stamp> ledger::delivered(uint32_t subscriber,
                                       std::string_view topic,
                                       std::string_view payload,
                                       time_point now) {
  auto found = form_.read(payload);
  if (!found) {
    ++bad_payload_;
    return std::nullopt;
  }
  if (is_stray(*found, subscriber, topic)) {
    ++stray_;
    return std::nullopt;
  }
  const auto& from = plan_.streams[found->stream];
  auto flow = from.first_flow + subscriber - from.first_subscriber;
  if (flows_[flow].delivered(found->sequence) == arrival::duplicate)
    return std::nullopt;
  ++received_;
  measure(*found, now);
  return found;
}

bool ledger::is_stray(const stamp& found, uint32_t subscriber,
                      std::string_view topic) const noexcept {
  if (found.stream >= plan_.streams.size()
      || found.sequence >= sent_[found.stream])
    return true;
  const auto& from = plan_.streams[found.stream];
  // Unsigned: a subscriber before the first is far behind the last.
  return subscriber - from.first_subscriber >= from.copies
         || topic != from.topic;
}

void ledger::measure(time_point from, time_point until) noexcept {
  from_ = from;
  until_ = until;
}

void ledger::measure(const stamp& found, time_point now) noexcept {
  if (now >= from_ && now < until_)
    ++measured_;
  if (found.due >= from_ && found.due < until_)
    latencies_.record((now - found.due).count());
}

verdict ledger::judge() const {
  verdict made;
  made.bad_payload = bad_payload_;
  made.stray = stray_;
  for (size_t i = 0; i < plan_.streams.size(); ++i) {
    const auto& stream = plan_.streams[i];
    for (uint32_t copy = 0; copy < stream.copies; ++copy) {
      const auto& flow = flows_[stream.first_flow + copy];
      made.expected += sent_[i];
      made.received += flow.received();
      made.lost += flow.lost(sent_[i]);
      made.duplicates += flow.duplicates();
      made.misordered += flow.misordered();
    }
  }
  return made;
}

} // namespace troupe::bench
