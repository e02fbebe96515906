#pragma once

#include "apps/bench/options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::bench {

/// The messages of one publisher on one topic, and who shall get them.
struct stream {
  std::string topic;
  uint32_t publisher = 0;
  /// The subscribers `first_subscriber` and the `copies - 1` behind it.
  uint32_t first_subscriber = 0;
  uint32_t copies = 1;
  /// Where the checks of these copies start; one per copy.
  uint32_t first_flow = 0;
};

/// Who publishes what to whom. Pure: made from options, then only read.
struct plan {
  uint32_t publishers = 0;
  /// What each subscriber subscribes to.
  std::vector<std::vector<std::string>> filters;
  std::vector<stream> streams;
  /// Streams per publisher, as indexes.
  std::vector<std::vector<uint32_t>> streams_of;
  /// Copies of all streams.
  uint32_t flows = 0;

  uint32_t subscribers() const noexcept {
    return static_cast<uint32_t>(filters.size());
  }
};

/// The plan of a scenario that publishes.
plan make_plan(const options& opts);

} // namespace troupe::bench
