// What makes a sender durable: its messages are remembered through a journal,
// and what waits lies on disk.
#include "broker/sender.hpp"

#include <algorithm>
#include <utility>

namespace troupe::broker {

namespace {

using phase = in_flight_table::phase;

/// Fewer messages than this read back and waiting: more are read.
constexpr uint32_t low_water = 128;

size_t size_of(const publication_ptr& message) noexcept {
  return message ? message->topic().size() + message->payload().size()
                       + message->properties().size()
                 : 0;
}

// 65,535 is followed by 1.
uint16_t id_after(uint16_t first, uint64_t count) noexcept {
  return static_cast<uint16_t>((first - 1 + count) % 65'535 + 1);
}

void subtract(size_t& from, size_t what) noexcept {
  from -= std::min(from, what);
}

} // namespace

// -- from and to the disk -----------------------------------------------------

void sender::attach(sender_journal& journal, const disk_backlog& backlog,
                    std::vector<launch_run> window) {
  journal_ = &journal;
  on_disk_ = backlog;
  window_ = std::move(window);
  may_read_ = true;
}

disk_backlog sender::park() {
  auto result = on_disk_;
  result.messages += queue_.size();
  result.bytes += queued_bytes_;
  result.earliest_expiry = std::min(result.earliest_expiry, earliest_expiry_);
  on_disconnected(false);
  return result;
}

void sender::forget_disk() noexcept {
  on_disk_ = {};
  cursor_ = 1;
  window_ = {};
  awaiting_window_ = {};
  known_ = {};
  window_changed_ = may_read_ = is_reading_ = false;
}

void sender::read_more() {
  if (journal_ == nullptr || !is_connected_ || is_reading_ || !may_read_
      || queue_.size() >= low_water)
    return;
  is_reading_ = true;
  journal_->read(cursor_);
}

void sender::on_slice(queue_slice&& slice, time_point now,
                      std::vector<queued_delivery>& out) {
  is_reading_ = false;
  collect_known();
  for (auto& what : slice.entries)
    if (!std::binary_search(known_.begin(), known_.end(), what.sequence))
      take_entry(std::move(what));
  if (in_flight_.capacity() != 0)
    in_flight_.end_restore();
  cursor_ = std::max(cursor_, slice.next);
  std::erase_if(known_, [this](uint64_t x) { return x < cursor_; });
  dropped_[static_cast<size_t>(drop_reason::expired)] += slice.expired;
  on_removed(slice.expired, slice.expired_bytes);
  if (slice.at_end) {
    may_read_ = false;
    // Whatever was miscounted, an entry that could not be read say, ends here.
    if (on_disk_.unsettled == 0)
      on_disk_ = {};
  }
  send_more(now, out);
}

/// Adds what is in flight to the sequence numbers that are no news.
void sender::collect_known() {
  if (!in_flight_.empty())
    for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what))
      if (auto sequence = what->stored.sequence(); sequence >= cursor_)
        known_.push_back(sequence);
  std::sort(known_.begin(), known_.end());
}

void sender::take_entry(stored_entry&& what) {
  auto packet_id = what.options.packet_id != 0 ? what.options.packet_id
                                               : launched_id(what);
  if (packet_id != 0 && take_in_flight(what, packet_id))
    return;
  if (!what.message)
    return; // a PUBREL whose identifier is in use by now
  auto size = what.message->payload().size();
  subtract(on_disk_.messages, 1);
  subtract(on_disk_.bytes, size);
  const auto& how = what.options;
  push_queue({std::move(what.message), how.subscription_id, how.shared, how.qos,
              how.retain, what.sequence});
}

bool sender::take_in_flight(stored_entry& what, uint16_t packet_id) {
  auto* made = in_flight_.restore(packet_id);
  if (made == nullptr)
    return false;
  in_flight_bytes_ += what.message ? what.message->payload().size() : 0;
  made->state = what.message ? phase::published : phase::released;
  made->message = std::move(what.message);
  made->stored.number = what.sequence;
  made->subscription_id = what.options.subscription_id;
  made->shared = what.options.shared;
  made->qos = what.options.qos;
  made->retain = what.options.retain;
  if (resend_from_ == 0)
    resend_from_ = packet_id;
  return true;
}

uint16_t sender::launched_id(const stored_entry& what) const noexcept {
  if (what.options.qos == protocol::qos::at_most_once)
    return 0;
  auto behind = std::upper_bound(
      window_.begin(), window_.end(), what.sequence,
      [](uint64_t x, const launch_run& run) { return x < run.first_sequence; });
  if (behind == window_.begin())
    return 0;
  const auto& run = *--behind;
  auto offset = what.sequence - run.first_sequence;
  return offset < run.count ? id_after(run.first_packet_id, offset) : 0;
}

void sender::on_removed(size_t messages, size_t bytes) noexcept {
  subtract(on_disk_.messages, messages);
  subtract(on_disk_.bytes, bytes);
}

// -- remembering --------------------------------------------------------------

// QoS 2 goes out when its identifier is on disk: false.
bool sender::remember_launched(entry& sent, const delivery& what) {
  auto must_wait = sent.qos == protocol::qos::exactly_once;
  sent.stored = journal_->remember(
      what.item, *sent.message,
      {sent.subscription_id, sent.shared, sent.packet_id, sent.qos,
       sent.retain},
      must_wait);
  if (must_wait)
    sent.state = phase::unstored;
  return !must_wait;
}

void sender::enqueue_on_disk(const publication& message, const delivery& what,
                             time_point now) {
  if (is_full_for(message) && on_disk_.earliest_expiry <= now) {
    on_disk_.earliest_expiry = never;
    journal_->drop_expired();
  } else if (is_full_for(message)) {
    count_drop(drop_reason::queue_full);
    if (!limits_->drop_oldest)
      return;
    if (!queue_.empty())
      forget_waiting(pop_queue());
    else
      journal_->drop_oldest(cursor_);
  }
  ++on_disk_.messages;
  ++on_disk_.unsettled;
  on_disk_.bytes += message.payload().size();
  on_disk_.earliest_expiry =
      std::min(on_disk_.earliest_expiry, message.expires_at());
  journal_->remember(
      what.item, message,
      {what.subscription_id, what.shared, 0, what.qos, what.retain}, true);
}

void sender::forget_stored(entry& what) {
  auto where = std::exchange(what.stored, {});
  if (where.part && where.part->cancel(static_cast<uint32_t>(where.number)))
    return;
  auto sequence = where.sequence();
  if (sequence == 0)
    return;
  journal_->erase(sequence, size_of(what.message));
  // Numbers are given in the order of commits: with nothing left on disk, what
  // comes later lies behind.
  if (nothing_waits())
    cursor_ = std::max(cursor_, sequence + 1);
  else if (sequence >= cursor_)
    known_.push_back(sequence);
}

void sender::forget_waiting(const waiting& what) {
  if (journal_ != nullptr && what.sequence != 0)
    journal_->erase(what.sequence, size_of(what.message));
}

// True if PUBREL may be sent at once.
bool sender::release(entry& what) {
  if (what.state == phase::release_unstored)
    return false;
  auto sequence = what.stored.sequence();
  auto is_stored = what.state == phase::released || sequence == 0;
  if (!is_stored)
    journal_->release(sequence, what.packet_id, size_of(what.message));
  let_go(what);
  what.state = is_stored ? phase::released : phase::release_unstored;
  return is_stored;
}

void sender::on_released(const std::vector<uint16_t>& packet_ids,
                         std::vector<queued_delivery>& out) {
  for (auto packet_id : packet_ids) {
    auto* what = in_flight_.find(packet_id);
    if (what == nullptr || what->state != phase::release_unstored)
      continue;
    what->state = phase::released;
    if (!is_connected_)
      continue;
    queued_delivery pubrel;
    pubrel.packet_id = packet_id;
    pubrel.pubrel = true;
    out.push_back(std::move(pubrel));
  }
}

// -- what is settled ----------------------------------------------------------

void sender::on_settled(journal_part& part, time_point now,
                        std::vector<queued_delivery>& out) {
  for (uint32_t i = 0; i < part.size(); ++i)
    settle_entry(part, i, out);
  send_more(now, out);
}

void sender::settle_entry(journal_part& part, uint32_t index,
                          std::vector<queued_delivery>& out) {
  auto& entry = part[index];
  auto failed = part.has_failed();
  if (entry.options.packet_id == 0) {
    settle_waiting(1, entry.payload_size, failed);
    return;
  }
  auto* what = in_flight_.find(entry.options.packet_id);
  if (what == nullptr || what->stored.part.get() != &part
      || what->stored.number != index)
    return; // acknowledged already
  auto is_unstored = what->state == phase::unstored;
  what->stored = {nullptr, failed ? 0 : entry.sequence};
  if (is_unstored && failed)
    finish(*what); // the publisher hears of it
  else if (is_unstored)
    send_stored(*what, out);
}

void sender::settle_waiting(size_t messages, size_t bytes,
                            bool failed) noexcept {
  subtract(on_disk_.unsettled, messages);
  if (failed)
    on_removed(messages, bytes);
  else
    may_read_ = true;
}

size_t sender::ask_for_notices() {
  size_t result = 0;
  const journal_part* last = nullptr;
  if (in_flight_.empty())
    return 0;
  for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what)) {
    auto* part = what->stored.part.get();
    if (part != nullptr && part != last && part->ask_for_notice())
      ++result;
    last = part != nullptr ? part : last;
  }
  return result;
}

// -- the window ---------------------------------------------------------------

// QoS 2 goes out when the window is on disk: false.
bool sender::note_launch(entry& sent, uint64_t sequence) {
  sent.stored.number = sequence;
  window_changed_ = true;
  auto extends = !window_.empty()
                 && window_.back().first_sequence + window_.back().count
                        == sequence
                 && id_after(window_.back().first_packet_id,
                             window_.back().count)
                        == sent.packet_id
                 && window_.back().count < 65'535;
  if (extends)
    ++window_.back().count;
  else
    window_.push_back({sequence, sent.packet_id, 1});
  if (sent.qos != protocol::qos::exactly_once)
    return true;
  sent.state = phase::unstored;
  awaiting_window_.push_back(sent.packet_id);
  return false;
}

bool sender::take_window_change(std::vector<uint16_t>& packet_ids) {
  packet_ids = std::exchange(awaiting_window_, {});
  if (!std::exchange(window_changed_, false))
    return false;
  trim_window();
  return true;
}

/// Forgets runs of which nothing is in flight any more.
void sender::trim_window() {
  if (in_flight_.empty()) {
    window_.clear();
    return;
  }
  if (window_.size() < 2)
    return;
  auto oldest = UINT64_MAX;
  for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what))
    if (!what->stored.part && what->stored.number != 0)
      oldest = std::min(oldest, what->stored.number);
  std::erase_if(window_, [oldest](const launch_run& run) {
    return run.first_sequence + run.count <= oldest;
  });
}

void sender::on_window_stored(const std::vector<uint16_t>& packet_ids,
                              std::vector<queued_delivery>& out) {
  for (auto packet_id : packet_ids) {
    auto* what = in_flight_.find(packet_id);
    if (what != nullptr && what->state == phase::unstored
        && !what->stored.part)
      send_stored(*what, out);
  }
}

void sender::send_stored(entry& what, std::vector<queued_delivery>& out) {
  what.state = phase::published;
  if (!is_connected_)
    return;
  if (!std::exchange(what.sent, true))
    ++outstanding_;
  out.push_back({what.message, what.subscription_id, what.shared,
                 what.packet_id, what.qos, what.retain});
}

} // namespace troupe::broker
