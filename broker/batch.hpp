#pragma once

#include "broker/author.hpp"
#include "broker/journal.hpp"
#include "broker/publication.hpp"

#include <atomic>
#include <cstdint>
#include <vector>

namespace troupe::broker {

class publication_batch;

/// Who wants to know that a batch has been dealt with: the publisher's
/// connection, or a subtree that replays retained messages.
class batch_owner {
public:
  /// Called once, by whichever thread let the batch go last. The receiver
  /// takes the batch over and ends its life with `delete`.
  virtual void on_batch_complete(publication_batch* batch) noexcept = 0;

protected:
  ~batch_owner() = default;
};

/// Publications of one read for one subtree: the unit of routing, and the
/// receipt for it. Everyone who still has work to do with it holds a reference;
/// when the last one lets go, the owner is told, acknowledges to the publisher
/// and regains its credit. That is what bounds every mailbox.
class publication_batch {
public:
  /// What became of one publication.
  struct item {
    publication_ptr message;
    /// Set by the subtree: at least one subscription matched.
    bool matched = false;
    /// Set by the subtree: it was here before, so nobody was sent it.
    bool is_repeat = false;
    /// Of a QoS 2 message of a durable session: the identifier that is
    /// remembered with it; else 0.
    uint16_t packet_id = 0;
  };

  /// Where it stands on its way through the store, if it goes there at all.
  enum class stage : uint8_t { routing, stored, failed };

  /// `owner` may be null: nobody wants to know.
  publication_batch(batch_owner* owner, uint64_t number,
                    session_key publisher) noexcept
      : owner_(owner), number_(number), publisher_(publisher) {}

  ~publication_batch() { take_journal(); }
  publication_batch(const publication_batch&) = delete;
  publication_batch& operator=(const publication_batch&) = delete;

  std::vector<item> items;

  /// Who published what of it is retained; null: nobody is known.
  author_ptr by;

  /// The publisher asked in CONNECT (level + 128) not to be sent its own
  /// messages, whatever its subscriptions say.
  bool suppress_echo = false;

  /// Null: nobody wants to know.
  const batch_owner* owner() const noexcept { return owner_; }
  /// The owner's own number for it.
  uint64_t number() const noexcept { return number_; }
  /// For `no local`: the session that published, or 0.
  session_key publisher() const noexcept { return publisher_; }
  /// Bytes of all publications.
  size_t footprint() const noexcept { return footprint_; }

  /// Makes a complete batch a new one that keeps its memory: loops recycle
  /// theirs. REQUIRES: nobody holds it.
  void reset(batch_owner* owner, uint64_t number,
             session_key publisher) noexcept {
    items.clear();
    by.reset();
    references_.store(1, std::memory_order_relaxed);
    owner_ = owner;
    number_ = number;
    publisher_ = publisher;
    footprint_ = 0;
    suppress_echo = false;
    remembers_ids = false;
    is_routed = false;
    has_failed.store(false, std::memory_order_relaxed);
    progress = stage::routing;
    take_journal();
  }

  void add(publication_ptr message) {
    footprint_ += message->footprint();
    items.push_back({std::move(message)});
  }

  /// Adds what a session must remember of it. Thread-safe, but for one session
  /// one after the other.
  void add_journal(journal_part_ptr part) noexcept {
    auto* raw = part.detach();
    raw->number = raw->queue().take_part_number();
    raw->next = journal_.load(std::memory_order_relaxed);
    while (!journal_.compare_exchange_weak(
        raw->next, raw, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }
  /// Takes out what is to be remembered. REQUIRES: it is complete.
  journal take_journal() noexcept {
    return journal{journal_.exchange(nullptr, std::memory_order_acquire)};
  }
  /// Calls `f` with every part. REQUIRES: it is complete.
  template <class Function>
  void for_each_part(Function&& f) const {
    for (auto* part = journal_.load(std::memory_order_acquire); part != nullptr;
         part = part->next)
      f(*part);
  }
  bool has_journal() const noexcept {
    return journal_.load(std::memory_order_acquire) != nullptr;
  }

  /// Set by the subtree when every subscriber has been sent its part. One that
  /// comes back without was lost with its subtree.
  bool is_routed = false;
  /// Set by the store.
  stage progress = stage::routing;
  /// Something of it could not be written on its own, a retained message say.
  std::atomic<bool> has_failed{false};
  /// Identifiers of QoS 2 messages are to be remembered with it.
  bool remembers_ids = false;

  /// Whether its publisher must not believe that all was done as it asked.
  bool was_lost() const noexcept {
    return !is_routed || progress == stage::failed
           || has_failed.load(std::memory_order_relaxed);
  }
  /// Whether the store has something to do before the batch is acknowledged.
  bool must_be_stored() const noexcept {
    return progress == stage::routing && (remembers_ids || has_journal());
  }
  /// Makes a complete batch one that its holder has, and tells the owner again
  /// when it is let go.
  ref_ptr<publication_batch> hold_again() noexcept {
    references_.store(1, std::memory_order_relaxed);
    return ref_ptr<publication_batch>{this, false};
  }

  void add_ref() const noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
      return;
    auto* self = const_cast<publication_batch*>(this);
    if (owner_ != nullptr)
      owner_->on_batch_complete(self);
    else
      delete self;
  }

private:
  mutable std::atomic<uint32_t> references_{1};
  std::atomic<journal_part*> journal_{nullptr};
  batch_owner* owner_;
  uint64_t number_;
  session_key publisher_;
  size_t footprint_ = 0;
};

using batch_ptr = ref_ptr<publication_batch>;

/// One publication of a batch for one subscription of one session.
struct delivery {
  /// Index into `publication_batch::items`.
  uint32_t item = 0;
  /// Subscription identifier of MQTT 5; 0: none.
  uint32_t subscription_id = 0;
  /// Which shared subscription of the session brought it: index + 1 into the
  /// session's table of shared filters; 0: none.
  uint16_t shared = 0;
  /// Given by the session; 0 for QoS 0.
  uint16_t packet_id = 0;
  protocol::qos qos = protocol::qos::at_most_once;
  /// The retain flag as it goes out.
  bool retain = false;
  /// Replayed because of a new subscription, not published just now.
  bool replayed = false;
};

/// A publication on its way to a client from the session's own memory rather
/// than from the batch that brought it: waited in the queue, or sent again.
struct queued_delivery {
  publication_ptr message;
  uint32_t subscription_id = 0;
  uint16_t shared = 0;
  uint16_t packet_id = 0;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  bool dup = false;
  /// Not the message but the PUBREL that follows its PUBREC is due again.
  bool pubrel = false;
  /// What that PUBREL says: packet_identifier_not_found answers a PUBREC that
  /// fits no message in flight.
  protocol::reason reason = protocol::reason::success;
};

} // namespace troupe::broker
