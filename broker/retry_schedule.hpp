#pragma once

#include "core/clock.hpp"

#include <chrono>
#include <cstddef>

namespace troupe::broker {

/// How a link to one of several addresses comes back.
struct retry_settings {
  /// How many addresses there are. REQUIRES: at least 1.
  size_t addresses = 1;
  /// All addresses are equal; else the first is the primary one.
  bool round_robin = false;
  /// The wait, exactly that long where `cap` is 0; else random between `base`
  /// and a limit of three times the last wait and at most `cap`.
  std::chrono::seconds base{5};
  std::chrono::seconds cap{30};
  /// How long a link must have held for the next wait to begin at `base`
  /// again; 0: it is enough that it came about.
  std::chrono::seconds stable{0};
};

/// Which address to try next, and when. Pure: time and randomness, a number in
/// [0, 1), are arguments.
///
/// Attempts come in rounds, each address once and one right after the other; a
/// wait follows a round in which all failed. A round begins at the first
/// address, or, with `round_robin`, where the last link was. A link that is
/// lost is the failure of its address, and where it has held for `base` and
/// `stable` a new round begins with that failure; so the next address comes at
/// once, but a broker that takes links and ends them is not dialled without
/// end. Without `round_robin` the loss of another address than the first lets
/// the new round begin at the first.
///
/// Without `round_robin` a link to another address than the first is to be left
/// when the first answers again: see `should_probe_primary`.
class retry_schedule {
public:
  explicit retry_schedule(const retry_settings& settings) noexcept;

  /// Index of the address of the link, or of the next attempt.
  size_t address() const noexcept {
    return (first_ + tried_) % settings_.addresses;
  }
  bool is_connected() const noexcept { return is_connected_; }

  /// The attempt at `address()` has failed. Returns when to make the next one,
  /// `now` or later.
  time_point on_failure(time_point now, double random) noexcept;
  /// There is a link to `address()`: it was accepted, not only connected.
  void on_connected(time_point now) noexcept;
  /// The link is gone. Returns when to make the next attempt.
  /// REQUIRES: is_connected().
  time_point on_lost(time_point now, double random) noexcept;

  /// Whether to find out now if the first address answers again, while the link
  /// to another one stays. Says so once per period: `base`, at least 5 seconds,
  /// longer while the first address answers and then refuses.
  bool should_probe_primary(time_point now) noexcept;
  /// When `should_probe_primary` will say so; `never`: not for this link.
  time_point next_probe() const noexcept { return next_probe_; }
  /// It does. The link is to be ended, which is no loss, and the next attempt
  /// goes to the first address at once.
  void on_primary_answers() noexcept;

private:
  time_point fail(time_point now, double random) noexcept;
  duration next_wait(double random) noexcept;

  retry_settings settings_;
  size_t first_ = 0; // where the round began
  size_t tried_ = 0; // how many have failed in it
  bool is_connected_ = false;
  bool was_called_back_ = false; // by the first address, which answered
  time_point connected_since_{};
  duration last_wait_;
  duration probe_period_;
  time_point next_probe_ = never;
};

} // namespace troupe::broker
