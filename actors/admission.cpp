#include "actors/admission.hpp"

namespace troupe::actors {

namespace {

/// Takes one of `limit` places; negative: there is no limit.
bool take_one(std::atomic<int64_t>& count, int64_t limit) noexcept {
  auto before = count.fetch_add(1, std::memory_order_relaxed);
  if (limit < 0 || before < limit)
    return true;
  count.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

} // namespace

admission::slot::~slot() {
  if (owner_ == nullptr)
    return;
  owner_->connections_.fetch_sub(1, std::memory_order_relaxed);
  listener_->connections.fetch_sub(1, std::memory_order_relaxed);
}

std::optional<admission::slot> admission::take(const listener_policy& at) {
  if (!take_one(connections_, at.broker->global_max_connections))
    return std::nullopt;
  if (!take_one(at.state->connections, at.own.max_connections)) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return slot{*this, at.state};
}

} // namespace troupe::actors
