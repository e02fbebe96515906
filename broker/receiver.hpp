#pragma once

#include "broker/packet_id_set.hpp"
#include "broker/ring.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <vector>

namespace troupe::broker {

/// The incoming half of a session: which QoS 2 messages are under way, and
/// which acknowledgements are owed in which order. A session lends it to its
/// connection while the client is there. Pure.
///
/// Memory: none beyond itself when nothing is under way.
class receiver {
public:
  enum class verdict : uint8_t {
    /// New: route it.
    route,
    /// QoS 2 identifier already under way: acknowledged again, do not route.
    /// One PUBREC answers all copies that came before it was due.
    duplicate,
    /// More unacknowledged messages than announced [MQTT-3.3.4-9].
    receive_maximum_exceeded,
  };

  /// A new network connection: `receive_maximum` is what CONNACK announced (0:
  /// no limit). QoS 2 identifiers stay, owed acknowledgements do not, and with
  /// an error that was owed its identifier goes.
  void on_connected(uint16_t receive_maximum);
  /// Forgets everything, as a clean start does.
  void clear();
  /// A QoS 2 identifier that was under way before a restart.
  void restore(uint16_t packet_id) { under_way_.insert(packet_id); }

  /// A PUBLISH of QoS > 0 that will travel in the batch `batch_number`.
  /// Batch numbers rise. An acknowledgement is owed from here on.
  verdict on_publish(protocol::qos qos, uint16_t packet_id,
                     uint64_t batch_number);
  /// Owes an acknowledgement that needs no routing (refused by a rule, say).
  /// It keeps its place in the order. For QoS 2 an identifier under way is a
  /// duplicate, whatever `code` says.
  void owe(protocol::qos qos, uint16_t packet_id, protocol::reason code);
  /// The batch is complete. `codes` has one entry per PUBLISH of QoS > 0 of
  /// that batch that was given verdict `route`, in their order.
  void on_batch_complete(uint64_t batch_number,
                         const std::vector<protocol::reason>& codes);
  /// The batch could not be stored: none of it is ever acknowledged, so that a
  /// client that knows no reason codes sends it again.
  void abandon_batch(uint64_t batch_number);
  /// PUBREL of the client: true if the identifier was under way and its PUBREC
  /// was taken. Owes PUBCOMP at once, which is the caller's to send.
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

private:
  enum class state : uint8_t { routing, ready, cancelled, abandoned };

  struct owed {
    uint16_t packet_id = 0;
    protocol::qos qos = protocol::qos::at_most_once;
    protocol::reason code = protocol::reason::success;
    state progress = state::routing;
    /// PUBREC for an identifier whose first PUBREC was taken before.
    bool is_repeat = false;
    /// Place of the next one of the same batch.
    uint32_t next = 0;
  };

  /// A batch under way: its first and last places among what is owed.
  struct open_batch {
    uint64_t number = 0;
    uint32_t first = 0;
    uint32_t last = 0;
    bool is_complete = false;
  };

  /// Places count up from the first PUBLISH and wrap.
  owed& at(uint32_t place) noexcept { return owed_[place - front_place_]; }
  uint32_t append(owed what);
  void append_duplicate(uint16_t packet_id);
  void join_batch(uint64_t number, uint32_t place);
  uint32_t find_batch(uint64_t number) const noexcept;
  void finish_batch(uint64_t number, state progress,
                    const std::vector<protocol::reason>& codes);
  owed* find_owed_pubrec(uint16_t packet_id) noexcept;
  void settle(const owed& what);

  ring<owed> owed_;
  ring<open_batch> batches_;
  // QoS 2 identifiers from PUBLISH to PUBREL, and those of them whose PUBREC is
  // owed: for the first time or again.
  packet_id_set under_way_;
  packet_id_set owing_;
  uint32_t front_place_ = 0;
  uint32_t owed_qos1_ = 0;
  // What counts towards the receive maximum of this connection.
  uint32_t quota_used_ = 0;
  uint16_t receive_maximum_ = 0;
};

} // namespace troupe::broker
