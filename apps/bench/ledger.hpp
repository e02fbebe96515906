#pragma once

#include "apps/bench/flow_check.hpp"
#include "apps/bench/histogram.hpp"
#include "apps/bench/plan.hpp"
#include "apps/bench/stamp.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace troupe::bench {

/// What the checks found.
struct verdict {
  /// Copies that should have arrived.
  uint64_t expected = 0;
  /// Copies that arrived at least once.
  uint64_t received = 0;
  uint64_t lost = 0;
  uint64_t duplicates = 0;
  uint64_t misordered = 0;
  /// Payloads that are not what was sent.
  uint64_t bad_payload = 0;
  /// Messages for somebody else, or with the topic of another.
  uint64_t stray = 0;
};

/// Keeps the books: what was published and what arrived where, how late, and
/// in which order. Pure.
class ledger {
public:
  /// `made` outlives the ledger.
  ledger(const plan& made, size_t payload_size);

  /// The payload of the next message of `stream`; valid until the next call.
  std::string_view publish(uint32_t stream, time_point due);

  /// Checks a delivery. Returns its stamp if this copy arrived for the first
  /// time.
  std::optional<stamp> delivered(uint32_t subscriber, std::string_view topic,
                                 std::string_view payload, time_point now);

  /// Deliveries that arrive in this span count for the rate, those that were
  /// due in it for the latency.
  void measure(time_point from, time_point until) noexcept;

  uint64_t measured() const noexcept { return measured_; }
  /// In nanoseconds.
  const histogram& latencies() const noexcept { return latencies_; }
  /// Copies that should have arrived, and those that did.
  uint64_t expected() const noexcept { return expected_; }
  uint64_t received() const noexcept { return received_; }
  verdict judge() const;

private:
  bool is_stray(const stamp& found, uint32_t subscriber,
                std::string_view topic) const noexcept;
  void measure(const stamp& found, time_point now) noexcept;

  const plan& plan_;
  payload_form form_;
  /// Messages published, per stream.
  std::vector<uint32_t> sent_;
  std::vector<flow_check> flows_;
  histogram latencies_;
  time_point from_ = never;
  time_point until_ = never;
  uint64_t expected_ = 0;
  uint64_t received_ = 0;
  uint64_t measured_ = 0;
  uint64_t bad_payload_ = 0;
  uint64_t stray_ = 0;
};

} // namespace troupe::bench
