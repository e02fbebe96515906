#pragma once

#include "actors/loop.hpp"
#include "broker/batch.hpp"
#include "broker/delivery_encoder.hpp"
#include "broker/topic_aliases.hpp"
#include "core/byte_buffer.hpp"
#include "net/stream.hpp"
#include "protocol/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// What bounds the output of one client, bytes.
struct output_limits {
  size_t pause;
  size_t limit;
};

/// What the client announced in CONNECT.
struct client_limits {
  uint16_t topic_alias_maximum = 0;
  /// Bytes; 0: none.
  uint32_t maximum_packet_size = 0;
};

/// The output of one connection: encodes what its client is sent and writes it
/// once per turn. A client that reads slower than its publishers send slows
/// them, for a moment: while the output is above the pause mark it holds on to
/// the batches that filled it. One that does not catch up within `patience` is
/// slow: it holds nobody any more and loses QoS 0 messages above its limit,
/// until its output was below the mark again.
class client_output {
public:
  /// How long one client may slow others down.
  static constexpr auto patience = std::chrono::milliseconds{100};
  /// Output may exceed the limit by this factor while publishers are held: what
  /// they have under way is bounded by their credit.
  static constexpr size_t held_factor = 16;

  client_output(loop& home, protocol::version v, output_limits limits,
                const client_limits& client);

  /// Appends a PUBLISH. False, and counted, if it is QoS 0 and over the limit.
  bool publish(const broker::publication& message,
               broker::delivery_header header);
  /// Call after the publications of `batch` were appended.
  void hold(broker::batch_ptr batch);
  /// The buffer for any other packet.
  byte_buffer& control();

  bool empty() const noexcept { return buffer_.empty(); }
  size_t size() const noexcept { return buffer_.size(); }
  bool is_above_pause() const noexcept { return size() > limits_.pause; }
  bool is_below_pause() const noexcept { return size() <= limits_.pause / 2; }

  /// One write, of at most so many bytes. `done` also if all of them were
  /// written or nothing was there.
  net::io_result::kind flush(net::stream& to, size_t most = SIZE_MAX);
  /// When `on_patience_over` is due; `never` if nobody is held.
  time_point hold_deadline() const noexcept { return hold_until_; }
  void on_patience_over();
  /// Gives memory and held batches back.
  void discard();

  uint64_t dropped() const noexcept { return dropped_; }

private:
  void let_go();
  void choose_alias(const broker::publication& message,
                    broker::delivery_header& header);

  loop& home_;
  byte_buffer buffer_;
  std::vector<broker::batch_ptr> held_;
  std::unique_ptr<broker::outgoing_aliases> aliases_;
  time_point hold_until_ = never;
  output_limits limits_;
  uint64_t dropped_ = 0;
  uint32_t maximum_packet_size_;
  protocol::version version_;
  bool slow_ = false;
};

} // namespace troupe::actors
