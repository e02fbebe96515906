#include "actors/recovery.hpp"

#include "actors/journaling.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::actors {

namespace {

using std::chrono::seconds;

/// How often the log says how far it is.
constexpr auto report_interval = seconds{1};

class recovering {
public:
  recovering(node_context& node, broker::store& database,
             const recovery_targets& to)
      : node_(node), database_(database), to_(to),
        next_report_(now_.steady + report_interval) {
    auto alive = database.alive_at();
    died_at_ = alive != 0 ? alive : now_.wall;
  }

  void take_sessions() {
    database_.for_each_session(
        [this](broker::recovered_session&& what) { take(std::move(what)); },
        now_);
    // Never a key that another session had, even one that is erased: their
    // number cannot grow faster than time does.
    auto fresh = static_cast<uint64_t>(now_.wall) << 10;
    node_.next_session_key = std::max(last_key_ + 1, fresh);
    database_.put_alive(now_.wall);
    if (auto status = database_.commit(true); !status)
      log::write(log::level::error, "The database cannot be written: {}",
                 status.text);
  }

  void take_retained() {
    database_.for_each_retained(
        [this](broker::retained_message&& each) {
          auto index = to_.routes->index_of(each.message->topic());
          to_.subtrees[index]->adopt(std::move(each));
          ++retained_;
          report_progress("retained messages", retained_);
        },
        now_);
  }

  void report_result() const {
    log::write(log::level::notice,
               "Restored {} sessions with {} subscriptions and {} queued "
               "messages, and {} retained messages.",
               sessions_, subscriptions_, queued_, retained_);
  }

private:
  void take(broker::recovered_session&& what) {
    auto key = what.record.key;
    last_key_ = std::max(last_key_, key);
    disconnect(what);
    if (is_over(what)) {
      database_.erase_session(key);
      return;
    }
    if (is_left_behind(what.record))
      end_at_once(what);
    auto home = node_.home_of(what.record.client_id);
    auto& stats = node_.loops[home]->stats();
    broker::offline_session made;
    made.queue = broker::disk_queue_ptr{
        new broker::disk_queue(key, what.queue.last_sequence + 1), false};
    made.expiry_interval = what.record.expiry_interval;
    made.ends_at =
        what.record.ends_at != 0 ? now_.to_steady(what.record.ends_at) : never;
    made.backlog.messages = what.queue.messages;
    made.backlog.bytes = what.queue.bytes;
    made.backlog.earliest_expiry = now_.to_steady(what.queue.earliest_expiry);
    if (what.will)
      made.will = std::make_unique<broker::stored_will>(std::move(*what.will));
    made.client_id = std::move(what.record.client_id);
    subscribe(key, home, what.subscriptions);
    stats.subscriptions.add(what.subscriptions.size());
    to_.appenders[home]->adopt(std::move(made));
    node_.sessions.fetch_add(1, std::memory_order_relaxed);
    queued_ += what.queue.messages;
    subscriptions_ += what.subscriptions.size();
    report_progress("sessions", ++sessions_);
  }

  /// One that has a will yet to be published is brought back to do that.
  bool is_over(const broker::recovered_session& what) const noexcept {
    return what.record.ends_at != 0 && what.record.ends_at <= now_.wall
           && !what.will;
  }

  /// A bridge had it that is no longer configured, or keeps none any more.
  bool is_left_behind(const broker::session_record& record) const {
    return record.is_bridge && !to_.bridges.contains(record.client_id);
  }

  /// Its appender ends it when the loops run: then others of its shared
  /// subscriptions get what waited.
  void end_at_once(broker::recovered_session& what) {
    what.record.ends_at = now_.wall;
    log::write(log::level::warning,
               "No bridge of the configuration keeps the session {} any more: "
               "it is erased, and {} messages that waited in it.",
               what.record.client_id, what.queue.messages);
  }

  /// Its client was there when the node died.
  void disconnect(broker::recovered_session& what) {
    auto& record = what.record;
    if (!record.is_connected)
      return;
    record.is_connected = false;
    if (record.expiry_interval != broker::session_never_expires)
      record.ends_at = died_at_ + wall_time{record.expiry_interval} * 1000;
    if (what.will) {
      what.will->due_at = died_at_ + wall_time{what.will->delay} * 1000;
      if (record.ends_at != 0)
        what.will->due_at = std::min(what.will->due_at, record.ends_at);
      database_.put_will(record.key, *what.will, now_);
    }
    database_.put_session(record);
  }

  void subscribe(broker::session_key key, size_t home,
                 const std::vector<broker::stored_subscription>& all) {
    for (const auto& each : all)
      for_each_subtree(*to_.routes, each.filter, [&](size_t index) {
        subscribe_filters request;
        request.subscriber =
            caf::actor_cast<subscriber_actor>(node_.appenders[home]);
        request.key = key;
        request.state = readiness::can_keep;
        request.filters.push_back(
            {each.filter, each.options, each.identifier, each.shared, false});
        to_.subtrees[index]->adopt(request);
      });
    for (const auto& each : all)
      if (each.shared != 0)
        node_.loops[home]->stats().shared_subscriptions.add();
  }

  void report_progress(const char* what, size_t count) {
    if (count % 1024 != 0 || clock::now() < next_report_)
      return;
    next_report_ = clock::now() + report_interval;
    log::write(log::level::notice, "Restoring: {} {} so far.", count, what);
  }

  node_context& node_;
  broker::store& database_;
  const recovery_targets& to_;
  instant now_ = instant::now();
  wall_time died_at_ = 0;
  time_point next_report_;
  uint64_t last_key_ = 0;
  size_t sessions_ = 0;
  size_t subscriptions_ = 0;
  size_t queued_ = 0;
  size_t retained_ = 0;
};

} // namespace

void recover(node_context& node, broker::store& database,
             const recovery_targets& to) {
  recovering task{node, database, to};
  task.take_sessions();
  task.take_retained();
  task.report_result();
}

} // namespace troupe::actors
