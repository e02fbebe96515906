#pragma once

#include "core/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace troupe::security {

/// How hard a `failure_brake` brakes.
struct brake_limits {
  /// Addresses remembered at a time; each takes some 200 bytes. Default: 8192.
  size_t slots = 8192;
  /// Failures within `window` that make an address wait. Default: 10.
  uint32_t failures = 10;
  /// Default: one minute.
  duration window = std::chrono::minutes{1};
  /// The first wait; each failure after a wait doubles it. Default: one second.
  duration first_wait = std::chrono::seconds{1};
  /// The longest wait, and how long after a wait an address must be quiet to
  /// begin anew. Default: one minute.
  duration longest_wait = std::chrono::minutes{1};

  friend bool operator==(const brake_limits&, const brake_limits&) = default;
};

/// Slows down whoever guesses passwords, by address: after some failures within
/// a while an address has to wait, longer each time. A success makes it
/// forgotten. An IPv6 address stands for its /64, which is what one customer
/// has. Memory is bounded: beyond the limit, the address whose last failure is
/// longest ago is forgotten.
///
/// Attempts that are being checked do not count yet; whoever checks them limits
/// how many there are. For one thread at a time.
class failure_brake {
public:
  explicit failure_brake(brake_limits limits = {}) : limits_(limits) {}

  /// From when on `address` may try: `now` if it may at once. Text with or
  /// without a port: `::1`, `[::1]:1883`. What is no IP address, as of a unix
  /// socket, always may.
  time_point allowed_at(std::string_view address, time_point now) const;
  /// A wrong password, or none where one was needed.
  void on_failure(std::string_view address, time_point now);
  void on_success(std::string_view address);

  /// How many addresses are remembered.
  size_t size() const noexcept { return by_age_.size(); }

private:
  using key = std::array<char, 16>;
  struct key_hash {
    size_t operator()(const key& x) const noexcept {
      return std::hash<std::string_view>{}({x.data(), x.size()});
    }
  };
  struct slot {
    failure_brake::key key{};
    /// Since `begin`; no longer counted once there was a wait.
    uint32_t failures = 0;
    time_point begin;
    /// 0: there was none yet.
    duration wait{};
    time_point wait_end = time_point::min();
  };

  static std::optional<key> key_of(std::string_view address);
  slot& slot_of(const key& of, time_point now);
  void make_wait(slot& who, duration wait, time_point now) const;

  brake_limits limits_;
  /// The one with the latest failure first.
  std::list<slot> by_age_;
  std::unordered_map<key, std::list<slot>::iterator, key_hash> by_key_;
};

} // namespace troupe::security
