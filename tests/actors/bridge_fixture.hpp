#pragma once

#include "../broker/publications.hpp"
#include "../net/pairs.hpp"
#include "actors/bridge.hpp"
#include "actors/journaling.hpp"
#include "actors/registry.hpp"
#include "actors/subtree.hpp"
#include "fixture.hpp"
#include "net/listener.hpp"
#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"

#include <caf/exit_reason.hpp>

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

using protocol::qos;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr auto speaks = protocol::version::v5;

/// A remote broker on a unix socket: says what came, and answers as it is told.
class remote_broker {
public:
  remote_broker() {
    std::string folder = "/tmp/troupe-bridge-XXXXXX";
    CAF_REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    auto listening = net::listen_unix(path());
    CAF_REQUIRE_EQUAL(listening.error, "");
    listening_ = std::move(listening.sockets.front());
  }
  ~remote_broker() {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }

  std::string path() const { return folder_ + "/socket"; }

  /// Takes what has come and answers it.
  void serve() {
    if (auto next = net::accept_from(listening_);
        next.what == net::accepted::kind::connection) {
      socket_ = std::move(next.connection);
      input_.clear();
      ++connections;
    }
    std::array<uint8_t, 65536> room;
    while (socket_.is_open()) {
      auto got = socket_.read(room);
      if (got.what != net::io_result::kind::done) {
        if (got.what != net::io_result::kind::would_block) {
          socket_.close();
          text_ += "end ";
        }
        break;
      }
      input_.append(std::span<const uint8_t>{room}.first(got.bytes));
    }
    for (;;) {
      auto frame = protocol::next_frame(input_.bytes(), 1 << 20);
      CAF_REQUIRE(frame);
      if (!frame->has_value())
        break;
      take(**frame);
      input_.consume((*frame)->size);
    }
  }

  std::string take_text() {
    auto result = std::exchange(text_, {});
    if (!result.empty())
      result.pop_back();
    return result;
  }

  template <class Packet>
  void send(const Packet& packet) {
    troupe::byte_buffer out;
    protocol::encode(out, packet, speaks);
    socket_.write(out.bytes());
  }
  void close() { socket_.close(); }

  /// For CONNECT; nothing: no answer.
  std::optional<uint8_t> answer = 0;
  int connections = 0;

private:
  void take(const protocol::frame& frame) {
    auto decoded = protocol::decode(frame, speaks);
    CAF_REQUIRE(decoded);
    if (auto* hello = std::get_if<protocol::connect>(&*decoded)) {
      text_ += "CONNECT:" + std::string{hello->client_id} + " ";
      if (!answer)
        return;
      protocol::connack packet;
      packet.code = *answer;
      send(packet);
    } else if (auto* in = std::get_if<protocol::subscribe>(&*decoded)) {
      text_ += "SUBSCRIBE ";
      protocol::suback packet;
      packet.packet_id = in->packet_id;
      packet.codes.resize(in->subscriptions.size());
      send(packet);
    } else if (auto* sent = std::get_if<protocol::publish>(&*decoded)) {
      text_ += std::string{sent->topic} + "=" + std::string{sent->payload}
               + (sent->dup ? "!" : "") + " ";
      if (sent->qos == qos::at_least_once) {
        troupe::byte_buffer out;
        protocol::encode_acknowledgement(out, protocol::packet_type::puback,
                                         sent->packet_id,
                                         protocol::reason::success, speaks);
        socket_.write(out.bytes());
      }
    } else if (std::holds_alternative<protocol::pingreq>(*decoded)) {
      send(protocol::pingresp{});
    } else if (std::holds_alternative<protocol::disconnect>(*decoded)) {
      text_ += "DISCONNECT ";
    }
  }

  std::string folder_;
  net::socket listening_;
  net::socket socket_;
  troupe::byte_buffer input_;
  std::string text_;
};

/// A remote broker, and for a bridge to it a true registry, true sessions and a
/// subtree, on a loop that only tests turn.
struct bridge_fixture : caf_fixture {
  bridge_fixture() {
    node.loops.push_back(std::make_unique<loop>(sys, 0));
    node.subtrees.push_back(std::make_unique<subtree_stats>());
    CAF_REQUIRE_EQUAL(home().open(), "");
    topics =
        spawn_light<subtree>(sys, 0, subtree_options{}, *node.subtrees.front());
    home().set_routes(std::make_shared<const route_table>(
        std::vector<subtree_actor>{topics}));
    node.registries.push_back(spawn_light<registry>(sys, node, home()));
    watcher = record<supervisor_actor>(sys, [this](const mail& message) {
      if (message.get_if<drain_finished>())
        ++drained;
    });
    deref<registry>(registry_handle()).set_supervisor(watcher);
    own.name = "br";
    own.addresses.push_back({"", 0, remote.path()});
    own.topics = {{"up/#", config::bridge_direction::out, 1, "", ""},
                  {"down/#", config::bridge_direction::in, 1, "", ""}};
    own.protocol_version = config::bridge_protocol::mqttv50;
    own.remote_clientid = "here";
    own.local_clientid = "local.here";
    own.notifications = false;
    own.restart_base = seconds{5};
    own.restart_cap = seconds{0};
    own.queue_qos0_messages = true;
  }

  /// REQUIRES: the bridges were stopped.
  ~bridge_fixture() {
    tell(registry_handle(), stop_node{});
    pass(seconds{1});
    caf::anon_send_exit(registry_handle(), caf::exit_reason::kill);
    pass(seconds{3600});
    node.registries.clear();
  }

  loop& home() { return *node.loops.front(); }
  registry_actor& registry_handle() { return node.registries.front(); }

  /// What is made of `own`.
  bridge_plan_ptr make_plan() {
    auto plan = std::make_shared<bridge_plan>();
    plan->own = own;
    std::vector<broker::bridge_rule> rules;
    for (const auto& each : own.topics)
      rules.push_back({each.pattern,
                       each.direction == config::bridge_direction::out
                           ? broker::bridge_direction::out
                           : broker::bridge_direction::in,
                       static_cast<qos>(each.qos), each.local_prefix,
                       each.remote_prefix});
    plan->topics = broker::bridge_topics{rules};
    plan->limits.queue_qos0_messages = *own.queue_qos0_messages;
    plan->limits.max_queued_age = own.max_queued_age;
    plan->policy = home().policy().listeners.front();
    return plan;
  }
  void turn() {
    home().run_one_turn(at);
    remote.serve();
  }
  void turn(int count) {
    while (count-- > 0)
      turn();
  }
  void settle() { turn(15); }
  void pass(milliseconds time) {
    at += time;
    settle();
  }
  void publish_here(std::string_view topic, std::string_view payload,
                    qos level = qos::at_least_once) {
    protocol::message message;
    message.topic = topic;
    message.payload = payload;
    message.qos = level;
    auto made = broker::publication::make(message, at);
    run_on(home(),
           [this, made] { actors::publish(node, home(), made, 0, nullptr); });
    settle();
  }
  /// Messages that wait; -1: there is no such session.
  int waiting() {
    auto found = deref<registry>(registry_handle()).queue_of("local.here");
    return found ? static_cast<int>(found->messages) : -1;
  }
  uint64_t subscriptions() { return home().stats().subscriptions.value(); }

  remote_broker remote;
  time_point at = clock::now();
  node_context node;
  subtree_actor topics;
  supervisor_actor watcher;
  int drained = 0;
  config::bridge_settings own;
};

} // namespace troupe::actors
