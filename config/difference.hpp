#pragma once

#include "config/options.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::config {

/// Where a listener is, for people: `1883`, `1883 on ::1`, `/run/x.sock`.
std::string where(const listener_settings& in);

/// Whether both would bind the same socket: then the one can become the other
/// without being closed.
bool is_same_place(const listener_settings& x,
                   const listener_settings& y) noexcept;

/// One option whose value is another.
struct changed_option {
  /// As in a mosquitto.conf.
  std::string name;
  /// Values for people; see `to_text`.
  std::string before;
  std::string after;
  effect applies = effect::at_once;
};

/// A listener or bridge that stays, by its indices.
struct kept_entry {
  size_t before = 0;
  size_t after = 0;
  std::vector<changed_option> options;
};

/// What differs between two lists of listeners or bridges.
struct entries_difference {
  /// In the order of the new configuration; those without changes, too.
  std::vector<kept_entry> kept;
  /// Indices in the new configuration.
  std::vector<size_t> added;
  /// Indices in the old configuration.
  std::vector<size_t> removed;

  bool is_empty() const noexcept;
};

/// What differs between two configurations.
struct difference {
  std::vector<changed_option> options;
  entries_difference listeners;
  /// Bridges are told apart by their names.
  entries_difference bridges;

  bool is_empty() const noexcept;
  /// Whether something changed that a running broker cannot change.
  bool needs_restart() const noexcept;
};

/// What changed from `before` to `after`. What the files that they name hold is
/// not looked at: these are read again on every reload.
difference compare(const settings& before, const settings& after);

/// What a running broker can become: `after`, with what needs a restart as in
/// `before`.
settings without_restart(const settings& before, const settings& after);

/// `what` for the log, one sentence each.
std::vector<std::string>
describe(const difference& what, const settings& before, const settings& after);

} // namespace troupe::config
