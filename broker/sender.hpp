#pragma once

#include "broker/batch.hpp"
#include "broker/in_flight_table.hpp"
#include "broker/limits.hpp"
#include "broker/ring.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace troupe::broker {

/// What the client announced in CONNECT, for the messages it is sent.
struct sender_parameters {
  protocol::version version = protocol::version::v311;
  /// Receive maximum of MQTT 5; 65,535 where the client named none.
  uint16_t receive_maximum = 65'535;
  /// Bytes; 0: none named.
  uint32_t maximum_packet_size = 0;
};

/// The outgoing half of a session: queue, in-flight window and packet
/// identifiers of what its client is sent. Pure.
///
/// Memory: a sender that holds no message owns none beyond itself once its
/// client is away, and at most a few hundred bytes while it is there.
class sender {
public:
  explicit sender(const session_limits& limits) noexcept : limits_(&limits) {}

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

  /// Messages waiting, not counting those in flight.
  size_t queued() const noexcept { return queue_.size(); }
  size_t queued_bytes() const noexcept { return queued_bytes_; }
  size_t in_flight() const noexcept { return in_flight_.size(); }
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
  };

  bool admit(const publication_ptr& message, delivery& what, time_point now);
  bool is_deliverable(const publication& message, uint32_t subscription_id,
                      protocol::qos qos, time_point now) noexcept;
  bool is_too_large(const publication& message, uint32_t subscription_id,
                    protocol::qos qos) const noexcept;

  uint32_t window() const noexcept;
  bool all_sent() const noexcept { return outstanding_ == in_flight_.size(); }
  bool fits_window(const publication& message) const noexcept;
  uint16_t launch(publication_ptr message, const waiting& how);
  void let_go(entry& what) noexcept;
  void finish(entry& what) noexcept;

  void enqueue(waiting what, time_point now);
  bool is_full_for(const publication& message) const noexcept;
  waiting pop_queue() noexcept;
  void push_queue(waiting what);
  template <class Predicate, class Sink>
  void extract(Predicate is_wanted, Sink take);
  void make_room_for(const publication& message, time_point now);
  void remove_expired(time_point now);

  void on_pubrec(const protocol::acknowledgement& packet,
                 std::vector<queued_delivery>& out);
  void send_more(time_point now, std::vector<queued_delivery>& out);
  void send_queued(time_point now, std::vector<queued_delivery>& out);
  void send_queued_qos0(time_point now, std::vector<queued_delivery>& out);
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
  // The oldest of those others, or one before it; 0: there are none.
  uint16_t resend_from_ = 0;
  bool is_connected_ = false;
  bool is_writable_ = false;
};

} // namespace troupe::broker
