#pragma once

#include "apps/bench/credit.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/plan.hpp"

#include <cstdint>

namespace troupe::bench {

/// Decides when one publisher publishes, and on which of its topics. Pure.
/// In an open loop (a rate is given) the timetable decides; in a closed one the
/// window does.
class publisher {
public:
  publisher(const plan& made, uint32_t index, const options& opts);

  /// Open loop: one more message is due.
  void owe() noexcept { ++owed_; }
  /// Messages that are due and not yet published.
  uint64_t owed() const noexcept { return owed_; }
  /// Messages published so far.
  uint64_t published() const noexcept { return published_; }

  /// A batch is complete: it is worth starting to publish.
  bool may_start() const noexcept;
  /// Publishing may go on.
  bool may_go_on() const noexcept;
  /// The stream of the next message, which counts as published.
  uint32_t next_stream() noexcept;

  void delivered(uint32_t sequence) noexcept { credit_.delivered(sequence); }
  /// Gives up on what was not delivered.
  void forget_outstanding() noexcept { credit_.reset(); }

private:
  const std::vector<uint32_t>& streams_;
  credit credit_;
  bool is_paced_;
  uint32_t batch_;
  uint32_t random_;
  uint64_t owed_ = 0;
  uint64_t published_ = 0;
};

} // namespace troupe::bench
