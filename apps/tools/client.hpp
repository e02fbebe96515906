#pragma once

#include "apps/tools/options.hpp"
#include "core/byte_buffer.hpp"
#include "core/clock.hpp"
#include "protocol/decoder.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// A message on its way to the broker; shared, so that it can be sent again.
struct outgoing_message {
  std::string topic;
  std::string payload;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  std::string forwarded_properties;
  std::optional<uint32_t> message_expiry_interval;
  /// 0: none.
  uint16_t topic_alias = 0;
};

/// What a client tells its owner.
class client_events {
public:
  virtual ~client_events() = default;
  /// The broker took the connection.
  virtual void on_connected() = 0;
  /// The broker refused the connection with this code of CONNACK.
  virtual void on_refused(uint8_t code) = 0;
  /// A message came; once for each of QoS 2. If the result is false the message
  /// is not acknowledged: the broker keeps it if it can.
  virtual bool on_message(const protocol::publish& packet) = 0;
  /// The broker acknowledged a message of QoS 1 or 2, or refused it.
  virtual void on_published(uint16_t packet_id, protocol::reason reason,
                            std::string_view text) = 0;
  virtual void on_subscribed(const protocol::suback& packet) = 0;
  /// The broker sent DISCONNECT and will close the connection.
  virtual void on_disconnected(protocol::reason reason) = 0;
};

/// A client's side of MQTT, over any number of connections: what goes out lies
/// in `output`, what comes in is fed. Knows no socket and reads no clock.
class client {
public:
  enum class publish_result { accepted, qos_not_supported, packet_too_large };

  /// Both arguments must outlive the client.
  client(const client_options& options, client_events& events);

  /// Shows the text of packets, line by line.
  void trace_to(std::function<void(const std::string&)> show);

  /// Begins a new connection with CONNECT. Messages without acknowledgement are
  /// sent again once it stands.
  void start(time_point now);

  /// Takes what the broker sent. A failure means: close the connection.
  std::optional<failure> feed(std::span<const uint8_t> bytes, time_point now);

  bool is_connected() const noexcept { return connected_; }

  /// Sends a message, or keeps it until the window has room.
  /// REQUIRES: is_connected().
  publish_result publish(std::shared_ptr<const outgoing_message> message);
  void subscribe(const std::vector<protocol::subscription_request>& filters,
                 const property_list& properties);
  void unsubscribe(const std::string& filter, const property_list& properties);
  void disconnect(protocol::reason reason);

  /// True if another message may be published without keeping too many in
  /// memory.
  bool has_room() const noexcept;
  /// True if no message awaits a packet in either direction.
  bool is_idle() const noexcept;
  /// Messages of QoS 1 and 2 that the broker has not acknowledged.
  size_t unacknowledged() const noexcept { return outgoing_.size(); }

  /// When `on_timer` is wanted.
  time_point deadline() const noexcept;
  /// Sends PINGREQ if it is time. False if the broker fell silent.
  bool on_timer(time_point now);

  /// Bytes for the broker; the owner consumes what it has written.
  byte_buffer& output() noexcept { return output_; }
  const byte_buffer& output() const noexcept { return output_; }
  /// Tells when the last bytes of `output` left.
  void on_written(time_point now) noexcept;

  /// The client identifier in use; empty if only the broker knows.
  const std::string& id() const noexcept { return id_; }

private:
  struct in_flight {
    uint16_t packet_id = 0;
    std::shared_ptr<const outgoing_message> message;
    /// It was sent on an earlier connection of the same session.
    bool dup = false;
    /// PUBREC came: the message is the broker's, only PUBREL is left.
    bool released = false;
  };

  void send(const protocol::packet& packet);
  void send_connect();
  void send_publish(const outgoing_message& message, uint16_t packet_id,
                    bool dup);
  void send_acknowledgement(protocol::packet_type type, uint16_t packet_id,
                            protocol::reason reason);
  void resume(bool session_present);
  void pump();
  uint16_t next_packet_id() noexcept;
  std::deque<in_flight>::iterator find(uint16_t packet_id) noexcept;
  void complete(std::deque<in_flight>::iterator entry, protocol::reason reason,
                std::string_view text);
  void release(in_flight& entry);

  bool is_old_connack(std::span<const uint8_t> bytes) const noexcept;
  std::optional<failure> handle(const protocol::packet& packet);
  std::optional<failure> handle_connected(const protocol::packet& packet);
  std::optional<failure> on_connack(const protocol::connack& packet);
  std::optional<failure> on_publish(protocol::publish packet);
  void on_acknowledgement(const protocol::acknowledgement& packet);
  bool resolve_alias(protocol::publish& packet);
  bool is_v5() const noexcept {
    return options_.version == protocol::version::v5;
  }

  const client_options& options_;
  client_events& events_;
  std::function<void(const std::string&)> show_;
  std::string id_;

  protocol::decoder decoder_;
  byte_buffer output_;
  bool connected_ = false;

  // What CONNACK said.
  uint16_t window_ = 20;
  uint16_t topic_alias_maximum_ = 0;
  protocol::qos maximum_qos_ = protocol::qos::exactly_once;
  bool retain_available_ = true;
  uint32_t maximum_packet_size_ = UINT32_MAX;
  std::chrono::seconds keep_alive_{0};

  uint16_t last_packet_id_ = 0;
  std::deque<in_flight> outgoing_;
  size_t outgoing_bytes_ = 0;
  /// How many of `outgoing_` were sent on this connection: the first ones.
  size_t sent_count_ = 0;
  /// QoS 2 messages received but not released.
  std::set<uint16_t> incoming_;
  std::set<uint16_t> announced_aliases_;
  std::vector<std::string> received_aliases_;

  time_point last_sent_{};
  time_point last_received_{};
  /// When PINGRESP or CONNACK is overdue.
  time_point answer_due_ = never;
};

} // namespace troupe::tools
