#pragma once

#include "actors/control_socket.hpp"
#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "actors/pending_changes.hpp"
#include "actors/sync_thread.hpp"
#include "broker/commit_order.hpp"
#include "broker/store.hpp"
#include "core/timer_queue.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace troupe::actors {

/// Owns the database. What arrives in one turn of its loop, which is its own
/// thread, is written as one group; while that is written the next gathers. A
/// batch is let go when it is written, and so acknowledged.
///
/// When the disk is full the publications of a group fail: their publishers
/// hear of it. Changes of sessions wait and are tried again.
class store final : public light_actor, public timer, public turn_target {
public:
  using behavior_type = store_actor::behavior_type;

  /// `home` is a loop for this actor alone.
  store(caf::actor_config& cfg, node_context& shared, loop& home,
        std::unique_ptr<broker::store> database);
  ~store() override;

  const char* name() const override { return "troupe.store"; }

  void on_timer(time_point now) noexcept override;
  void on_end_of_turn() noexcept override;

  /// Listens for `troupe store` in `directory`. REQUIRES: the loop does not run
  /// yet.
  void listen_in(const std::string& directory);

  /// Where messages of shared subscriptions go when a session ends that has
  /// them in its queue.
  void set_routes(std::shared_ptr<const route_table> routes) {
    routes_ = std::move(routes);
  }

  /// The database, for the time before the loops run and after they have ended.
  broker::store& database() noexcept { return *database_; }

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;
  bool survives_failure() const noexcept override { return true; }
  /// Closes the database, whoever still has a handle.
  void on_end() override;

private:
  using work = std::variant<remember, remember_retained, remember_seen>;

  void on(commit_batch& message);
  void on(remember& message);
  void on(load_session& message);
  void on(read_queue& message);
  void on(shrink_queue& message);
  void on(reload& message);
  void on(stop_node& message);

  template <class T>
  void add(T& what);
  void commit_soon();
  void commit_group();
  void write_group();
  void take_batches();
  void number_entries();
  void gather(broker::publication_batch& batch);
  void gather(remember& what);
  void gather(remember_retained& what);
  void gather(remember_seen& what);
  void gather_ids(const broker::publication_batch& batch);
  void gather_entries(broker::publication_batch& batch);
  void finish(bool failed);
  void finish_changes(bool failed);
  void settle_parts(bool failed);
  void answer(const remember& done);
  /// What is on disk with what waits to be written there.
  template <class T>
  T with_changes(broker::session_key key, T found) const {
    for (const auto& each : group_)
      if (auto* changes = std::get_if<remember>(&each);
          changes != nullptr && changes->key == key)
        apply(*changes, found);
    return found;
  }
  void pass_on_shared(broker::session_key key);
  size_t pass_on_shared(broker::queue_slice& from,
                        const std::vector<std::string>& filters,
                        const std::vector<broker::launch_run>& window);
  void reload_filters(reload& what);
  void reload_retained(const routes_changed& change);
  void tell_late(remember& what);
  void report(const broker::store_status& status);
  void arm();
  std::string obey(std::string_view line);

  node_context& node_;
  loop& loop_;
  std::unique_ptr<broker::store> database_;
  // Null: messages of shared subscriptions end with their session.
  std::shared_ptr<const route_table> routes_;
  std::unique_ptr<sync_thread> syncing_;
  control_socket control_;
  instant now_;
  // What the next commit brings: batches as soon as it is their turn, and in
  // the order of arrival the rest.
  broker::commit_order arrivals_;
  broker::commit_order::group batches_;
  std::vector<work> group_;
  // One slot per item of the batch being gathered.
  std::vector<std::vector<broker::queue_target>> targets_;
  size_t group_bytes_ = 0;
  time_point next_report_;
  time_point next_alive_;
  bool is_marked_ = false;
  bool is_failing_ = false;
};

} // namespace troupe::actors
