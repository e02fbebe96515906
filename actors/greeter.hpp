#pragma once

#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "actors/visitor.hpp"
#include "core/timer_queue.hpp"
#include "net/poller.hpp"
#include "protocol/decoder.hpp"

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace troupe::actors {

/// Accepts connections on one loop and sees them through to an accepted
/// CONNECT of a client that proved who it is. Those go to the registry of the
/// loop that their client id hashes to.
class greeter final : public light_actor, public timer {
public:
  using behavior_type = greeter_actor::behavior_type;

  /// All greeters share the listening sockets.
  greeter(caf::actor_config& cfg, node_context& shared, loop& home,
          const std::vector<listening_socket>& doors);
  ~greeter() override;

  const char* name() const override { return "troupe.greeter"; }

  void on_timer(time_point now) noexcept override;

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;
  bool survives_failure() const noexcept override { return true; }

private:
  friend class visitor;

  /// Where connections come in.
  class door final : public net::poll_target {
  public:
    door(greeter& owner, listening_socket at)
        : owner_(owner), at_(std::move(at)) {}
    void on_ready(bool readable, bool writable) noexcept override;
    void set_open(bool open);
    const listening_socket& at() const noexcept { return at_; }
    void set_policy(listener_policy_ptr policy) {
      at_.policy = std::move(policy);
    }

  private:
    greeter& owner_;
    listening_socket at_;
    bool is_open_ = false;
  };

  // greeter.cpp: doors and who comes through them
  void on(policy_changed& message);
  void accept_all(const listening_socket& from);
  bool make_room();
  void welcome(net::socket connection, const listener_policy_ptr& at);
  std::optional<admission::slot> take_slot(const net::socket& connection,
                                           const listener_policy& at);
  void expect_first_bytes(visitor& who);
  void dismiss(visitor& who);
  void turn_away(visitor& who, std::string_view why);
  void set_doors_open(bool open);
  void set_interest(visitor& who, net::interest wanted);

  // greeter_handshake.cpp: from the first byte to the first packet
  void listen_to(visitor& who);
  bool take_proxy_header(visitor& who);
  void add_layers(visitor& who);
  bool read_some(visitor& who);
  void consider(visitor& who, std::span<const uint8_t> bytes);
  bool is_plausible(visitor& who, std::span<const uint8_t> bytes);

  // greeter_connect.cpp: what becomes of a CONNECT
  void judge_connect(visitor& who, const protocol::frame& in,
                     std::span<const uint8_t> rest);
  void turn_down(visitor& who, const protocol::connect& packet);
  void refuse_malformed(visitor& who, const protocol::frame& in,
                        const failure& why);
  void refuse(visitor& who, uint8_t code, std::string_view why);
  void refuse_login(visitor& who, const admittance& outcome);
  void answer_and_dismiss(visitor& who, const protocol::connack& answer,
                          protocol::version v, std::string_view client_id,
                          std::string_view why);
  void remember(visitor& who, const protocol::connect& packet,
                broker::connect_decision&& decision,
                std::span<const uint8_t> rest);
  bool is_braked(const visitor& who);
  void authenticate(visitor& who, const protocol::connect& packet,
                    credentials&& made);
  void start_work(visitor& who, credentials&& made);
  void on(logged_in& message);
  void start_exchange(visitor& who, const protocol::connect& packet);
  void go_on_with_exchange(visitor& who, const protocol::frame& in,
                           std::span<const uint8_t> rest);
  void take_step(visitor& who, std::string_view data);
  void finish(visitor& who, admittance&& outcome);
  void hand_over(visitor& who);

  node_context& node_;
  loop& loop_;
  std::vector<std::unique_ptr<door>> doors_;
  std::list<visitor> visitors_; // oldest first
  // Workers know them by a number, as they may be gone when the work is done.
  std::unordered_map<uint64_t, visitor*> by_number_;
  uint64_t last_number_ = 0;
  size_t input_bytes_ = 0; // of all visitors
  time_point doors_open_at_ = never;
  bool is_stopping_ = false;
};

} // namespace troupe::actors
