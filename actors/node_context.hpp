#pragma once

#include "actors/admission.hpp"
#include "actors/brake.hpp"
#include "actors/bridge_status.hpp"
#include "actors/dynamic_security.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/policy.hpp"
#include "actors/stats.hpp"
#include "broker/seen_set.hpp"
#include "config/settings.hpp"
#include "core/clock.hpp"
#include "core/work_pool.hpp"
#include "security/scram.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// What all actors of a node share. Filled by the supervisor before the loops
/// start; constant afterwards but for the atomics.
struct node_context {
  /// As the broker was started. What a reload may change is read from the
  /// policy of the loop instead.
  config::settings settings;
  /// Names this node among those it is bridged with.
  broker::node_id node_id = 0;
  /// What of other nodes was seen before this start; null: nothing.
  std::shared_ptr<const broker::seen_set> seen_before;
  std::vector<std::unique_ptr<loop>> loops;
  std::vector<registry_actor> registries;
  /// Null: nothing is persistent.
  store_actor store;
  /// By loop; empty: nothing is persistent.
  std::vector<appender_actor> appenders;
  /// The store cannot write: the disk is full, say.
  std::atomic<bool> store_is_failing{false};
  /// Records that could not be read and were moved aside since the start.
  std::atomic<uint64_t> damaged_records{0};
  /// One per subtree; kept when a subtree is restarted.
  std::vector<std::unique_ptr<subtree_stats>> subtrees;
  actors::admission admission;
  actors::brake brake;
  /// Null: there is none.
  std::unique_ptr<actors::dynamic_security> dynamic_security;
  /// Resolve the names of remote brokers; null: there are no bridges.
  std::unique_ptr<work_pool> resolvers;
  /// Of the bridges that there are, in the order of their names.
  bridge_list bridges;
  /// Check passwords and tokens, and carry out what dynamic security is told.
  std::unique_ptr<work_pool> workers;
  /// What `security::scram_decoy` wants. Made when it is first asked for: to
  /// draw lots wakes up megabytes of libcrypto.
  const std::string& scram_key() {
    std::call_once(scram_key_made_,
                   [this] { scram_key_ = security::make_scram_nonce(); });
    return scram_key_;
  }
  /// More memory is in use than `memory_limit`: no new client and no new
  /// message is taken until it is less again.
  std::atomic<bool> is_short_of_memory{false};
  std::atomic<int64_t> sessions{0};
  std::atomic<uint64_t> next_session_key{1};

  /// For a subtree that starts: greater than any before, also than those of
  /// earlier lives of a node that remembers something. Only the supervisor asks
  /// once loops run.
  uint64_t new_epoch() noexcept {
    auto wall =
        static_cast<uint64_t>(std::max(instant::now().wall, wall_time{0}));
    return last_epoch_ = std::max(last_epoch_ + 1, wall);
  }
  /// Epochs begin behind `when`. REQUIRES: no loop runs yet.
  void begin_epochs_after(wall_time when) noexcept {
    last_epoch_ = static_cast<uint64_t>(std::max(when, wall_time{0}));
  }

  /// The loop whose registry answers for `client_id`.
  size_t home_of(std::string_view client_id) const noexcept {
    return loops.size() == 1
               ? 0
               : std::hash<std::string_view>{}(client_id) % loops.size();
  }

private:
  uint64_t last_epoch_ = 0;
  std::once_flag scram_key_made_;
  std::string scram_key_;
};

} // namespace troupe::actors
