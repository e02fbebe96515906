#include "broker/sender.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace troupe::broker {

namespace {

using phase = in_flight_table::phase;

size_t variable_byte_size(size_t value) noexcept {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

// Bytes of the properties of a PUBLISH of MQTT 5.0 with their length, apart
// from a topic alias.
size_t properties_size(const publication& message, uint32_t subscription_id,
                       bool with_path) noexcept {
  auto size = with_path ? message.properties_and_path().size()
                        : message.properties().size();
  if (message.expires_at() != never)
    size += 5;
  if (subscription_id != 0)
    size += 1 + variable_byte_size(subscription_id);
  return variable_byte_size(size) + size;
}

size_t publish_size(const publication& message, uint32_t subscription_id,
                    protocol::qos qos,
                    const sender_parameters& client) noexcept {
  auto size = message.encoded_topic_and_payload().size();
  if (qos != protocol::qos::at_most_once)
    size += 2;
  if (client.version == protocol::version::v5)
    size += properties_size(message, subscription_id, client.is_peer);
  return 1 + variable_byte_size(size) + size;
}

} // namespace

// -- connection ---------------------------------------------------------------

void sender::on_connected(const sender_parameters& client, time_point now,
                          std::vector<queued_delivery>& out) {
  client_ = client;
  is_connected_ = true;
  is_writable_ = client.takes_messages;
  if (!is_writable_)
    return;
  send_all_again(out);
  send_queued_qos0(now, out);
  send_queued(now, out);
  read_more();
}

void sender::on_disconnected(bool keep) {
  is_connected_ = false;
  is_writable_ = false;
  if (!keep) {
    in_flight_.clear();
    queue_.release();
    queued_bytes_ = in_flight_bytes_ = 0;
    queued_qos0_ = outstanding_ = resend_from_ = 0;
    forget_disk();
  }
  release_unused();
}

void sender::set_writable(bool writable, time_point now,
                          std::vector<queued_delivery>& out) {
  is_writable_ = writable && is_connected_ && client_.takes_messages;
  send_more(now, out);
}

// -- new messages -------------------------------------------------------------

void sender::accept(const publication_batch& batch,
                    std::vector<delivery>& deliveries, time_point now) {
  auto kept = deliveries.begin();
  for (auto& what : deliveries)
    if (admit(batch.items[what.item].message, what, now))
      *kept++ = what;
  deliveries.erase(kept, deliveries.end());
}

bool sender::admit(const publication_ptr& message, delivery& what,
                   time_point now) {
  if (!is_deliverable(*message, what.subscription_id, what.qos, now))
    return false;
  if (what.qos == protocol::qos::at_most_once) {
    if (is_connected_ && client_.takes_messages)
      return true;
    if (!limits_->queue_qos0_messages) {
      count_drop(drop_reason::client_offline);
      return false;
    }
  }
  waiting how{nullptr, what.subscription_id, what.shared, what.qos,
              what.retain};
  // Whatever waits goes first: order within a QoS is kept.
  if (is_writable_ && nothing_waits() && all_sent() && fits_window(*message)) {
    auto& sent = launch(message, how);
    what.packet_id = sent.packet_id;
    return !disk_ || remember_launched(sent, what);
  }
  if (disk_) {
    enqueue_on_disk(*message, what, now);
    return false;
  }
  how.message = message;
  enqueue(std::move(how), now);
  return false;
}

bool sender::is_deliverable(const publication& message,
                            uint32_t subscription_id, protocol::qos qos,
                            time_point now) noexcept {
  if (message.is_expired(now)) {
    count_drop(drop_reason::expired);
    return false;
  }
  if (is_too_large(message, subscription_id, qos)) {
    count_drop(drop_reason::packet_too_large);
    return false;
  }
  return true;
}

bool sender::is_deliverable(const waiting& what, time_point now) noexcept {
  if (what.waits_until > now)
    return is_deliverable(*what.message, what.subscription_id, what.qos, now);
  count_drop(drop_reason::expired);
  return false;
}

// [MQTT-3.1.2-24]
bool sender::is_too_large(const publication& message, uint32_t subscription_id,
                          protocol::qos qos) const noexcept {
  return is_connected_ && client_.maximum_packet_size != 0
         && publish_size(message, subscription_id, qos, client_)
                > client_.maximum_packet_size;
}

// -- the window ---------------------------------------------------------------

uint32_t sender::max_outstanding() const noexcept {
  uint32_t ours = limits_->max_inflight_messages;
  uint32_t theirs = client_.receive_maximum;
  return std::min(ours == 0 ? in_flight_table::max_size : ours, theirs);
}

// A message larger than the limit goes alone, or it would never go.
bool sender::fits_window(const publication& message) const noexcept {
  return outstanding_ < max_outstanding()
         && (limits_->max_inflight_bytes == 0 || in_flight_.empty()
             || in_flight_bytes_ + message.payload().size()
                    <= limits_->max_inflight_bytes);
}

sender::entry& sender::launch(publication_ptr message, const waiting& how) {
  auto& what = in_flight_.push();
  in_flight_bytes_ += message->payload().size();
  what.message = std::move(message);
  what.subscription_id = how.subscription_id;
  what.shared = how.shared;
  what.qos = how.qos;
  what.retain = how.retain;
  what.sent = true;
  ++outstanding_;
  return what;
}

void sender::let_go(entry& what) noexcept {
  if (what.message)
    in_flight_bytes_ -= what.message->payload().size();
  what.message.reset();
}

void sender::finish(entry& what) {
  if (disk_) {
    disk_->unstored -= what.state == phase::unstored ? 1 : 0;
    forget_stored(what);
  }
  let_go(what);
  if (what.packet_id == resend_from_) {
    auto* next = in_flight_.after(what);
    resend_from_ = next != nullptr ? next->packet_id : 0;
  }
  if (what.sent)
    --outstanding_;
  in_flight_.remove(what);
}

/// Identifiers are given in turn: what lies behind the last one comes late.
std::vector<uint16_t> sender::spare_packet_ids(size_t count) {
  // Those around the last one are given soon: slots that were in use for long
  // are behind the others.
  constexpr uint16_t far_off = 32'768;
  std::vector<uint16_t> spare;
  auto next = static_cast<uint16_t>(in_flight_.last_id() + far_off);
  for (uint32_t tried = 0;
       spare.size() < count && tried < in_flight_table::max_size; ++tried) {
    if (next != 0 && in_flight_.find(next) == nullptr)
      spare.push_back(next);
    --next;
  }
  return spare;
}

bool sender::has_room() const noexcept {
  return is_writable_ && nothing_waits() && all_sent()
         && outstanding_ < max_outstanding()
         && (limits_->max_inflight_bytes == 0 || in_flight_.empty()
             || in_flight_bytes_ < limits_->max_inflight_bytes);
}

// -- the queue ----------------------------------------------------------------

void sender::enqueue(waiting what, time_point now) {
  if (is_full_for(*what.message) && earliest_expiry_ <= now)
    make_room_for(*what.message, now);
  drop_oldest_for(*what.message);
  if (is_full_for(*what.message)) {
    count_drop(drop_reason::queue_full);
    return;
  }
  what.waits_until = end_of_wait(*limits_, now);
  earliest_expiry_ = std::min(earliest_expiry_, what.ends_at());
  push_queue(std::move(what));
}

bool sender::is_full_for(const publication& message) const noexcept {
  return !has_room_for(*limits_, queued(), queued_bytes(),
                       message.payload().size());
}

sender::waiting sender::pop_queue() noexcept {
  auto result = queue_.pop_front();
  queued_bytes_ -= result.message->payload().size();
  if (result.qos == protocol::qos::at_most_once)
    --queued_qos0_;
  return result;
}

void sender::push_queue(waiting what) {
  auto size = what.message->payload().size();
  auto qos = what.qos;
  queue_.push_back(std::move(what));
  queued_bytes_ += size;
  if (qos == protocol::qos::at_most_once)
    ++queued_qos0_;
}

// Goes once round the ring: what is not wanted lines up again behind the rest.
template <class Predicate, class Sink>
void sender::extract(Predicate is_wanted, Sink take) {
  for (auto n = queue_.size(); n > 0; --n) {
    auto what = pop_queue();
    if (is_wanted(what))
      take(std::move(what));
    else
      push_queue(std::move(what));
  }
}

// Messages of one lifetime expire in their order, so the front alone often
// does.
void sender::make_room_for(const publication& message, time_point now) {
  while (!queue_.empty() && queue_.front().ends_at() <= now) {
    count_drop(drop_reason::expired);
    pop_queue();
  }
  if (is_full_for(message))
    remove_expired(now);
}

void sender::drop_oldest_for(const publication& message) {
  while (limits_->drop_oldest && is_full_for(message) && !queue_.empty()) {
    count_drop(drop_reason::queue_full);
    forget_waiting(pop_queue());
  }
}

void sender::remove_expired(time_point now) {
  earliest_expiry_ = never;
  auto is_wanted = [this, now](const waiting& what) {
    if (what.ends_at() <= now)
      return true;
    earliest_expiry_ = std::min(earliest_expiry_, what.ends_at());
    return false;
  };
  extract(is_wanted, [this](waiting) { count_drop(drop_reason::expired); });
}

// -- acknowledgements ---------------------------------------------------------

void sender::on_acknowledgement(const protocol::acknowledgement& packet,
                                time_point now,
                                std::vector<queued_delivery>& out) {
  using protocol::packet_type;
  if (packet.type == packet_type::pubrec) {
    on_pubrec(packet, out);
  } else if (auto* what = in_flight_.find(packet.packet_id)) {
    if ((packet.type == packet_type::puback
         && what->qos == protocol::qos::at_least_once)
        || (packet.type == packet_type::pubcomp
            && what->state == phase::released))
      finish(*what);
  }
  send_more(now, out);
}

void sender::on_pubrec(const protocol::acknowledgement& packet,
                       std::vector<queued_delivery>& out) {
  auto* what = in_flight_.find(packet.packet_id);
  auto is_known = what != nullptr && what->qos == protocol::qos::exactly_once
                  && what->state != phase::unstored;
  if (is_error(packet.reason)) {
    // The client refused it: no PUBREL follows [MQTT-4.3.3-4].
    if (is_known && what->state == phase::published)
      finish(*what);
    return;
  }
  queued_delivery answer;
  answer.packet_id = packet.packet_id;
  answer.pubrel = true;
  if (!is_known) {
    answer.reason = protocol::reason::packet_identifier_not_found;
  } else {
    if (!std::exchange(what->sent, true))
      ++outstanding_;
    if (!release(*what))
      return; // PUBREL follows when that is on disk
  }
  out.push_back(std::move(answer));
}

// -- sending ------------------------------------------------------------------

void sender::send_more(time_point now, std::vector<queued_delivery>& out) {
  if (!is_writable_)
    return;
  send_rest_again(out);
  send_queued(now, out);
  read_more();
}

void sender::send_queued(time_point now, std::vector<queued_delivery>& out) {
  while (!queue_.empty() && all_sent()) {
    auto& next = queue_.front();
    if (!is_deliverable(next, now)) {
      forget_waiting(pop_queue());
      continue;
    }
    if (next.qos == protocol::qos::at_most_once) {
      send_queued_qos0(pop_queue(), out);
      continue;
    }
    if (!fits_window(*next.message))
      return;
    auto what = pop_queue();
    auto& sent = launch(what.message, what);
    if (what.sequence != 0) {
      note_launch(sent, what.sequence);
      continue;
    }
    out.push_back({std::move(what.message), what.subscription_id, what.shared,
                   sent.packet_id, what.qos, what.retain});
  }
  if (queue_.empty())
    earliest_expiry_ = never;
}

// What waited with QoS 0 while the client was away goes at once, past messages
// that wait for room: new ones of QoS 0 would overtake it.
void sender::send_queued_qos0(time_point now,
                              std::vector<queued_delivery>& out) {
  if (queued_qos0_ == 0)
    return;
  auto is_wanted = [](const waiting& what) {
    return what.qos == protocol::qos::at_most_once;
  };
  extract(is_wanted, [&](waiting what) {
    if (is_deliverable(what, now))
      send_queued_qos0(std::move(what), out);
    else
      forget_waiting(what);
  });
}

void sender::send_queued_qos0(waiting what, std::vector<queued_delivery>& out) {
  forget_waiting(what);
  out.push_back({std::move(what.message), what.subscription_id, what.shared, 0,
                 what.qos, what.retain});
}

void sender::send_all_again(std::vector<queued_delivery>& out) {
  outstanding_ = 0;
  resend_from_ = 0;
  if (in_flight_.empty())
    return;
  for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what))
    what->sent = false;
  resend_from_ = in_flight_.first().packet_id;
  // A PUBREL needs no room: it makes some [MQTT 4.9].
  for (auto* what = &in_flight_.first(); what != nullptr;) {
    auto* next = in_flight_.after(*what);
    if (what->state >= phase::release_unstored
        || outstanding_ < max_outstanding())
      send_again(*what, out);
    what = next;
  }
}

void sender::send_rest_again(std::vector<queued_delivery>& out) {
  while (!all_sent() && outstanding_ < max_outstanding()) {
    auto* what = in_flight_.find(resend_from_);
    assert(what != nullptr);
    auto* next = in_flight_.after(*what);
    auto next_id = next != nullptr ? next->packet_id : uint16_t{0};
    if (!what->sent)
      send_again(*what, out);
    resend_from_ = next_id;
  }
}

void sender::send_again(entry& what, std::vector<queued_delivery>& out) {
  queued_delivery again;
  again.packet_id = what.packet_id;
  if (what.state == phase::unstored || what.state == phase::release_unstored) {
    what.sent = true; // it goes out when the disk knows of it
    ++outstanding_;
    return;
  }
  if (what.state == phase::released) {
    again.pubrel = true;
  } else if (is_too_large(*what.message, what.subscription_id, what.qos)) {
    // As if it had been completed [MQTT-3.1.2-25].
    count_drop(drop_reason::packet_too_large);
    finish(what);
    return;
  } else {
    again.message = what.message;
    again.subscription_id = what.subscription_id;
    again.shared = what.shared;
    again.qos = what.qos;
    again.retain = what.retain;
    again.dup = true;
  }
  what.sent = true;
  ++outstanding_;
  out.push_back(std::move(again));
}

// -- shared subscriptions -----------------------------------------------------

std::vector<queued_delivery> sender::take_shared(uint16_t shared) {
  std::vector<queued_delivery> result;
  auto is_wanted = [shared](const auto& what) {
    return what.shared != 0 && (shared == 0 || what.shared == shared);
  };
  auto take = [&result](auto&& what) {
    result.push_back({std::move(what.message), what.subscription_id,
                      what.shared, 0, what.qos, what.retain});
  };
  if (!is_connected_ && !in_flight_.empty()) {
    for (auto* what = &in_flight_.first(); what != nullptr;) {
      auto* next = in_flight_.after(*what);
      if (is_wanted(*what) && what->qos == protocol::qos::at_least_once) {
        in_flight_bytes_ -= what->message->payload().size();
        take(*what);
        finish(*what);
      }
      what = next;
    }
  }
  extract(is_wanted, [&](waiting what) {
    forget_waiting(what);
    take(std::move(what));
  });
  return result;
}

void sender::forget_shared(uint16_t shared) noexcept {
  for (uint32_t i = 0; i < queue_.size(); ++i)
    if (queue_[i].shared == shared)
      queue_[i].shared = 0;
  if (in_flight_.empty())
    return;
  for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what))
    if (what->shared == shared)
      what->shared = 0;
}

void sender::release_unused() noexcept {
  if (in_flight_.empty())
    in_flight_.clear();
  if (queue_.empty())
    queue_.release();
}

} // namespace troupe::broker
