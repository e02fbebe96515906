#pragma once

#include "actors/policy.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace troupe::actors {

/// Counts connections against the limits of their number. Thread-safe.
class admission {
public:
  /// A connection's place among those that are allowed, until it is destroyed.
  class slot {
  public:
    slot() noexcept = default;
    slot(admission& owner, std::shared_ptr<listener_state> listener) noexcept
        : owner_(&owner), listener_(std::move(listener)) {}
    slot(slot&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          listener_(std::move(other.listener_)) {}
    slot& operator=(slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(listener_, other.listener_);
      return *this;
    }
    ~slot();

  private:
    admission* owner_ = nullptr;
    std::shared_ptr<listener_state> listener_;
  };

  /// Nothing if there is no room.
  std::optional<slot> take(const listener_policy& at);

  int64_t connections() const noexcept {
    return connections_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<int64_t> connections_{0};
};

} // namespace troupe::actors
