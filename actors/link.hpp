#pragma once

#include "actors/bridge_plan.hpp"
#include "actors/bridge_status.hpp"
#include "actors/messages.hpp"
#include "broker/byte_pace.hpp"
#include "broker/delivery_encoder.hpp"
#include "broker/echo_memory.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace troupe::actors {

/// What the remote broker allows, as its CONNACK said.
struct remote_limits {
  protocol::qos max_qos = protocol::qos::exactly_once;
  bool retain_available = true;
  /// Of messages above QoS 0 that it has not acknowledged.
  uint16_t receive_maximum = 65'535;
  /// Seconds; 0: off.
  uint16_t keep_alive = 0;
};

/// Makes a connection the link of a bridge: the bridge has connected to the
/// remote broker and was accepted there.
struct link_setup {
  bridge_actor owner;
  bridge_plan_ptr plan;
  std::shared_ptr<bridge_status> status;
  remote_limits remote;
  /// The remote broker was not told that this is a bridge, and sends back what
  /// comes from here.
  bool may_echo = false;
  /// It has forgotten the session, and with it perhaps what was retained.
  bool wants_retained = false;
};

/// What a bridge wants its session to be subscribed to, and nothing else.
client_subscribed local_subscriptions(const bridge_plan& plan,
                                      protocol::qos max_qos,
                                      protocol::retain_handling handling);

/// What a connection that is a bridge's link knows besides. To its session it
/// is a client's connection like any other; towards the network the roles of
/// client and server are exchanged.
class link {
public:
  link(link_setup&& setup, time_point now);

  const bridge_plan& plan() const noexcept { return *setup_.plan; }
  bridge_status& status() const noexcept { return *setup_.status; }
  const bridge_actor& owner() const noexcept { return setup_.owner; }

  // -- subscriptions
  // -----------------------------------------------------------

  /// For the session here.
  client_subscribed subscriptions() const;
  /// How many packet identifiers `greeting` needs.
  static uint16_t packet_ids_needed(const bridge_plan& plan) noexcept;
  /// Appends what the remote broker is told first: SUBSCRIBE, UNSUBSCRIBE and
  /// that the bridge is there.
  void greet(byte_buffer& out, const std::vector<uint16_t>& packet_ids);
  /// What is wrong with the answer to one of them; empty: nothing.
  std::string on_suback(const protocol::suback& packet);
  /// Whether this is the answer to what `greet` published: there is one.
  bool takes_answer(protocol::packet_type type, uint16_t packet_id) noexcept;

  // -- messages
  // ----------------------------------------------------------------

  /// Names the message as the remote broker knows it and asks no more of that
  /// than it has. Counts it. False: it has no name there, and is not sent.
  bool prepare(broker::delivery_header& header,
               const broker::publication& message, time_point now);
  /// Names a message that came as it is known here: `name` has the memory.
  /// False: it is not to be taken.
  bool accept(protocol::publish& packet, std::string& name, time_point now);
  /// `prepare` lowered the QoS of these: the answer that the session waits for
  /// instead of the one that came or will not come.
  protocol::packet_type translate(protocol::packet_type type,
                                  uint16_t packet_id);
  /// PUBREL of a message that was lowered is not sent: true, and PUBCOMP is
  /// what the session gets.
  bool swallows_pubrel(uint16_t packet_id);
  /// Messages sent with QoS 0 or not at all that the session believes in
  /// flight.
  std::vector<broker::receiver::acknowledgement>& settled() noexcept {
    return settled_;
  }

  // -- keep alive
  // ----------------------------------------------------------------

  /// Whether to send PINGREQ now. If so, output waits no longer for more.
  bool should_ping(time_point now) noexcept;
  /// PINGREQ is the last of so many bytes of output.
  void pinged(size_t output, time_point now) noexcept;
  void on_pingresp(time_point now) noexcept;
  /// The remote broker has not answered for too long.
  bool is_dead(time_point now, time_point last_read) const noexcept;

  // -- pace
  // ------------------------------------------------------------------------

  /// How much of so many bytes of output may go out now.
  size_t allowance(size_t output, time_point now) noexcept;
  /// So many bytes went out, and others are left.
  void wrote(size_t bytes, size_t left, time_point now) noexcept;
  bool may_read(time_point now) const noexcept { return in_pace_.is_free(now); }
  /// How much to read at a time.
  size_t read_portion() const noexcept { return in_pace_.portion(); }
  void read(size_t bytes, time_point now) noexcept {
    in_pace_.spend(bytes, now);
  }

  /// When something of the above is due.
  time_point deadline(time_point now) const noexcept;

private:
  void lower(broker::delivery_header& header);
  void settle(const broker::delivery_header& header);
  duration patience() const noexcept;

  link_setup setup_;
  std::unique_ptr<broker::echo_memory> echoes_; // null: none is possible
  std::vector<std::pair<uint16_t, std::vector<std::string>>> asked_;
  std::unordered_set<uint16_t> lowered_; // of QoS 2, until their PUBREL
  std::vector<broker::receiver::acknowledgement> settled_;
  broker::byte_pace out_pace_;
  broker::byte_pace in_pace_;
  std::chrono::seconds keep_alive_;
  time_point ping_at_ = never;
  time_point pinged_ = never; // and not answered
  size_t unsent_ = 0;         // bytes of output up to the end of that ping
  time_point batch_until_ = never;
  uint16_t notice_id_ = 0;
};

} // namespace troupe::actors
