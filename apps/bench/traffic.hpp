#pragma once

#include "apps/bench/client.hpp"
#include "apps/bench/fleet.hpp"
#include "apps/bench/ledger.hpp"
#include "apps/bench/pace.hpp"
#include "apps/bench/plan.hpp"
#include "apps/bench/process_watch.hpp"
#include "apps/bench/publisher.hpp"
#include "apps/bench/report.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::bench {

/// Runs a scenario that publishes: connects, subscribes, publishes as its plan
/// and the options say, waits for what is under way, and reports.
class traffic : private client_owner {
public:
  /// All arguments outlive this.
  traffic(const options& opts, const client_settings& publishing,
          const client_settings& subscribing);

  report run();

private:
  void on_connected(client& who) override;
  void on_subscribed(client& who, size_t refused) override;
  void on_delivered(client& who, const protocol::publish& message,
                    time_point now) override;
  void on_acknowledged(client& who, protocol::reason code) override;
  void on_drained(client& who) override;
  void on_closed(client& who, const std::string& why) override;

  bool connect_all();
  bool subscribe_all();
  void publish_until_the_end();
  void drain();
  void disconnect_all();

  void turn(time_point deadline);
  time_point next_deadline(time_point now, time_point end) const;
  void owe_what_is_due(time_point now, time_point end);
  void break_stall(time_point now);
  void make_ready(uint32_t index);
  void publish_ready();
  void publish_from(uint32_t index);
  time_point due_of(uint32_t index, time_point now) const;
  bool is_complete();
  report make_report();
  void add_subscribing(report& to) const;
  void add_far_broker(report& to) const;

  bool is_paced() const noexcept { return opts_.rate > 0; }

  const options& opts_;
  plan plan_;
  event_loop loop_;
  /// The subscribers first, the publishers behind them.
  fleet clients_;
  ledger ledger_;
  process_watch watch_;
  /// Of the broker that is subscribed at, if it is another one.
  process_watch far_watch_;
  std::vector<publisher> publishers_;
  /// Publishers that may go on, and which of them are listed.
  std::vector<uint32_t> ready_;
  std::vector<uint32_t> working_;
  std::vector<bool> is_ready_;
  std::optional<pace> pace_;
  /// Messages of the timetable that were handed to publishers.
  uint64_t handed_out_ = 0;
  time_point last_progress_{};
  bool is_running_ = false;
  uint32_t subscribed_ = 0;
  double subscribe_seconds_ = 0;
  uint64_t rss_connected_ = 0;
  uint64_t rss_subscribed_ = 0;
  uint64_t refused_ = 0;
  uint64_t disconnects_ = 0;
  uint64_t stalls_ = 0;
  std::string first_problem_;
};

} // namespace troupe::bench
