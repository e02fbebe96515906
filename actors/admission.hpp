#pragma once

#include "actors/policy.hpp"
#include "broker/rate_limit.hpp"
#include "core/clock.hpp"
#include "net/address.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace troupe::actors {

/// Counts connections against the limits of their number and of how fast they
/// may come, in all and by address (IPv6: by /64). Thread-safe.
class admission {
public:
  /// A connection's place among those that are allowed, until it is destroyed.
  class slot {
  public:
    slot() noexcept = default;
    slot(slot&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          listener_(std::move(other.listener_)),
          address_(std::exchange(other.address_, nullptr)) {}
    slot& operator=(slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(listener_, other.listener_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~slot();

  private:
    friend class admission;
    slot(admission& owner, std::shared_ptr<listener_state> listener) noexcept
        : owner_(&owner), listener_(std::move(listener)) {}

    admission* owner_ = nullptr;
    std::shared_ptr<listener_state> listener_;
    /// Null: its address is not counted. Else what `owner_` keeps of it.
    void* address_ = nullptr;
  };

  /// Nothing if there is no room.
  std::optional<slot> take(const listener_policy& at);

  /// Counts the peer of `of` by its address, once that is known. Empty, or
  /// which limit is reached.
  std::string_view count_address(slot& of, const listener_policy& at,
                                 std::string_view peer, time_point now);
  /// Counts a new connection. Empty, or which limit is reached.
  std::string_view count_arrival(const listener_policy& at, time_point now);

  int64_t connections() const noexcept {
    return connections_.load(std::memory_order_relaxed);
  }

private:
  /// What is known of one address while connections come from it.
  struct visits {
    std::map<const listener_state*, int64_t> open;
    broker::rate_limit arrivals{0, {}};
    int64_t slots = 0;
  };

  visits& visits_of(const net::ip_address& from, uint32_t rate, time_point now);
  void forget_quiet(time_point now);
  void leave(const slot& what) noexcept;

  std::atomic<int64_t> connections_{0};
  std::mutex mutex_;
  std::map<net::ip_address, visits> visits_;
  std::optional<broker::rate_limit> arrivals_;
  uint32_t arrivals_per_second_ = 0;
};

} // namespace troupe::actors
