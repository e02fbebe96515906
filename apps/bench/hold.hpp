#pragma once

#include "apps/bench/client.hpp"
#include "apps/bench/fleet.hpp"
#include "apps/bench/process_watch.hpp"
#include "apps/bench/report.hpp"

#include <string>

namespace troupe::bench {

/// The scenario `hold`: opens many connections, subscribes on each, and leaves
/// them idle for a while.
class hold : private client_owner {
public:
  /// Both arguments outlive this.
  hold(const options& opts, const client_settings& settings);

  report run();

private:
  void on_connected(client& who) override;
  void on_subscribed(client& who, size_t refused) override;
  void on_delivered(client&, const protocol::publish&, time_point) override {
    ++stray_;
  }
  void on_acknowledged(client&, protocol::reason) override {}
  void on_drained(client&) override {}
  void on_closed(client& who, const std::string& why) override;

  void connect_all();
  void subscribe_all();
  void idle();
  report make_report() const;

  const options& opts_;
  event_loop loop_;
  fleet clients_;
  process_watch watch_;
  double connect_seconds_ = 0;
  double subscribe_seconds_ = 0;
  uint64_t rss_connected_ = 0;
  uint64_t rss_subscribed_ = 0;
  bool is_connecting_ = true;
  uint64_t connected_ = 0;
  uint64_t subscribed_ = 0;
  uint64_t refused_ = 0;
  uint64_t stray_ = 0;
  uint64_t disconnects_ = 0;
  std::string first_problem_;
};

} // namespace troupe::bench
