#pragma once

#include "apps/bench/client.hpp"
#include "apps/bench/histogram.hpp"
#include "apps/bench/process_watch.hpp"
#include "apps/bench/report.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::bench {

/// The scenario `churn`: clients that connect, wait for CONNACK, send
/// DISCONNECT, wait until the broker has closed, and begin again.
class churn : private client_owner {
public:
  /// Both arguments outlive this.
  churn(const options& opts, const client_settings& settings);

  report run();

private:
  void on_connected(client& who) override;
  void on_subscribed(client&, size_t) override {}
  void on_delivered(client&, const protocol::publish&, time_point) override {}
  void on_acknowledged(client&, protocol::reason) override {}
  void on_drained(client&) override {}
  void on_closed(client& who, const std::string& why) override;

  void open_idle_ones();
  report make_report() const;
  bool is_measured(time_point now) const noexcept {
    return now >= from_ && now < until_;
  }

  const options& opts_;
  event_loop loop_;
  std::vector<std::unique_ptr<client>> clients_;
  process_watch watch_;
  histogram connacks_;
  time_point from_{};
  time_point until_{};
  /// When each client began, and whether its CONNACK has come.
  std::vector<time_point> begun_;
  std::vector<bool> is_accepted_;
  /// Clients that wait to be opened again.
  std::vector<uint32_t> idle_;
  uint32_t next_source_ = 0;
  uint64_t cycles_ = 0;
  uint64_t failures_ = 0;
  std::string first_problem_;
};

} // namespace troupe::bench
