#pragma once

#include "apps/bench/event_loop.hpp"
#include "apps/bench/inflight.hpp"
#include "apps/bench/socket.hpp"
#include "core/byte_buffer.hpp"
#include "protocol/decoder.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace troupe::bench {

class client;

/// What a client tells whoever made it. A callback may close the client, but
/// neither destroy it nor open it again.
class client_owner {
public:
  virtual ~client_owner() = default;
  /// The broker accepted the connection.
  virtual void on_connected(client& who) = 0;
  /// Every SUBSCRIBE was answered; `refused` filters were not granted.
  virtual void on_subscribed(client& who, size_t refused) = 0;
  virtual void on_delivered(client& who, const protocol::publish& message,
                            time_point now) = 0;
  /// A publish of QoS 1 or 2 is complete, well or with an error.
  virtual void on_acknowledged(client& who, protocol::reason code) = 0;
  /// Output that the socket had not taken at once has left.
  virtual void on_drained(client& who) = 0;
  /// The connection ended, and not because of `close`.
  virtual void on_closed(client& who, const std::string& why) = 0;
};

/// What all clients of a run have in common. Outlives them.
struct client_settings {
  endpoint broker;
  protocol::version version = protocol::version::v311;
  protocol::qos qos = protocol::qos::at_most_once;
  uint16_t inflight = 20;
  std::string user_name;
  std::string password;
};

/// One MQTT connection on the project's codec: packets leave gathered, at the
/// loop's next flush, and deliveries are acknowledged as their QoS demands.
class client : private event_handler {
public:
  client(event_loop& loop, client_owner& owner, const client_settings& settings,
         uint32_t index, std::string id);
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() override { close(); }

  /// What the owner knows this client by.
  uint32_t index() const noexcept { return index_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  /// Messages that wait for their acknowledgement.
  uint16_t unacknowledged() const noexcept { return inflight_.in_use(); }
  /// Acknowledgements that nothing waited for.
  uint64_t unexpected() const noexcept { return unexpected_; }

  /// Connects from source address `source` (see `start_connect`) and sends
  /// CONNECT. A failure is reported by `on_closed`, even at once.
  void open(uint32_t source);
  void subscribe(std::span<const std::string> filters);
  /// True while the socket does not take what is to be sent; `on_drained`
  /// follows.
  bool is_stuck() const noexcept { return is_stuck_; }
  /// True while another message may wait for its acknowledgement.
  bool has_room_in_flight() const noexcept;
  /// True while the in-flight window and the output have room.
  bool may_publish() const noexcept;
  /// REQUIRES: may_publish().
  void publish(std::string_view topic, std::string_view payload);
  /// Sends DISCONNECT; `on_closed` follows when the broker has closed.
  void disconnect();
  /// Closes the socket without a word; no callback follows.
  void close();

private:
  void on_readable() override;
  void on_writable() override;
  void on_flush() override;

  void take(std::span<const uint8_t> bytes);
  /// Handles whole packets at the front of `bytes`; returns their size.
  size_t handle_packets(std::span<const uint8_t> bytes);
  void handle(const protocol::frame& in);
  void handle_publish(const protocol::frame& in);
  void handle_other(const protocol::frame& in);
  void handle(const protocol::connack& packet);
  void handle(const protocol::suback& packet);
  void handle(const protocol::acknowledgement& packet);
  void acknowledge(protocol::packet_type type, uint16_t packet_id);
  void send_connect();
  void want_flush();
  void fail(const std::string& why);

  event_loop& loop_;
  client_owner& owner_;
  const client_settings& settings_;
  uint32_t index_;
  int fd_ = -1;
  bool is_connecting_ = false;
  bool is_stuck_ = false;
  bool wants_flush_ = false;
  uint16_t awaited_subacks_ = 0;
  size_t refused_filters_ = 0;
  uint64_t unexpected_ = 0;
  time_point read_at_{};
  std::string id_;
  inflight inflight_;
  /// The beginning of a packet whose end has not arrived.
  byte_buffer partial_;
  byte_buffer output_;
};

} // namespace troupe::bench
