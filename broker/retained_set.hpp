#pragma once

#include "broker/publication.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::broker {

/// The last retained message of each topic. Pure; not thread-safe.
class retained_set {
public:
  /// Keeps `message` as the value of its topic; an empty payload removes the
  /// topic's value [MQTT-3.3.1-6]. True if the set changed in size.
  bool store(publication_ptr message);
  /// The value of a topic, or null. Expired values count as absent.
  publication_ptr find(std::string_view topic, time_point now) const;

  /// Where a replay stands; starts empty. A value stored meanwhile is either
  /// seen as it is then or was seen before: never an older value later.
  struct cursor {
    std::string after;
    bool started = false;
    bool done = false;
  };
  /// Appends values that match `filter` to `out`, behind `where`, until
  /// `max_count` or `max_bytes` (of footprint) is reached or `where.done`.
  /// Looks at a bounded number of topics per call even when few match.
  void replay(std::string_view filter, cursor& where, size_t max_count,
              size_t max_bytes, time_point now,
              std::vector<publication_ptr>& out) const;
  /// Removes up to `limit` expired values; returns how many.
  size_t remove_expired(time_point now, size_t limit);

  size_t size() const noexcept;
  /// Bytes of all values.
  size_t footprint() const noexcept;
};

} // namespace troupe::broker
