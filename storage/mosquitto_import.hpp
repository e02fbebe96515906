#pragma once

#include "broker/store.hpp"
#include "core/clock.hpp"
#include "storage/rocks_store.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// What happens to a session, or a retained message, that is in the store
/// already.
enum class on_conflict : uint8_t {
  /// Nothing is imported.
  refuse,
  /// That of the store stays.
  keep,
  /// That of the file takes its place.
  replace,
};

struct import_options {
  on_conflict conflict = on_conflict::refuse;
  /// Imports what can be read of a damaged file.
  bool salvage = false;
  /// When Mosquitto wrote the file, in seconds since 1970.
  int64_t saved_at = 0;
};

struct import_summary {
  /// Empty, or why nothing may be kept of what was written.
  std::string error;
  /// `progress` asked to stop.
  bool is_interrupted = false;
  uint32_t format = 0;
  uint64_t sessions = 0;
  uint64_t subscriptions = 0;
  /// Messages in the queues, those under way included.
  uint64_t queued = 0;
  /// Of these: sent and not acknowledged.
  uint64_t in_flight = 0;
  /// QoS 2 messages of which only PUBCOMP, or only PUBREL, is outstanding.
  uint64_t released = 0;
  uint64_t incoming = 0;
  uint64_t retained = 0;
  /// Why something was left out, and how many of that.
  std::map<std::string_view, uint64_t> skipped;
  /// One sentence per damaged record, at most a few; `damaged` counts all.
  std::vector<std::string> damage;
  uint64_t damaged = 0;
};

/// Writes into `into` what a `mosquitto.db` says: sessions, subscriptions,
/// queued messages, messages under way in both directions, retained messages.
/// What belongs to `$SYS` or has expired is left out. All is committed and
/// synced at the end, some of it before: on an error the caller throws the
/// store's files away.
import_summary import_mosquitto(std::span<const uint8_t> file,
                                broker::store& into,
                                const import_options& options,
                                const instant& now, const progress& tell);

} // namespace troupe::storage
