#pragma once

#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "broker/offline_sessions.hpp"
#include "core/timer_queue.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe::actors {

/// Stands in for the durable sessions of its loop. The subtrees send it what
/// is for them: it passes on what is for a client that is there, and appends
/// the rest to the queues on disk. A session without a client is an entry of
/// its tables and nothing else.
///
/// A session actor that starts claims what there is under its client id; one
/// that goes offline parks: from then on the appender appends, and when the
/// session actor has handled what was under way to it, it hands over the rest
/// of its books. A claim in between waits for that.
class appender final : public light_actor, public timer {
public:
  using behavior_type = appender_actor::behavior_type;

  appender(caf::actor_config& cfg, node_context& shared, loop& home);
  ~appender() override;

  const char* name() const override { return "troupe.appender"; }

  void on_timer(time_point now) noexcept override;

  /// A session that was found on disk. REQUIRES: the loop does not run yet.
  void adopt(broker::offline_session&& record);

  /// Whether it stands in for a session of that name. REQUIRES: on its loop.
  bool knows(std::string_view client_id) const {
    return by_client_.contains(client_id);
  }

  /// What bounds a session of that name while it is away, instead of what
  /// bounds all; null: nothing special. REQUIRES: on its loop, or that the loop
  /// does not run.
  void set_limits(const std::string& client_id,
                  std::shared_ptr<const broker::session_limits> limits);
  /// `limits` no longer bound that session, if they still do. REQUIRES: on its
  /// loop.
  void forget_limits(const std::string& client_id,
                     const broker::session_limits& limits);
  /// What waits for a session of that name, if it is away. REQUIRES: on its
  /// loop.
  std::optional<broker::disk_backlog>
  backlog_of(std::string_view client_id) const;

  size_t size() const noexcept { return sessions_.size(); }

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;
  bool survives_failure() const noexcept override { return true; }

private:
  struct entry {
    broker::offline_session record;
    /// Null: offline.
    session_actor online;
    /// Its place among the deadlines; `never`: it has none.
    time_point watched_for = never;
  };
  /// What only a session that goes offline has, so that one that is offline
  /// takes less memory.
  struct departure {
    bool is_parking = false;
    /// Waits until the other one has parked.
    session_actor claimant;
  };
  // The index by client identifier has pointers only: the text is in the entry.
  struct client_hash {
    using is_transparent = void;
    size_t operator()(std::string_view id) const noexcept {
      return std::hash<std::string_view>{}(id);
    }
    size_t operator()(const entry* x) const noexcept {
      return (*this)(x->record.client_id);
    }
  };
  struct same_client {
    using is_transparent = void;
    bool operator()(const entry* x, const entry* y) const noexcept {
      return x->record.client_id == y->record.client_id;
    }
    bool operator()(std::string_view id, const entry* x) const noexcept {
      return id == x->record.client_id;
    }
    bool operator()(const entry* x, std::string_view id) const noexcept {
      return id == x->record.client_id;
    }
  };
  using table = std::unordered_map<broker::session_key, entry>;

  void on(deliver& message);
  void on(claim& message);
  void on(enroll& message);
  void on(withdraw& message);
  void on(park& message);
  void on(parked& message);
  void on(parts_settled& message);
  void on(queue_shrunk& message);
  void on(session_loaded& message);
  void on(routes_changed& message);
  void on(housekeeping& message);

  void append(entry& to, deliver& message);
  const broker::session_limits& limits_of(const entry& what) const;
  void settle(broker::journal_part_ptr&& part);
  void hand_over(entry& what, session_actor to);
  time_point deadline_of(const entry& what) const noexcept;
  void watch(entry& what);
  void unwatch(entry& what);
  void arm();
  void on_deadline(broker::session_key key, time_point now);
  void publish_will(entry& what, time_point now);
  void remove(table::iterator found);
  entry* find(broker::session_key key);
  bool is_parking(const entry& what) const;
  bool takes_messages(const entry& what) const;
  appender_actor self() const;

  node_context& node_;
  loop& loop_;
  table sessions_;
  std::unordered_map<broker::session_key, departure> departures_;
  std::unordered_set<entry*, client_hash, same_client> by_client_;
  std::unordered_map<std::string, std::shared_ptr<const broker::session_limits>>
      own_limits_;
  // When the wills and the ends of offline sessions are due.
  std::set<std::pair<time_point, broker::session_key>> deadlines_;
  std::array<uint64_t, broker::drop_reason_count> dropped_{};
};

} // namespace troupe::actors
