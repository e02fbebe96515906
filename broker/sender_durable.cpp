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
                       + message->properties_and_path().size()
                 : 0;
}

template <class T>
void subtract(T& from, size_t what) noexcept {
  from -= static_cast<T>(std::min<size_t>(from, what));
}

} // namespace

// -- from and to the disk -----------------------------------------------------

void sender::attach(sender_journal& journal, const disk_backlog& backlog) {
  disk_ = std::make_unique<disk_side>();
  disk_->journal = &journal;
  disk_->backlog = backlog;
  disk_->may_read = backlog.messages != 0;
}

void sender::detach() noexcept {
  disk_.reset();
}

void sender::forget_window() noexcept {
  if (in_flight_.empty() && !disk_->window.empty())
    disk_->window_changed = true;
}

disk_backlog sender::park() {
  auto result = disk_->backlog;
  result.messages += queue_.size();
  result.bytes += queued_bytes_;
  result.earliest_expiry = std::min(result.earliest_expiry, earliest_expiry_);
  on_disconnected(false);
  return result;
}

void sender::forget_disk() noexcept {
  if (!disk_)
    return;
  auto* journal = disk_->journal;
  *disk_ = {};
  disk_->journal = journal;
}

void sender::read_more() {
  if (!disk_ || !is_connected_ || disk_->is_reading || !disk_->may_read
      || queue_.size() >= low_water)
    return;
  disk_->is_reading = true;
  disk_->journal->read(disk_->cursor);
}

void sender::on_slice(queue_slice&& slice, time_point now,
                      std::vector<queued_delivery>& out) {
  disk_->is_reading = false;
  collect_known();
  for (auto& what : slice.entries)
    if (!std::binary_search(disk_->known.begin(), disk_->known.end(),
                            what.sequence))
      take_entry(std::move(what));
  if (in_flight_.capacity() != 0)
    in_flight_.end_restore();
  disk_->cursor = std::max(disk_->cursor, slice.next);
  std::erase_if(disk_->known, [this](uint64_t x) { return x < disk_->cursor; });
  dropped_[static_cast<size_t>(drop_reason::expired)] += slice.expired;
  on_removed(slice.expired, slice.expired_bytes);
  // What is in flight counts as no backlog, and may fill more than one slice.
  disk_->may_read = !slice.at_end;
  if (slice.at_end) {
    // Whatever was miscounted, an entry that could not be read say, ends here.
    if (disk_->backlog.unsettled == 0)
      disk_->backlog = {};
  }
  send_more(now, out);
}

/// Adds what is in flight to the sequence numbers that are no news.
void sender::collect_known() {
  if (!in_flight_.empty())
    for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what))
      if (auto sequence = what->stored.sequence(); sequence >= disk_->cursor)
        disk_->known.push_back(sequence);
  std::sort(disk_->known.begin(), disk_->known.end());
}

void sender::take_entry(stored_entry&& what) {
  auto packet_id =
      what.options.packet_id != 0 ? what.options.packet_id : launched_id(what);
  if (packet_id != 0 && take_in_flight(what, packet_id))
    return;
  if (!what.message)
    return; // a PUBREL whose identifier is in use by now
  auto size = what.message->payload().size();
  subtract(disk_->backlog.messages, 1);
  subtract(disk_->backlog.bytes, size);
  const auto& how = what.options;
  push_queue({std::move(what.message), how.subscription_id, how.shared, how.qos,
              how.retain, what.sequence, how.waits_until});
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
  return what.options.qos != protocol::qos::at_most_once
             ? broker::launched_id(disk_->window, what.sequence)
             : 0;
}

void sender::on_removed(size_t messages, size_t bytes,
                        time_point earliest_expiry) noexcept {
  subtract(disk_->backlog.messages, messages);
  subtract(disk_->backlog.bytes, bytes);
  disk_->backlog.earliest_expiry =
      std::min(disk_->backlog.earliest_expiry, earliest_expiry);
}

// -- remembering --------------------------------------------------------------

// QoS 2 goes out when its identifier is on disk: false. A peer gets nothing
// that this node may still forget: it would not bring it back, and what came
// later on another way would overtake it.
bool sender::remember_launched(entry& sent, const delivery& what) {
  auto must_wait = sent.qos == protocol::qos::exactly_once || client_.is_peer
                   || disk_->unstored != 0;
  sent.stored =
      disk_->journal->remember(what.item, *sent.message,
                               {sent.subscription_id, sent.shared,
                                sent.packet_id, sent.qos, sent.retain},
                               must_wait);
  if (must_wait)
    hold_back(sent);
  return !must_wait;
}

void sender::hold_back(entry& sent) noexcept {
  sent.state = phase::unstored;
  ++disk_->unstored;
}

void sender::enqueue_on_disk(const publication& message, const delivery& what,
                             time_point now) {
  if (is_full_for(message) && disk_->backlog.earliest_expiry <= now) {
    disk_->backlog.earliest_expiry = never;
    disk_->journal->drop_expired();
  } else if (is_full_for(message)) {
    count_drop(drop_reason::queue_full);
    if (!limits_->drop_oldest)
      return;
    make_room_on_disk(message);
  }
  auto waits_until = end_of_wait(*limits_, now);
  ++disk_->backlog.messages;
  ++disk_->backlog.unsettled;
  disk_->backlog.bytes += message.payload().size();
  disk_->backlog.earliest_expiry = std::min(
      {disk_->backlog.earliest_expiry, message.expires_at(), waits_until});
  disk_->journal->remember(what.item, message,
                           {what.subscription_id, what.shared, 0, what.qos,
                            what.retain, waits_until},
                           true);
}

/// What has been read back goes first: it is the oldest.
void sender::make_room_on_disk(const publication& message) {
  while (!queue_.empty() && is_full_for(message))
    forget_waiting(pop_queue());
  if (!is_full_for(message))
    return;
  auto bytes =
      excess_bytes(*limits_, disk_->backlog.bytes, message.payload().size());
  disk_->journal->drop_oldest(disk_->cursor, bytes);
  on_removed(1, bytes);
}

void sender::forget_stored(entry& what) {
  auto where = std::exchange(what.stored, {});
  if (where.part && where.part->cancel(static_cast<uint32_t>(where.number)))
    return;
  auto sequence = where.sequence();
  if (sequence == 0)
    return;
  disk_->journal->erase(sequence, size_of(what.message));
  // Numbers are given in the order of commits: with nothing left on disk, what
  // comes later lies behind.
  if (nothing_waits())
    disk_->cursor = std::max(disk_->cursor, sequence + 1);
  else if (sequence >= disk_->cursor)
    disk_->known.push_back(sequence);
}

// Numbers rise with the order of sending, and what was read back was sent
// before what was not. So the first that has a number has the lowest.
uint64_t sender::done_until() const noexcept {
  auto first = disk_->cursor;
  if (!queue_.empty())
    first = std::min(first, queue_[0].sequence);
  if (in_flight_.empty())
    return first - 1;
  for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what)) {
    if (auto sequence = what->stored.sequence(); sequence != 0)
      return std::min(first, sequence) - 1;
    // What has no number yet gets a higher one than any that is written, so
    // behind what was read. What has none for good does not count.
    if (what->stored.part && !what->stored.part->has_failed())
      break;
  }
  return first - 1;
}

void sender::forget_waiting(const waiting& what) {
  if (disk_ && what.sequence != 0)
    disk_->journal->erase(what.sequence, size_of(what.message));
}

// True if PUBREL may be sent at once.
bool sender::release(entry& what) {
  if (what.state == phase::release_unstored)
    return false;
  auto sequence = what.stored.sequence();
  auto is_stored = what.state == phase::released || sequence == 0;
  if (!is_stored)
    disk_->journal->release(sequence, what.packet_id, size_of(what.message));
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
  subtract(disk_->backlog.unsettled, messages);
  if (failed)
    on_removed(messages, bytes);
  else
    disk_->may_read = true;
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

/// It goes out when the window is on disk: after a crash it is known as sent,
/// with its identifier.
void sender::note_launch(entry& sent, uint64_t sequence) {
  sent.stored.number = sequence;
  disk_->window_changed = true;
  auto& runs = disk_->window;
  auto extends =
      !runs.empty() && runs.back().count < 65'535
      && runs.back().first_sequence + runs.back().count == sequence
      && packet_id_after(runs.back().first_packet_id, runs.back().count)
             == sent.packet_id;
  if (extends)
    ++runs.back().count;
  else
    runs.push_back({sequence, sent.packet_id, 1});
  hold_back(sent);
  disk_->awaiting_window.push_back(sent.packet_id);
}

bool sender::take_window_change(std::vector<uint16_t>& packet_ids) {
  packet_ids = std::exchange(disk_->awaiting_window, {});
  if (!std::exchange(disk_->window_changed, false))
    return false;
  trim_window();
  return true;
}

/// Forgets runs of which nothing is in flight any more.
void sender::trim_window() {
  if (in_flight_.empty()) {
    disk_->window.clear();
    return;
  }
  if (disk_->window.size() < 2)
    return;
  auto oldest = UINT64_MAX;
  for (auto* what = &in_flight_.first(); what; what = in_flight_.after(*what))
    if (!what->stored.part && what->stored.number != 0)
      oldest = std::min(oldest, what->stored.number);
  std::erase_if(disk_->window, [oldest](const launch_run& run) {
    return run.first_sequence + run.count <= oldest;
  });
}

void sender::on_window_stored(const std::vector<uint16_t>& packet_ids,
                              std::vector<queued_delivery>& out) {
  for (auto packet_id : packet_ids) {
    auto* what = in_flight_.find(packet_id);
    if (what != nullptr && what->state == phase::unstored && !what->stored.part)
      send_stored(*what, out);
  }
}

void sender::on_window_late(const std::vector<uint16_t>& packet_ids,
                            std::vector<queued_delivery>& out) {
  for (auto packet_id : packet_ids) {
    auto* what = in_flight_.find(packet_id);
    if (what != nullptr && what->state == phase::unstored && !what->stored.part
        && what->qos == protocol::qos::at_least_once)
      send_stored(*what, out);
  }
}

void sender::send_stored(entry& what, std::vector<queued_delivery>& out) {
  what.state = phase::published;
  --disk_->unstored;
  // One that the client's smaller receive maximum has no room for lines up
  // behind the others that must be sent again.
  if (!is_connected_ || !what.sent)
    return;
  out.push_back({what.message, what.subscription_id, what.shared,
                 what.packet_id, what.qos, what.retain});
}

} // namespace troupe::broker
