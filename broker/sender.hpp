#pragma once

#include "broker/batch.hpp"
#include "broker/in_flight_table.hpp"
#include "broker/limits.hpp"
#include "broker/ring.hpp"
#include "broker/store.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::broker {

/// What the client announced in CONNECT, for the messages it is sent.
struct sender_parameters {
  protocol::version version = protocol::version::v311;
  /// Receive maximum of MQTT 5; 65,535 where the client named none.
  uint16_t receive_maximum = 65'535;
  /// Bytes; 0: none named.
  uint32_t maximum_packet_size = 0;
  /// It is a peer, a node of troupe: it is sent paths, too.
  bool is_peer = false;
  /// False: what there is waits as if the client were away.
  bool takes_messages = true;
};

/// Has the messages of a durable session remembered. Its owner implements it.
class sender_journal {
public:
  /// The message `item` of the batch being accepted must be remembered as
  /// `how` says. `notify`: `sender::on_settled` must be called for its part.
  virtual stored_ref remember(uint32_t item, const publication& message,
                              const entry_options& how, bool notify) = 0;
  /// An entry is dealt with. `size` as for `store::put_released`; 0: it was
  /// released.
  virtual void erase(uint64_t sequence, size_t size) = 0;
  /// PUBREC has come: `sender::on_released` must be called once that is stored.
  virtual void release(uint64_t sequence, uint16_t packet_id, size_t size) = 0;
  /// `sender::on_slice` must be called with what lies on disk from there on.
  virtual void read(uint64_t from) = 0;
  /// The oldest entry from there on makes room, or as many as hold `bytes` of
  /// payload. `sender::on_removed` follows with what goes beyond.
  virtual void drop_oldest(uint64_t from, size_t bytes) = 0;
  /// What has expired makes room: `sender::on_removed` follows.
  virtual void drop_expired() = 0;

protected:
  ~sender_journal() = default;
};

/// What of a durable session's queue lies on disk only.
struct disk_backlog {
  uint32_t messages = 0;
  /// Messages whose part is not settled yet.
  uint32_t unsettled = 0;
  /// Of payloads.
  size_t bytes = 0;
  /// Nothing of it expires before.
  time_point earliest_expiry = never;
};

/// The outgoing half of a session: queue, in-flight window and packet
/// identifiers of what its client is sent. Pure.
///
/// With a journal it is that of a durable session: every message that is to be
/// kept is remembered, what cannot go out at once waits on disk only, and is
/// read back in slices. What is in memory then is the window and one slice.
///
/// Memory: a sender that holds no message owns none beyond itself once its
/// client is away, and at most a few hundred bytes while it is there.
class sender {
public:
  explicit sender(const session_limits& limits) noexcept : limits_(&limits) {}
  /// Other limits count from now on; they must outlive the sender.
  void set_limits(const session_limits& limits) noexcept { limits_ = &limits; }

  /// The client is there. Appends to `out` what it must be sent again, in the
  /// original order: PUBLISH with DUP or PUBREL [MQTT-4.4.0-1], then what the
  /// queue holds and the window lets pass.
  void on_connected(const sender_parameters& client, time_point now,
                    std::vector<queued_delivery>& out);
  /// The client is away. With `keep` false all is forgotten.
  void on_disconnected(bool keep);

  /// Decides for each delivery: send now (it stays in `deliveries`, with its
  /// packet identifier), keep for later, or drop. What is not to be sent now is
  /// removed from `deliveries`; order is kept.
  void accept(const publication_batch& batch, std::vector<delivery>& deliveries,
              time_point now);

  /// An acknowledgement of the client. Appends to `out` what may be sent now:
  /// queued messages, or the PUBREL that answers a PUBREC. An unknown PUBREC is
  /// answered with PUBREL (reason packet_identifier_not_found for 5.0), unknown
  /// PUBACK and PUBCOMP are ignored, as Mosquitto does.
  void on_acknowledgement(const protocol::acknowledgement& packet,
                          time_point now, std::vector<queued_delivery>& out);

  /// False while the connection cannot take more: QoS > 0 waits in the queue.
  /// On the way back to true appends what may be sent now.
  void set_writable(bool writable, time_point now,
                    std::vector<queued_delivery>& out);

  /// Takes out what came through the shared subscription `shared` (0: through
  /// any) and may go to another member: what waits and, while the client is
  /// away, what was sent with QoS 1. QoS 2 in flight stays [MQTT-4.8.2-4],
  /// [MQTT-4.8.2-5].
  std::vector<queued_delivery> take_shared(uint16_t shared = 0);
  /// What came through `shared` is from now on like any other message.
  void forget_shared(uint16_t shared) noexcept;

  // -- durable sessions -------------------------------------------------------

  /// From now on messages are remembered. `backlog` lies on disk already,
  /// in-flight messages included. REQUIRES: nothing was accepted before.
  void attach(sender_journal& journal, const disk_backlog& backlog);
  /// The journal goes, and with it all that is remembered. REQUIRES: nothing
  /// is queued or in flight.
  void detach() noexcept;
  /// What was launched before the client left. REQUIRES: no slice was read.
  void restore_window(std::vector<launch_run> window) noexcept {
    disk_->window = std::move(window);
  }
  /// What `sender_journal::read` asked for.
  void on_slice(queue_slice&& slice, time_point now,
                std::vector<queued_delivery>& out);
  /// A part is written or could not be written.
  void on_settled(journal_part& part, time_point now,
                  std::vector<queued_delivery>& out);
  /// Packet identifiers of messages that must not be sent before `window()` is
  /// stored; `on_window_stored` follows then. False: there is nothing to store.
  bool take_window_change(std::vector<uint16_t>& packet_ids);
  const std::vector<launch_run>& window() const noexcept {
    return disk_->window;
  }
  void on_window_stored(const std::vector<uint16_t>& packet_ids,
                        std::vector<queued_delivery>& out);
  /// The window cannot be stored for now: QoS 1 messages do not wait for it.
  void on_window_late(const std::vector<uint16_t>& packet_ids,
                      std::vector<queued_delivery>& out);
  /// The PUBRECs for these are stored: their PUBRELs go out.
  void on_released(const std::vector<uint16_t>& packet_ids,
                   std::vector<queued_delivery>& out);
  /// Asks for notice of every part in flight that is not settled; returns how
  /// many parts that are.
  size_t ask_for_notices();
  /// Entries were removed from the queue on disk by somebody else. Nothing of
  /// what was left then expires before `earliest_expiry`.
  void on_removed(size_t messages, size_t bytes,
                  time_point earliest_expiry = never) noexcept;
  /// All entries up to this number have been dealt with; 0: none for certain.
  uint64_t done_until() const noexcept;
  /// A window of which nothing is in flight any more is to be stored as empty:
  /// nobody launches anything for a while.
  void forget_window() noexcept;
  /// The client is away and all is on disk: forgets it and returns how much
  /// that is, not counting what is in flight.
  disk_backlog park();

  /// Messages waiting, not counting those in flight.
  size_t queued() const noexcept {
    return queue_.size() + (disk_ ? disk_->backlog.messages : 0);
  }
  size_t queued_bytes() const noexcept {
    return queued_bytes_ + (disk_ ? disk_->backlog.bytes : 0);
  }
  size_t in_flight() const noexcept { return in_flight_.size(); }
  /// So many packet identifiers that no message has, and none gets before
  /// tens of thousands of others.
  std::vector<uint16_t> spare_packet_ids(size_t count);
  /// True if a message of QoS > 0 could be sent right now.
  bool has_room() const noexcept;
  /// Drops since the session began, by reason.
  const std::array<uint64_t, drop_reason_count>& dropped() const noexcept {
    return dropped_;
  }

private:
  using entry = in_flight_table::entry;

  struct waiting {
    publication_ptr message;
    uint32_t subscription_id = 0;
    uint16_t shared = 0;
    protocol::qos qos = protocol::qos::at_most_once;
    bool retain = false;
    /// On disk; 0: it is not there.
    uint64_t sequence = 0;
    time_point waits_until = never;

    time_point ends_at() const noexcept {
      return std::min(message->expires_at(), waits_until);
    }
  };

  /// What only a durable sender has.
  struct disk_side {
    sender_journal* journal = nullptr;
    /// What lies there only.
    disk_backlog backlog;
    /// The lowest sequence number that may not have been read back.
    uint64_t cursor = 1;
    std::vector<launch_run> window;
    /// Launched from the queue since the window was stored.
    std::vector<uint16_t> awaiting_window;
    /// Sequence numbers from `cursor` on that are no news when a slice comes,
    /// because they went out directly.
    std::vector<uint64_t> known;
    /// Messages in flight that wait for the disk. What comes behind them waits
    /// as well, whatever its QoS: order is kept.
    uint32_t unstored = 0;
    bool window_changed = false;
    bool may_read = false;
    bool is_reading = false;
  };

  bool admit(const publication_ptr& message, delivery& what, time_point now);
  bool is_deliverable(const publication& message, uint32_t subscription_id,
                      protocol::qos qos, time_point now) noexcept;
  bool is_deliverable(const waiting& what, time_point now) noexcept;
  bool is_too_large(const publication& message, uint32_t subscription_id,
                    protocol::qos qos) const noexcept;

  uint32_t max_outstanding() const noexcept;
  bool all_sent() const noexcept { return outstanding_ == in_flight_.size(); }
  bool fits_window(const publication& message) const noexcept;
  bool nothing_waits() const noexcept {
    return queue_.empty()
           && (!disk_ || (disk_->backlog.messages == 0 && !disk_->may_read));
  }
  entry& launch(publication_ptr message, const waiting& how);
  void let_go(entry& what) noexcept;
  void finish(entry& what);

  // sender_durable.cpp
  bool remember_launched(entry& sent, const delivery& what);
  void enqueue_on_disk(const publication& message, const delivery& what,
                       time_point now);
  void hold_back(entry& sent) noexcept;
  void make_room_on_disk(const publication& message);
  void forget_stored(entry& what);
  void forget_waiting(const waiting& what);
  bool release(entry& what);
  void note_launch(entry& sent, uint64_t sequence);
  void send_stored(entry& what, std::vector<queued_delivery>& out);
  void settle_entry(journal_part& part, uint32_t index,
                    std::vector<queued_delivery>& out);
  void settle_waiting(size_t messages, size_t bytes, bool failed) noexcept;
  void take_entry(stored_entry&& what);
  bool take_in_flight(stored_entry& what, uint16_t packet_id);
  uint16_t launched_id(const stored_entry& what) const noexcept;
  void collect_known();
  void trim_window();
  void forget_disk() noexcept;
  void read_more();

  void enqueue(waiting what, time_point now);
  bool is_full_for(const publication& message) const noexcept;
  waiting pop_queue() noexcept;
  void push_queue(waiting what);
  template <class Predicate, class Sink>
  void extract(Predicate is_wanted, Sink take);
  void make_room_for(const publication& message, time_point now);
  void drop_oldest_for(const publication& message);
  void remove_expired(time_point now);

  void on_pubrec(const protocol::acknowledgement& packet,
                 std::vector<queued_delivery>& out);
  void send_more(time_point now, std::vector<queued_delivery>& out);
  void send_queued(time_point now, std::vector<queued_delivery>& out);
  void send_queued_qos0(time_point now, std::vector<queued_delivery>& out);
  void send_queued_qos0(waiting what, std::vector<queued_delivery>& out);
  void send_all_again(std::vector<queued_delivery>& out);
  void send_rest_again(std::vector<queued_delivery>& out);
  void send_again(entry& what, std::vector<queued_delivery>& out);
  void release_unused() noexcept;

  void count_drop(drop_reason why) noexcept {
    ++dropped_[static_cast<size_t>(why)];
  }

  const session_limits* limits_;
  in_flight_table in_flight_;
  ring<waiting> queue_;
  std::array<uint64_t, drop_reason_count> dropped_{};
  size_t queued_bytes_ = 0;
  size_t in_flight_bytes_ = 0;
  // Nothing in the queue expires before.
  time_point earliest_expiry_ = never;
  sender_parameters client_;
  uint32_t queued_qos0_ = 0;
  // Entries in flight that were sent on this connection. There are others only
  // if the client came back with a smaller receive maximum; they wait for room.
  uint32_t outstanding_ = 0;
  std::unique_ptr<disk_side> disk_; // null: not durable
  // The oldest of those others, or one before it; 0: there are none.
  uint16_t resend_from_ = 0;
  bool is_connected_ = false;
  bool is_writable_ = false;
};

} // namespace troupe::broker
