#pragma once

#include "protocol/packet.hpp"

#include <cstdint>
#include <vector>

namespace troupe::broker {

/// The incoming half of a session: which QoS 2 messages are under way, and
/// which acknowledgements are owed in which order. A session lends it to its
/// connection while the client is there. Pure.
class receiver {
public:
  enum class verdict : uint8_t {
    /// New: route it.
    route,
    /// QoS 2 identifier already under way: acknowledge again, do not route.
    duplicate,
    /// More unacknowledged messages than announced [MQTT-3.3.4-9].
    receive_maximum_exceeded,
  };

  /// A new network connection: `receive_maximum` is what CONNACK announced (0:
  /// no limit). QoS 2 identifiers stay, owed acknowledgements do not.
  void on_connected(uint16_t receive_maximum);
  /// Forgets everything, as a clean start does.
  void clear();

  /// A PUBLISH of QoS > 0 that will travel in the batch `batch_number`.
  /// Batch numbers rise. An acknowledgement is owed from here on.
  verdict on_publish(protocol::qos qos, uint16_t packet_id,
                     uint64_t batch_number);
  /// Owes an acknowledgement that needs no routing (refused by a rule, say).
  void owe(protocol::qos qos, uint16_t packet_id, protocol::reason code);
  /// The batch is complete. `codes` has one entry per PUBLISH of QoS > 0 of
  /// that batch that was given verdict `route`, in their order.
  void on_batch_complete(uint64_t batch_number,
                         const std::vector<protocol::reason>& codes);
  /// PUBREL of the client: true if the identifier was under way. Owes PUBCOMP
  /// at once.
  bool on_pubrel(uint16_t packet_id);

  struct acknowledgement {
    protocol::packet_type type;
    uint16_t packet_id;
    protocol::reason reason;
  };
  /// Moves to `out` the PUBACK and PUBREC packets that may be sent now: in the
  /// order of the PUBLISHes [MQTT-4.6.0-2], [MQTT-4.6.0-3]. A PUBREC with an
  /// error reason frees its identifier.
  void take_due(std::vector<acknowledgement>& out);

  /// Messages received and not yet acknowledged: QoS 1 until PUBACK, QoS 2
  /// until PUBCOMP.
  size_t unacknowledged() const noexcept;
};

} // namespace troupe::broker
