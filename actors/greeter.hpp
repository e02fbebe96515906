#pragma once

#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "core/byte_buffer.hpp"
#include "core/timer_queue.hpp"
#include "net/poller.hpp"
#include "net/stream.hpp"
#include "protocol/decoder.hpp"

#include <list>
#include <memory>
#include <vector>

namespace troupe::actors {

/// Accepts connections on one loop and reads their CONNECT. Until that is
/// judged a client costs a list entry, what it sent, and a deadline; no actor.
/// Accepted ones go to the registry of the loop that their client id hashes to.
class greeter final : public light_actor, public timer {
public:
  using behavior_type = greeter_actor::behavior_type;

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
  /// Somebody who has not sent a whole CONNECT yet.
  class visitor final : public net::poll_target {
  public:
    visitor(greeter& owner, net::socket connection, listener_policy_ptr via,
            admission::slot place, time_point until)
        : stream(std::move(connection)), policy(std::move(via)),
          slot(std::move(place)), deadline(until), owner_(owner) {}
    void on_ready(bool readable, bool writable) noexcept override;

    net::stream stream;
    byte_buffer input;
    listener_policy_ptr policy;
    admission::slot slot;
    time_point deadline;
    std::list<visitor>::iterator position;

  private:
    greeter& owner_;
  };

  /// A door: where connections come in.
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

  void accept_all(const listening_socket& from);
  bool make_room();
  void on(policy_changed& message);
  void welcome(net::socket connection, const listener_policy_ptr& at);
  void listen_to(visitor& who);
  void consider(visitor& who, std::span<const uint8_t> bytes);
  void judge_connect(visitor& who, const protocol::frame& in,
                     std::span<const uint8_t> rest);
  void turn_down(visitor& who, const protocol::connect& packet);
  void refuse_malformed(visitor& who, const protocol::frame& in,
                        const failure& why);
  void answer_and_dismiss(visitor& who, const protocol::connack& answer,
                          protocol::version v, std::string_view client_id,
                          std::string_view why);
  void hand_over(visitor& who, const protocol::connect& packet,
                 broker::connect_decision&& decision,
                 std::span<const uint8_t> rest);
  void dismiss(visitor& who);
  void set_doors_open(bool open);
  void arm();

  node_context& node_;
  loop& loop_;
  std::vector<std::unique_ptr<door>> doors_;
  std::list<visitor> visitors_; // oldest first
  size_t input_bytes_ = 0;      // of all visitors
  time_point doors_open_at_ = never;
  bool is_stopping_ = false;
};

} // namespace troupe::actors
