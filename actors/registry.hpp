#pragma once

#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::actors {

/// The sessions and connections of one loop: client id to session, take-over,
/// the end of both. One per loop and pinned to it.
class registry final : public light_actor {
public:
  using behavior_type = registry_actor::behavior_type;

  registry(caf::actor_config& cfg, node_context& shared, loop& home);
  ~registry() override;

  const char* name() const override { return "troupe.registry"; }

  /// Whom to tell when the last connection is gone after `stop_node`. Set
  /// before the loops start.
  void set_supervisor(supervisor_actor supervisor) {
    supervisor_ = std::move(supervisor);
  }

  /// What waits for a session of that name, if there is one with memory of its
  /// own. REQUIRES: on its loop.
  std::optional<broker::disk_backlog>
  queue_of(std::string_view client_id) const;

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;
  bool survives_failure() const noexcept override { return true; }

private:
  struct entry {
    session_actor session;
    /// `attach` messages sent to it: tells a session that went idle from one
    /// that somebody wants meanwhile.
    uint64_t attaches = 0;
  };

  void on(handed_over& message);
  void on(introduce& message);
  void on(session_idle& message);
  void on(connection_closed& message);
  void on(routes_changed& message);
  void on(policy_changed& message);
  void on(disconnect_users& message);
  void on(call_roll& message);
  void on(stop_node& message);
  void admit(std::shared_ptr<newcomer>& client);
  entry* find_or_make(const std::string& client_id);
  entry& make_session(const std::string& client_id);
  bool is_offline_session(std::string_view client_id) const;
  void refuse(newcomer& client);
  connection_actor spawn_connection(std::shared_ptr<newcomer> client);
  void report_if_drained();
  registry_actor self() const;

  node_context& node_;
  loop& loop_;
  supervisor_actor supervisor_;
  // The keys lie in the sessions.
  std::unordered_map<std::string_view, entry> sessions_;
  std::vector<connection_actor> connections_;
  std::vector<size_t> free_;
  bool is_stopping_ = false;
};

} // namespace troupe::actors
