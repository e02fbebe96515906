// The part of a session that concerns the store and the appender.
#include "actors/journaling.hpp"
#include "actors/session.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <caf/actor_cast.hpp>

#include <utility>

namespace troupe::actors {

void session::receive_of_store(const mail& message) {
  if (auto* settled = message.get_if<parts_settled>())
    on(*settled);
  else if (auto* done = message.get_if<stored>())
    on(*done);
  else if (auto* slice = message.get_if<queue_read>())
    on(*slice);
  else if (auto* found = message.get_if<claimed>())
    on(*found);
  else if (auto* loaded = message.get_if<session_loaded>())
    on(*loaded);
  else if (auto* shrunk = message.get_if<queue_shrunk>())
    on(*shrunk);
  else if (auto* parking = message.get_if<parking_begun>())
    on(*parking);
}

subscriber_actor session::target() const {
  return books_ ? caf::actor_cast<subscriber_actor>(books_->appender())
                : caf::actor_cast<subscriber_actor>(self());
}

// -- what there was
// -------------------------------------------------------------

void session::start() {
  if (!node_.store)
    return;
  stage_ = stage::starting;
  tell(node_.appenders[loop_.index()], claim{machine_.client_id(), self()});
}

void session::on(claimed& message) {
  if (!message.record) {
    become_ready();
    return;
  }
  // The registry counted it as a new one.
  node_.sessions.fetch_sub(1, std::memory_order_relaxed);
  auto& record = *message.record;
  machine_.rekey(record.queue->key());
  books_ = std::make_unique<session_books>(node_, loop_, this, record.queue);
  machine_.out().attach(*books_, record.backlog);
  left_ = std::move(message.record);
  tell(node_.store,
       load_session{machine_.key(), caf::actor_cast<load_sink>(self())});
}

void session::on(session_loaded& message) {
  machine_.out().restore_window(std::move(message.content->window));
  if (auto& will = message.content->will)
    will_by_ = std::move(will->by);
  machine_.restore(std::move(*message.content), left_->expiry_interval,
                   left_->ends_at, instant::now());
  left_.reset();
  for (const auto& [filter, record] : machine_.subscriptions())
    shared_filters_ += record.shared != 0 ? 1 : 0;
  told_ = readiness::can_keep;
  std::vector<broker::queued_delivery> none;
  with_sender([&](broker::sender& out) {
    out.on_slice(std::move(*message.queue), loop_.now(), none);
  });
  become_ready();
}

void session::become_ready() {
  stage_ = stage::ready;
  if (!waiting_.empty())
    admit_next();
}

// -- durable or not
// -------------------------------------------------------------

void session::become_durable() {
  broker::disk_queue_ptr queue{new broker::disk_queue(machine_.key(), 1),
                               false};
  books_ = std::make_unique<session_books>(node_, loop_, this, queue);
  machine_.out().attach(*books_, {});
  tell(books_->appender(),
       enroll{machine_.client_id(), std::move(queue), self()});
}

/// The session, with its will, must be on disk before the client hears that it
/// is connected; one that was there before does not wait for a disk that is
/// full. Returns the ticket of that.
uint64_t session::remember_connect(bool is_new) {
  remember begin;
  begin.key = machine_.key();
  begin.session = broker::session_record{
      machine_.key(), machine_.client_id(), machine_.expiry_interval(), 0, true,
      is_bridge_};
  begin.will.emplace(remember::will_change{will_to_remember()});
  begin.answer_to = caf::actor_cast<stored_sink>(self());
  auto ticket = next_hold_--; // the books count up from 1
  begin.ticket = ticket;
  begin.may_be_late = !is_new;
  // What a take-over left of the connection before would be written later.
  books_->changes().session.reset();
  books_->changes().will.reset();
  tell(node_.store, std::move(begin));
  return ticket;
}

/// What was remembered of the session goes. Returns the ticket of that.
uint64_t session::retire() {
  flush_books(); // what was passed on already is not there any more
  auto ticket = next_hold_--; // the books count up from 1
  remember end;
  end.key = books_->queue()->key();
  end.erases_session = true;
  end.ended_queue = books_->queue();
  end.answer_to = caf::actor_cast<stored_sink>(self());
  end.ticket = ticket;
  tell(node_.store, std::move(end));
  tell(books_->appender(), withdraw{books_->queue()->key()});
  machine_.out().detach();
  books_.reset();
  change_key();
  return ticket;
}

/// What is on its way to the old session must not reach the new one.
void session::change_key() {
  machine_.rekey(
      node_.next_session_key.fetch_add(1, std::memory_order_relaxed));
}

/// The client came or went.
void session::remember_presence() {
  if (!books_)
    return;
  auto now = instant::now();
  auto& changes = books_->changes();
  changes.session = broker::session_record{machine_.key(),
                                           machine_.client_id(),
                                           machine_.expiry_interval(),
                                           now.to_wall(machine_.ends_at()),
                                           machine_.is_connected(),
                                           is_bridge_};
  changes.will.emplace(remember::will_change{will_to_remember()});
}

void session::flush_books() {
  books_->flush(machine_.out());
}

// -- answers of the store
// -------------------------------------------------------

/// False: it was for a session that a clean start has ended since.
bool session::concerns_us(broker::session_key key) const noexcept {
  return books_ && books_->queue()->key() == key;
}

void session::on(stored& message) {
  if (held_answer_ && message.ticket == held_until_) {
    auto held = std::exchange(held_answer_, nullptr);
    if (connection_)
      send_answer(std::move(*held));
    after_change();
    return;
  }
  if (!concerns_us(message.key))
    return;
  if (message.is_late) {
    if (auto* late = books_->find(message.ticket))
      send_after([&](broker::sender& out, auto& next) {
        out.on_window_late(late->launched, next);
      });
    return;
  }
  auto done = books_->on_stored(message.ticket);
  if (!done)
    return;
  send_after([&](broker::sender& out, auto& next) {
    out.on_window_stored(done->launched, next);
    out.on_released(done->released, next);
  });
  if (done->request != 0)
    count_answer(done->request);
}

void session::on(queue_read& message) {
  if (!concerns_us(message.key))
    return;
  send_after([&](broker::sender& out, auto& next) {
    out.on_slice(std::move(*message.slice), loop_.now(), next);
  });
  after_change();
}

void session::on(parts_settled& message) {
  send_after([&](broker::sender& out, auto& next) {
    for (auto& part : message.parts)
      if (concerns_us(part->queue().key()))
        out.on_settled(*part, loop_.now(), next);
  });
  after_change();
  if (is_parking_begun_)
    park_when_settled();
}

void session::on(queue_shrunk& message) {
  if (!concerns_us(message.key))
    return;
  machine_.out().on_removed(message.messages, message.bytes,
                            message.earliest_expiry);
  after_change();
}

// -- going
// ----------------------------------------------------------------------

/// The client is away, nobody attaches any more, and the session is not over.
void session::begin_parking() {
  stage_ = stage::parking;
  tell(books_->appender(), park{machine_.key()});
}

/// Nothing more comes. What is on its way to the disk must arrive there first:
/// whoever claims the session reads it back.
void session::on(parking_begun&) {
  is_parking_begun_ = true;
  park_when_settled();
}

void session::park_when_settled() {
  if (machine_.out().ask_for_notices() == 0)
    finish_parking();
}

void session::finish_parking() {
  machine_.out().forget_window();
  after_change();
  auto record = std::make_shared<broker::offline_session>();
  record->queue = books_->queue();
  record->expiry_interval = machine_.expiry_interval();
  record->ends_at = machine_.ends_at();
  if (auto will = will_to_remember())
    record->will = std::make_unique<broker::stored_will>(std::move(*will));
  record->backlog = machine_.out().park();
  loop_.stats().stored_messages.subtract(counted_stored_);
  loop_.stats().sessions.subtract();
  tell(books_->appender(), parked{machine_.key(), std::move(record)});
  quit();
}

} // namespace troupe::actors
