// What becomes of what a client has published.
#include "actors/connection.hpp"
#include "actors/journaling.hpp"
#include "actors/packet_log.hpp"
#include "actors/tell.hpp"
#include "protocol/encoder.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace troupe::actors {

namespace {

using protocol::reason;
using protocol::version;

bool asks_for_answers(const broker::publication_batch& batch) {
  return std::any_of(
      batch.items.begin(), batch.items.end(), [](const auto& item) {
        return item.message->qos() != protocol::qos::at_most_once;
      });
}

} // namespace

// -- receipts
// -------------------------------------------------------------------

void connection::on_batch_complete(broker::publication_batch* batch) noexcept {
  loop_.post_receipt(this, batch);
}

/// What is to be remembered goes to the store in the order in which it was
/// read: so the disk never has a later message of a publisher without the
/// earlier one. Its batches come back here a second time then.
bool connection::on_receipt(broker::publication_batch& batch) {
  if (!books_ || batch.progress != broker::publication_batch::stage::routing) {
    settle(batch);
    return false;
  }
  if (!batch.is_routed)
    batch.remembers_ids = false; // nothing is acknowledged
  auto must_be_stored = batch.must_be_stored();
  if (must_be_stored
      && node_.settings.acknowledge_after == config::acknowledge_after::routed)
    acknowledge(batch);
  books_->on_routed(batch, must_be_stored);
  while (auto* next = books_->next_to_store())
    hand_to_store(node_.store, *next);
  if (must_be_stored)
    return true;
  if (!batch.was_lost())
    remember_origins(node_.store, batch);
  settle(batch);
  return false;
}

/// All is done for a batch: its credit comes back.
void connection::settle(broker::publication_batch& batch) {
  --unfinished_batches_;
  unfinished_bytes_ -= batch.footprint();
  if (batch.was_lost())
    forget_lost(loop_, batch);
  acknowledge(batch);
  if (is_ending_) {
    finish_if_done();
    return;
  }
  if (batch.was_lost() && sends_again() && asks_for_answers(batch)) {
    end({broker::end_of_connection::abnormal, reason::quota_exceeded,
         "what it sent could not be stored"});
    return;
  }
  if (last_word_ && unfinished_batches_ == 0) {
    end(*last_word_);
    return;
  }
  if (interest_ != net::interest::both && interest_ != net::interest::read)
    mark(); // credit is back: read on
}

/// A bridge takes an error for an answer, and the message would be lost.
/// Without an answer it sends the message again when its link comes back.
bool connection::sends_again() const {
  return is_of_bridge()
         && node_.settings.acknowledge_after
                != config::acknowledge_after::routed;
}

/// A second time it changes nothing.
void connection::acknowledge(const broker::publication_batch& batch) {
  auto failed = batch.was_lost();
  if (failed && (version_ != version::v5 || sends_again())) {
    receiver_.abandon_batch(batch.number());
  } else {
    collect_codes(batch, failed);
    if (loop_.reason_scratch().empty())
      return;
    receiver_.on_batch_complete(batch.number(), loop_.reason_scratch());
  }
  if (!is_ending_)
    send_due_acknowledgements();
}

void connection::collect_codes(const broker::publication_batch& batch,
                               bool failed) {
  auto& codes = loop_.reason_scratch();
  codes.clear();
  for (const auto& item : batch.items) {
    auto level = item.message->qos();
    if (level == protocol::qos::at_most_once)
      continue;
    auto unheard = version_ == version::v5 && !item.matched
                   && level == protocol::qos::at_least_once;
    codes.push_back(!batch.is_routed ? reason::unspecified_error
                    : failed         ? reason::quota_exceeded
                    : unheard        ? reason::no_matching_subscribers
                                     : reason::success);
  }
}

// -- identifiers of QoS 2
// -------------------------------------------------------

/// PUBCOMP must wait until the disk has forgotten the identifiers of this read.
void connection::forget_incoming() {
  if (!books_ || !books_->has_released())
    return;
  remember change;
  change.key = session_key_;
  change.ticket = books_->take_released(change.incoming_erased);
  change.answer_to = caf::actor_cast<stored_sink>(self_);
  tell(node_.store, std::move(change));
}

void connection::on(stored& message) {
  if (is_ending_)
    return;
  for (auto packet_id : books_->on_stored(message.ticket))
    send_pubcomp(packet_id);
}

void connection::send_pubcomp(uint16_t packet_id) {
  packet_log::sent(client_id_, protocol::packet_type::pubcomp, packet_id);
  protocol::encode_acknowledgement(output_.control(),
                                   protocol::packet_type::pubcomp, packet_id,
                                   reason::success, version_);
  loop_.stats().packets_sent.add();
  mark();
}

} // namespace troupe::actors
