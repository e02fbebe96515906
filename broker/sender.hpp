#pragma once

#include "broker/batch.hpp"
#include "broker/limits.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <span>
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
/// Memory: an idle sender owns none beyond itself. In-flight entries lie in a
/// ring in the order sent; identifiers are given out in turn, so an
/// acknowledgement finds its entry by subtraction, also out of order.
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

  /// Takes out what came through shared subscriptions and was not acknowledged,
  /// so that another member can have it.
  std::vector<queued_delivery> take_shared();

  /// Messages waiting, not counting those in flight.
  size_t queued() const noexcept;
  size_t queued_bytes() const noexcept;
  size_t in_flight() const noexcept;
  /// True if a message of QoS > 0 could be sent right now.
  bool has_room() const noexcept;
  /// Drops since the session began, by reason.
  const std::array<uint64_t, drop_reason_count>& dropped() const noexcept;

private:
  const session_limits* limits_;
};

} // namespace troupe::broker
