#pragma once

#include "actors/bridge_plan.hpp"
#include "actors/bridge_status.hpp"
#include "actors/dialer.hpp"
#include "actors/light_actor.hpp"
#include "actors/link.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "broker/queue_age.hpp"
#include "broker/retry_schedule.hpp"
#include "core/byte_buffer.hpp"
#include "core/timer_queue.hpp"
#include "net/poller.hpp"
#include "net/stream.hpp"
#include "protocol/decoder.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace troupe::actors {

/// Sees to it that there is a link to a remote broker: connects, says CONNECT,
/// hands the accepted connection to the registry, whose connection actor then
/// serves it, and begins again when that has ended. Pinned to the loop of the
/// bridge's session.
///
/// Before it connects for the first time, and whenever its topics have changed,
/// it has the session subscribe: so messages wait there although the remote
/// broker was never reached. For that it stands in for a connection.
class bridge final : public light_actor,
                     public net::poll_target,
                     public timer,
                     public dial_owner {
public:
  using behavior_type = bridge_actor::behavior_type;

  bridge(caf::actor_config& cfg, node_context& shared, loop& home,
         std::shared_ptr<bridge_status> status);
  ~bridge() override;

  const char* name() const override { return "troupe.bridge"; }

  void on_ready(bool readable, bool writable) noexcept override;
  void on_timer(time_point now) noexcept override;
  void on_dialed(dialer& by, net::socket connection) override;
  void on_dial_failed(dialer& by, std::string why) override;

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;
  void on_end() override;
  bool survives_failure() const noexcept override { return true; }

private:
  enum class stage : uint8_t {
    /// No plan yet.
    fresh,
    /// It stands in for its session's connection.
    preparing,
    /// Until the timer fires, enough messages wait, or for ever.
    resting,
    /// Until TCP is connected.
    dialing,
    /// Until CONNACK has come.
    greeting,
    /// A connection has it, which may not be attached yet.
    linked,
    /// Gone from the configuration: the session goes.
    removing,
  };

  // bridge.cpp: life
  void on(bridge_changed& message);
  void on(dialed& message);
  void on(link_attached& message);
  void on(link_ended& message);
  void on(remove_bridge& message);
  void on(stop_node& message);
  void prepare();
  void rest();
  void rest_until(time_point when);
  void attempt();
  void give_up(std::string why);
  void end_link_for(std::string why);
  void lose_link(const std::string& why);
  void begin_schedule();
  void remove_session();
  void finish();
  void notify(std::string_view state);
  void watch(time_point now);
  void watch_link(time_point now);
  broker::disk_backlog queue() const;
  double random();
  connection_actor as_connection() const;

  // bridge_session.cpp: in place of a connection
  void introduce_ourselves();
  void on(attached& message);
  void on(send_suback& message);
  void give_session_up();
  void leave_session();

  // bridge_dialog.cpp: from a socket to CONNACK
  void add_layers(net::socket&& connection);
  void say_connect();
  void pump();
  bool read_some();
  bool write_some();
  void take(std::span<const uint8_t> bytes);
  void on_connack(const protocol::connack& answer,
                  std::span<const uint8_t> rest);
  void refuse(const protocol::connack& answer);
  void hand_over(const protocol::connack& answer,
                 std::span<const uint8_t> rest);
  void set_interest(net::interest wanted);
  void close_stream() noexcept;
  const config::bridge_address& address() const;
  bool is_private() const;

  node_context& node_;
  loop& loop_;
  bridge_actor self_; // keeps us alive while the loop knows us
  std::shared_ptr<bridge_status> status_;
  bridge_plan_ptr plan_;
  std::shared_ptr<const void> until_; // `bridge_changed::until`
  stage stage_ = stage::fresh;
  std::optional<broker::retry_schedule> schedule_;
  dialer dial_;
  dialer probe_; // whether the first address answers again
  uint64_t last_number_ = 0;
  // Before it is handed over.
  net::stream stream_;
  net::interest interest_ = net::interest::none;
  byte_buffer input_;
  byte_buffer output_;
  // In place of a connection.
  session_actor session_;
  lent_receiver receiver_;
  bridge_plan_ptr prepared_for_;
  // The link.
  connection_actor connection_;
  std::string ends_because_; // and not for a failure; empty: it does not
  time_point retry_at_ = never;
  time_point busy_at_{}; // when something last went over the link
  uint64_t seen_traffic_ = 0;
  broker::queue_age age_;
  uint64_t most_queued_ = 0;
  std::minstd_rand dice_{std::random_device{}()};
  std::string logged_error_;
  bool private_refused_ = false;
  bool was_linked_ = false;
  bool begins_at_once_ = false;
  bool is_removed_ = false;
  bool keeps_session_ = false; // when it is removed
  bool is_stopping_ = false;
};

} // namespace troupe::actors
