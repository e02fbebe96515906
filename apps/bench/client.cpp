#include "apps/bench/client.hpp"

#include "protocol/encoder.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace troupe::bench {

using protocol::packet_type;
using protocol::reason;

namespace {

/// Output above this is a socket that takes no more: publishing pauses.
constexpr size_t output_limit = 64 * 1024;
constexpr size_t filters_per_subscribe = 200;
constexpr uint32_t max_packet_size = protocol::max_remaining_length + 1;

std::string system_text(const char* call, int number) {
  return fmt::format("{}: {}", call, std::strerror(number));
}

} // namespace

client::client(event_loop& loop, client_owner& owner,
               const client_settings& settings, uint32_t index, std::string id)
    : loop_(loop), owner_(owner), settings_(settings), index_(index),
      id_(std::move(id)), inflight_(settings.inflight) {}

void client::open(uint32_t source) {
  fd_ = start_connect(settings_.broker, source);
  if (fd_ < 0) {
    owner_.on_closed(*this, system_text("connect", errno));
    return;
  }
  is_connecting_ = true;
  loop_.add(fd_, *this, true);
}

void client::send_connect() {
  protocol::connect packet;
  packet.version = settings_.version;
  packet.client_id = id_;
  if (!settings_.user_name.empty())
    packet.user_name = settings_.user_name;
  if (!settings_.password.empty())
    packet.password = settings_.password;
  protocol::encode(output_, packet);
  want_flush();
}

void client::subscribe(std::span<const std::string> filters) {
  refused_filters_ = 0;
  while (!filters.empty()) {
    auto count = std::min(filters.size(), filters_per_subscribe);
    protocol::subscribe packet;
    packet.packet_id = ++awaited_subacks_;
    for (const auto& filter : filters.first(count))
      packet.subscriptions.push_back({filter, {.qos = settings_.qos}});
    protocol::encode(output_, packet, settings_.version);
    filters = filters.subspan(count);
  }
  want_flush();
}

bool client::has_room_in_flight() const noexcept {
  return settings_.qos == protocol::qos::at_most_once || inflight_.has_room();
}

bool client::may_publish() const noexcept {
  return is_open() && output_.size() < output_limit && has_room_in_flight();
}

void client::publish(std::string_view topic, std::string_view payload) {
  protocol::publish packet;
  packet.topic = topic;
  packet.payload = payload;
  packet.qos = settings_.qos;
  if (packet.qos != protocol::qos::at_most_once)
    packet.packet_id = inflight_.take(packet.qos);
  protocol::encode(output_, packet, settings_.version);
  want_flush();
}

void client::disconnect() {
  protocol::encode(output_, protocol::disconnect{}, settings_.version);
  want_flush();
}

void client::close() {
  if (fd_ < 0)
    return;
  loop_.remove(fd_, *this);
  ::close(fd_);
  fd_ = -1;
  is_connecting_ = is_stuck_ = wants_flush_ = false;
  partial_.release();
  output_.release();
}

void client::fail(const std::string& why) {
  close();
  owner_.on_closed(*this, why);
}

void client::want_flush() {
  if (wants_flush_ || is_stuck_ || is_connecting_)
    return;
  wants_flush_ = true;
  loop_.want_flush(*this);
}

void client::on_flush() {
  wants_flush_ = false;
  if (output_.empty())
    return;
  auto sent = send(fd_, output_.data(), output_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR)
    return fail(system_text("send", errno));
  output_.consume(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
  if (is_stuck_ == output_.empty()) {
    is_stuck_ = !output_.empty();
    loop_.set_wants_to_write(fd_, *this, is_stuck_);
  }
}

void client::on_writable() {
  if (is_connecting_) {
    if (auto why = connect_error(fd_); why != 0)
      return fail(system_text("connect", why));
    is_connecting_ = false;
    loop_.set_wants_to_write(fd_, *this, false);
    return send_connect();
  }
  on_flush();
  if (is_open() && !is_stuck_)
    owner_.on_drained(*this);
}

void client::on_readable() {
  if (is_connecting_)
    return on_writable();
  auto room = loop_.scratch();
  auto got = recv(fd_, room.data(), room.size(), 0);
  if (got > 0)
    return take(room.first(static_cast<size_t>(got)));
  if (got == 0)
    return fail("closed by the broker");
  if (errno != EAGAIN && errno != EINTR)
    fail(system_text("recv", errno));
}

void client::take(std::span<const uint8_t> bytes) {
  read_at_ = clock::now();
  if (partial_.empty()) {
    auto used = handle_packets(bytes);
    if (is_open())
      partial_.append(bytes.subspan(used));
    return;
  }
  partial_.append(bytes);
  auto used = handle_packets(partial_.bytes());
  if (is_open())
    partial_.consume(used);
}

size_t client::handle_packets(std::span<const uint8_t> bytes) {
  size_t used = 0;
  while (is_open()) {
    auto next = protocol::next_frame(bytes.subspan(used), max_packet_size);
    if (!next) {
      fail(fmt::format("bad packet: {}", next.error().text));
      break;
    }
    if (!*next)
      break;
    used += (*next)->size;
    handle(**next);
  }
  return used;
}

void client::handle(const protocol::frame& in) {
  if (in.type() == packet_type::publish)
    handle_publish(in);
  else
    handle_other(in);
}

void client::handle_publish(const protocol::frame& in) {
  auto packet = protocol::decode_publish(in, settings_.version);
  if (!packet)
    return fail(fmt::format("bad PUBLISH: {}", packet.error().text));
  if (packet->qos == protocol::qos::at_least_once)
    acknowledge(packet_type::puback, packet->packet_id);
  else if (packet->qos == protocol::qos::exactly_once)
    acknowledge(packet_type::pubrec, packet->packet_id);
  owner_.on_delivered(*this, *packet, read_at_);
}

void client::handle_other(const protocol::frame& in) {
  auto packet = protocol::decode(in, settings_.version);
  if (!packet)
    return fail(fmt::format("bad {}: {}", protocol::to_string(in.type()),
                            packet.error().text));
  if (auto* answer = std::get_if<protocol::acknowledgement>(&*packet))
    handle(*answer);
  else if (auto* accepted = std::get_if<protocol::connack>(&*packet))
    handle(*accepted);
  else if (auto* granted = std::get_if<protocol::suback>(&*packet))
    handle(*granted);
  else if (auto* end = std::get_if<protocol::disconnect>(&*packet))
    fail(fmt::format("broker sent DISCONNECT: {}",
                     to_string(end->reason, packet_type::disconnect)));
  else
    fail(fmt::format("unexpected {}", protocol::to_string(in.type())));
}

void client::handle(const protocol::connack& packet) {
  if (packet.code != 0)
    return fail(fmt::format("CONNACK {}", packet.code));
  if (auto limit = packet.properties.receive_maximum)
    inflight_.lower_limit(*limit);
  owner_.on_connected(*this);
}

void client::handle(const protocol::suback& packet) {
  refused_filters_ += static_cast<size_t>(
      std::count_if(packet.codes.begin(), packet.codes.end(),
                    [](reason code) { return is_error(code); }));
  if (awaited_subacks_ == 0)
    return fail("unexpected SUBACK");
  if (--awaited_subacks_ == 0)
    owner_.on_subscribed(*this, refused_filters_);
}

void client::handle(const protocol::acknowledgement& packet) {
  if (packet.type == packet_type::pubrel)
    return acknowledge(packet_type::pubcomp, packet.packet_id);
  auto refused = is_error(packet.reason);
  if (!inflight_.acknowledge(packet.packet_id, packet.type, refused)) {
    ++unexpected_;
    return;
  }
  if (packet.type == packet_type::pubrec && !refused)
    acknowledge(packet_type::pubrel, packet.packet_id);
  else
    owner_.on_acknowledged(*this, packet.reason);
}

void client::acknowledge(packet_type type, uint16_t packet_id) {
  protocol::encode_acknowledgement(output_, type, packet_id, reason::success,
                                   settings_.version);
  want_flush();
}

} // namespace troupe::bench
