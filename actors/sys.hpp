#pragma once

#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "broker/load_average.hpp"
#include "core/timer_queue.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace troupe::actors {

/// Everything the node counts, summed over its loops and subtrees.
struct node_totals {
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t packets_received = 0;
  uint64_t packets_sent = 0;
  uint64_t publishes_received = 0;
  uint64_t publishes_sent = 0;
  uint64_t publish_bytes_received = 0;
  uint64_t publish_bytes_sent = 0;
  uint64_t dropped = 0;
  std::array<uint64_t, broker::drop_reason_count> dropped_by_reason{};
  uint64_t connections = 0;
  uint64_t connections_total = 0;
  uint64_t sockets_accepted = 0;
  uint64_t sessions = 0;
  uint64_t sessions_expired = 0;
  uint64_t subscriptions = 0;
  uint64_t shared_subscriptions = 0;
  uint64_t stored_messages = 0;
  uint64_t retained_messages = 0;
  uint64_t retained_bytes = 0;
  uint64_t loops = 0;
  uint64_t repeats = 0;
};

/// Adds up the counters as they are now.
node_totals sum(const node_context& shared);

/// Publishes $SYS/broker/... every `sys_interval`, retained and only what has
/// changed. Pinned to loop 0.
class sys final : public light_actor, public timer {
public:
  using behavior_type = sys_actor::behavior_type;

  sys(caf::actor_config& cfg, node_context& shared, loop& home);
  ~sys() override;

  const char* name() const override { return "troupe.sys"; }

  void on_timer(time_point now) noexcept override;

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;
  bool survives_failure() const noexcept override { return true; }

private:
  /// The load averages, by their name in $SYS/broker/load/.
  struct load {
    const char* name;
    broker::load_average average;
  };
  /// What was published of one topic.
  struct told {
    std::string value;
    /// The round in which it was last found.
    uint64_t round = 0;
    /// The subtree may have lost it.
    bool is_doubtful = false;
  };

  void do_rounds(time_point now);
  void watch_memory();
  void publish_all(time_point now);
  void publish_totals(const node_totals& totals);
  void publish_loads(const node_totals& totals, time_point now);
  void publish_clients(const node_totals& totals);
  void publish_memory();
  void publish_bridges();
  void put(std::string topic, std::string value);
  void publish(const std::string& topic, const std::string& value);
  void clear_untold();
  void send();

  node_context& node_;
  loop& loop_;
  time_point started_;
  time_point last_;
  time_point next_round_;
  uint64_t most_clients_ = 0;
  uint64_t most_resident_ = 0;
  std::array<load, 8> loads_;
  std::map<std::string, told> published_;
  uint64_t round_ = 0;
  broker::batch_ptr batch_;
};

} // namespace troupe::actors
