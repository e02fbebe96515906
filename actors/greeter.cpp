#include "actors/greeter.hpp"

#include "actors/connect_rules.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"
#include "net/listener.hpp"
#include "protocol/encoder.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::actors {

namespace {

using protocol::version;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A CONNECT has at most five fields of 64 KiB and properties.
constexpr uint32_t largest_connect = 512 * 1024;

/// What all visitors of a loop together may have sent: beyond it, whoever sends
/// more is dismissed.
constexpr size_t most_input_bytes = 64 * 1024 * 1024;

/// Connections taken per event, so that a storm of them leaves the loop time
/// for its clients.
constexpr int accepts_per_event = 64;

/// How long no connection is taken when there is no file descriptor left.
constexpr auto pause_without_descriptors = milliseconds{100};

} // namespace

greeter::greeter(caf::actor_config& cfg, node_context& shared, loop& home,
                 const std::vector<listening_socket>& sockets)
    : light_actor(cfg, &home), node_(shared), loop_(home) {
  for (const auto& at : sockets)
    doors_.push_back(std::make_unique<door>(*this, at));
  set_doors_open(true);
}

greeter::~greeter() = default;

void greeter::receive(const mail& message) {
  if (message.get_if<stop_node>() == nullptr)
    return;
  is_stopping_ = true;
  set_doors_open(false);
  loop_.timers().disarm(*this);
  while (!visitors_.empty())
    dismiss(visitors_.front());
}

void greeter::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Greeter of loop {} failed: {}", loop_.index(),
             what);
}

// -- doors
// ----------------------------------------------------------------------

void greeter::door::on_ready(bool, bool) noexcept {
  try {
    owner_.accept_all(at_);
  } catch (const std::exception& failed) {
    owner_.on_failure(failed.what());
  }
}

void greeter::door::set_open(bool open) {
  if (open == is_open_)
    return;
  is_open_ = open;
  auto wanted = open ? net::interest::read : net::interest::none;
  auto before = open ? net::interest::none : net::interest::read;
  owner_.loop_.poller().change(at_.socket.fd(), this, before, wanted, open);
}

void greeter::set_doors_open(bool open) {
  for (auto& each : doors_)
    each->set_open(open);
}

void greeter::accept_all(const listening_socket& from) {
  using kind = net::accepted::kind;
  for (int i = 0; i < accepts_per_event; ++i) {
    auto result = net::accept_from(from.socket);
    if (result.what == kind::connection) {
      welcome(std::move(result.connection), from.listener);
    } else if (result.what == kind::no_descriptors && make_room()) {
      continue;
    } else if (result.what == kind::no_descriptors) {
      log::write(log::level::error,
                 "No file descriptor left for new connections: raise the limit "
                 "of open files (ulimit -n).");
      set_doors_open(false);
      doors_open_at_ = loop_.now() + pause_without_descriptors;
      arm();
      return;
    } else {
      return;
    }
  }
}

/// Dismisses whoever has been silent longest.
bool greeter::make_room() {
  if (visitors_.empty())
    return false;
  dismiss(visitors_.front());
  return true;
}

void greeter::welcome(net::socket connection, size_t listener) {
  loop_.stats().sockets_accepted.add();
  auto limit = node_.settings.max_pending_connections;
  if (limit != 0 && visitors_.size() >= limit)
    make_room();
  if (node_.settings.connection_messages && log::enabled(log::level::notice))
    log::write(log::level::notice, "New connection from {} on port {}.",
               connection.peer(), node_.settings.listeners[listener].port);
  if (!take_slot(listener)) { // without CONNACK, as Mosquitto does
    log::write(log::level::notice, "Client {} closed: too many connections.",
               connection.peer());
    loop_.stats().connections_refused.add();
    return;
  }
  auto timeout = node_.settings.connect_timeout;
  auto deadline = timeout.count() == 0 ? never : loop_.now() + timeout;
  try {
    visitors_.emplace_back(*this, std::move(connection), listener, deadline);
  } catch (...) {
    give_slot_back(listener);
    throw;
  }
  auto& who = visitors_.back();
  who.position = std::prev(visitors_.end());
  loop_.stats().pending.set(visitors_.size());
  if (!loop_.poller().change(who.stream.fd(), &who, net::interest::none,
                             net::interest::read))
    dismiss(who);
  arm();
}

void greeter::arm() {
  auto deadline = doors_open_at_;
  if (!visitors_.empty())
    deadline = std::min(deadline, visitors_.front().deadline);
  loop_.timers().arm(*this, deadline);
}

void greeter::on_timer(time_point now) noexcept {
  if (now >= doors_open_at_ && !is_stopping_) {
    doors_open_at_ = never;
    set_doors_open(true);
  }
  while (!visitors_.empty() && visitors_.front().deadline <= now) {
    auto& who = visitors_.front();
    log::write(log::level::notice,
               "Client {} closed: no CONNECT within {} seconds.",
               who.stream.peer(), node_.settings.connect_timeout.count());
    dismiss(who);
  }
  arm();
}

// -- visitors
// -------------------------------------------------------------------

void greeter::visitor::on_ready(bool readable, bool) noexcept {
  if (!readable)
    return;
  try {
    owner_.listen_to(*this);
  } catch (const std::exception& failed) {
    owner_.on_failure(failed.what());
    owner_.dismiss(*this);
  }
}

void greeter::listen_to(visitor& who) {
  auto got = who.stream.read(loop_.scratch());
  if (got.what == net::io_result::kind::would_block)
    return;
  if (got.what != net::io_result::kind::done) {
    dismiss(who);
    return;
  }
  loop_.stats().bytes_received.add(got.bytes);
  auto bytes = loop_.scratch().first(got.bytes);
  if (who.input.empty()) {
    consider(who, bytes);
    return;
  }
  who.input.append(bytes);
  input_bytes_ += bytes.size();
  consider(who, who.input.bytes());
}

void greeter::consider(visitor& who, std::span<const uint8_t> bytes) {
  constexpr uint8_t connect_byte = 0x10;
  auto limit = node_.settings.max_packet_size;
  auto largest =
      limit == 0 ? largest_connect : std::min(limit, largest_connect);
  auto next = bytes[0] == connect_byte
                  ? protocol::next_frame(bytes, largest)
                  : failure{ec::protocol_error, "not a CONNECT"};
  if (!next) { // closed in silence, as Mosquitto does [MQTT-3.1.0-1]
    log::write(log::level::notice, "Client {} closed: {}.", who.stream.peer(),
               next.error().text);
    dismiss(who);
    return;
  }
  if (next->has_value()) {
    loop_.stats().packets_received.add();
    judge_connect(who, **next, bytes.subspan((*next)->size));
    return;
  }
  if (who.input.empty()) {
    who.input.append(bytes);
    input_bytes_ += bytes.size();
  }
  if (input_bytes_ > most_input_bytes)
    dismiss(who);
}

void greeter::judge_connect(visitor& who, const protocol::frame& in,
                            std::span<const uint8_t> rest) {
  auto packet = protocol::decode_connect(in);
  if (!packet) {
    refuse_malformed(who, in, packet.error());
    return;
  }
  if (node_.is_short_of_memory.load(std::memory_order_relaxed)) {
    turn_down(who, *packet);
    return;
  }
  auto decision =
      judge_newcomer(*packet, node_.settings, who.listener, loop_.now());
  using kind = broker::connect_decision::kind;
  if (decision.what == kind::accept) {
    hand_over(who, *packet, std::move(decision), rest);
    return;
  }
  loop_.stats().connections_refused.add();
  protocol::connack answer;
  answer.code = decision.code;
  if (decision.what == kind::refuse)
    answer_and_dismiss(who, answer, packet->version, packet->client_id,
                       decision.why);
  else {
    log::write(log::level::notice, "Client {} closed: {}.", who.stream.peer(),
               decision.why);
    dismiss(who);
  }
}

/// There is no memory for another client.
void greeter::turn_down(visitor& who, const protocol::connect& packet) {
  constexpr uint8_t server_unavailable = 3; // of MQTT 3.x
  loop_.stats().connections_refused.add();
  protocol::connack answer;
  answer.code = packet.version == version::v5
                    ? static_cast<uint8_t>(protocol::reason::quota_exceeded)
                    : server_unavailable;
  answer_and_dismiss(who, answer, packet.version, packet.client_id,
                     "the broker is above its memory_limit");
}

/// MQTT 5 clients learn why; so does, in the 5.0 form, who speaks a level that
/// nobody knows. Others are closed in silence.
void greeter::refuse_malformed(visitor& who, const protocol::frame& in,
                               const failure& why) {
  loop_.stats().connections_refused.add();
  auto level = protocol_level(in);
  auto is_told = level && *level != 3 && *level != 4
                 && why.code != ec::topic_name_invalid; // a will with wildcards
  if (is_told) {
    protocol::connack answer;
    answer.code = static_cast<uint8_t>(protocol::reason_for(why.code));
    answer_and_dismiss(who, answer, version::v5, "", why.text);
    return;
  }
  log::write(log::level::notice, "Client {} closed: {}.", who.stream.peer(),
             why.text);
  dismiss(who);
}

void greeter::answer_and_dismiss(visitor& who, const protocol::connack& answer,
                                 version v, std::string_view client_id,
                                 std::string_view why) {
  byte_buffer out;
  protocol::encode(out, answer, v);
  who.stream.write(out.bytes());
  who.stream.shutdown_write();
  loop_.stats().packets_sent.add();
  loop_.stats().bytes_sent.add(out.size());
  log::client(log::level::notice, client_id,
              "Client {} from {} refused with code {}: {}.", client_id,
              who.stream.peer(), answer.code, why);
  dismiss(who);
}

void greeter::hand_over(visitor& who, const protocol::connect& packet,
                        broker::connect_decision&& decision,
                        std::span<const uint8_t> rest) {
  if (node_.settings.connection_messages && log::enabled(log::level::notice))
    log_newcomer(packet, decision, who.stream.peer());
  auto client = std::make_shared<newcomer>();
  client->rest.append(rest);
  client->listener = who.listener;
  client->version = packet.version;
  client->is_bridge = packet.is_bridge;
  client->topic_alias_maximum =
      std::min(packet.properties.topic_alias_maximum.value_or(0),
               node_.settings.listeners[who.listener].max_topic_alias_broker);
  auto home = node_.home_of(decision.client_id);
  client->decision = std::move(decision);
  loop_.poller().change(who.stream.fd(), &who, net::interest::read,
                        net::interest::none);
  client->stream = std::move(who.stream);
  tell(node_.registries[home], handed_over{std::move(client)});
  dismiss(who);
}

/// Counts a connection against the limits; false if there is no room.
bool greeter::take_slot(size_t listener) {
  auto total = node_.connections.fetch_add(1, std::memory_order_relaxed);
  auto here = node_.listener_connections[listener].fetch_add(
      1, std::memory_order_relaxed);
  auto all = node_.settings.global_max_connections;
  auto own = node_.settings.listeners[listener].max_connections;
  if ((all < 0 || total < all) && (own < 0 || here < own))
    return true;
  give_slot_back(listener);
  return false;
}

void greeter::give_slot_back(size_t listener) {
  node_.connections.fetch_sub(1, std::memory_order_relaxed);
  node_.listener_connections[listener].fetch_sub(1, std::memory_order_relaxed);
}

/// Ends `who`, whose address must not be used afterwards.
void greeter::dismiss(visitor& who) {
  loop_.poller().forget(&who);
  if (who.stream.is_open()) // not handed over, where the slot went along
    give_slot_back(who.listener);
  input_bytes_ -= who.input.size();
  visitors_.erase(who.position);
  loop_.stats().pending.set(visitors_.size());
}

} // namespace troupe::actors
