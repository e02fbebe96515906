#pragma once

#include "apps/bench/client.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::bench {

/// Many clients that connect a few at a time.
class fleet {
public:
  struct limits {
    /// How many connect at the same time.
    uint32_t concurrency = 50;
    /// How many share a source address.
    uint32_t per_address = 10'000;
  };

  fleet(event_loop& loop, client_owner& owner, limits bounds)
      : loop_(loop), owner_(owner), limits_(bounds) {}

  /// Makes `count` clients with `settings`, which outlive this; they are
  /// numbered in the order made.
  void add(uint32_t count, const client_settings& settings);

  /// Opens clients until as many as allowed are under way. To be called first
  /// and after each `settled`, but not from a client's callback.
  void open_more();
  /// One of the clients under way has connected, or failed to.
  void settled() noexcept { --under_way_; }
  /// Every client was opened and none is under way.
  bool all_settled() const noexcept {
    return under_way_ == 0 && opened_ == clients_.size();
  }

  size_t size() const noexcept { return clients_.size(); }
  client& operator[](size_t index) noexcept { return *clients_[index]; }
  auto begin() noexcept { return clients_.begin(); }
  auto end() noexcept { return clients_.end(); }

private:
  event_loop& loop_;
  client_owner& owner_;
  limits limits_;
  uint32_t opened_ = 0;
  uint32_t under_way_ = 0;
  std::vector<std::unique_ptr<client>> clients_;
};

/// A name that no other run of this program gives its clients.
std::string client_id(uint32_t index);

} // namespace troupe::bench
