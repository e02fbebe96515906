#include "apps/bench/inflight.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::bench {

using protocol::packet_type;

namespace {

constexpr auto nothing = packet_type::connect;

} // namespace

void inflight::lower_limit(uint16_t limit) noexcept {
  limit_ = std::min(limit_, limit);
}

uint16_t inflight::take(protocol::qos qos) {
  assert(has_room());
  if (free_.empty()) {
    awaited_.push_back(nothing);
    free_.push_back(static_cast<uint16_t>(awaited_.size()));
  }
  auto id = free_.back();
  free_.pop_back();
  awaited_[id - 1U] = qos == protocol::qos::exactly_once ? packet_type::pubrec
                                                         : packet_type::puback;
  ++in_use_;
  return id;
}

bool inflight::acknowledge(uint16_t id, packet_type type, bool ends) {
  if (id == 0 || id > awaited_.size() || awaited_[id - 1U] != type)
    return false;
  if (type == packet_type::pubrec && !ends)
    awaited_[id - 1U] = packet_type::pubcomp;
  else
    release(id);
  return true;
}

void inflight::release(uint16_t id) {
  awaited_[id - 1U] = nothing;
  free_.push_back(id);
  --in_use_;
}

} // namespace troupe::bench
