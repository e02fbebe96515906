#pragma once

#include "broker/limits.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace troupe::actors {

/// A number with one writer and any number of readers.
class counter {
public:
  void add(uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount,
                 std::memory_order_relaxed);
  }
  void subtract(uint64_t amount = 1) noexcept { add(uint64_t{0} - amount); }
  void set(uint64_t value) noexcept {
    value_.store(value, std::memory_order_relaxed);
  }
  uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<uint64_t> value_{0};
};

/// What one loop counts. Written by its thread only.
struct loop_stats {
  counter bytes_received;
  counter bytes_sent;
  counter packets_received;
  counter packets_sent;
  counter publishes_received;
  counter publishes_sent;
  counter publish_bytes_received;
  counter publish_bytes_sent;
  /// Messages not handed on, by broker::drop_reason.
  std::array<counter, broker::drop_reason_count> dropped;
  /// Connections whose CONNECT was accepted, now and since the start.
  counter connections;
  counter connections_total;
  /// Messages of peers that were here before.
  counter loops;
  counter sockets_accepted;
  counter connections_refused;
  /// Connections that have not sent CONNECT yet.
  counter pending;
  /// Sessions, connected or not.
  counter sessions;
  counter sessions_expired;
  counter subscriptions;
  counter shared_subscriptions;
  /// Messages that wait in queues or are in flight.
  counter stored_messages;
};

/// What one subtree counts. Written by that actor only.
struct subtree_stats {
  counter retained_messages;
  counter retained_bytes;
  /// Messages of other nodes that had come on another way.
  counter repeats;
};

} // namespace troupe::actors
