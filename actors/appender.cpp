#include "actors/appender.hpp"

#include "actors/authorship.hpp"
#include "actors/journaling.hpp"
#include "actors/routes.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace troupe::actors {

appender::appender(caf::actor_config& cfg, node_context& shared, loop& home)
    : light_actor(cfg, &home), node_(shared), loop_(home) {}

appender::~appender() = default;

void appender::receive(const mail& message) {
  if (auto* messages = message.get_if<deliver>())
    on(*messages);
  else if (auto* settled = message.get_if<parts_settled>())
    on(*settled);
  else if (auto* wanted = message.get_if<claim>())
    on(*wanted);
  else if (auto* durable = message.get_if<enroll>())
    on(*durable);
  else if (auto* over = message.get_if<withdraw>())
    on(*over);
  else if (auto* going = message.get_if<park>())
    on(*going);
  else if (auto* gone = message.get_if<parked>())
    on(*gone);
  else if (auto* shrunk = message.get_if<queue_shrunk>())
    on(*shrunk);
  else if (auto* loaded = message.get_if<session_loaded>())
    on(*loaded);
  else if (auto* change = message.get_if<routes_changed>())
    on(*change);
  else if (auto* round = message.get_if<housekeeping>())
    on(*round);
}

void appender::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Appender of loop {} failed: {}", loop_.index(),
             what);
}

appender_actor appender::self() const {
  return caf::actor_cast<appender_actor>(ctrl());
}

appender::entry* appender::find(broker::session_key key) {
  auto found = sessions_.find(key);
  return found != sessions_.end() ? &found->second : nullptr;
}

bool appender::is_parking(const entry& what) const {
  if (departures_.empty())
    return false;
  auto going = departures_.find(what.record.queue->key());
  return going != departures_.end() && going->second.is_parking;
}

bool appender::takes_messages(const entry& what) const {
  return what.online && !is_parking(what);
}

// -- messages
// -------------------------------------------------------------------

void appender::on(deliver& message) {
  auto* to = find(message.key);
  if (to == nullptr)
    return; // the session is over
  if (takes_messages(*to))
    tell(to->online, std::move(message));
  else
    append(*to, message);
}

const broker::session_limits& appender::limits_of(const entry& what) const {
  if (!own_limits_.empty())
    if (auto found = own_limits_.find(what.record.client_id);
        found != own_limits_.end())
      return *found->second;
  return loop_.limits();
}

void appender::set_limits(
    const std::string& client_id,
    std::shared_ptr<const broker::session_limits> limits) {
  if (limits)
    own_limits_[client_id] = std::move(limits);
  else
    own_limits_.erase(client_id);
}

void appender::forget_limits(const std::string& client_id,
                             const broker::session_limits& limits) {
  auto found = own_limits_.find(client_id);
  if (found != own_limits_.end() && found->second.get() == &limits)
    own_limits_.erase(found);
}

std::optional<broker::disk_backlog>
appender::backlog_of(std::string_view client_id) const {
  auto found = by_client_.find(client_id);
  if (found == by_client_.end() || (*found)->online)
    return std::nullopt;
  return (*found)->record.backlog;
}

void appender::append(entry& to, deliver& message) {
  auto before = dropped_;
  auto waited = to.record.backlog.messages;
  auto what =
      broker::append_offline(to.record, *message.batch, message.deliveries,
                             limits_of(to), loop_.now(), dropped_);
  for (size_t i = 0; i < dropped_.size(); ++i)
    loop_.stats().dropped[i].add(dropped_[i] - before[i]);
  loop_.stats().stored_messages.add(to.record.backlog.messages - waited);
  if (what.part) {
    what.part->home = static_cast<uint32_t>(loop_.index());
    what.part->is_from_appender = true;
    what.part->ask_for_notice();
    message.batch->add_journal(std::move(what.part));
  }
  if (!what.drop_expired && what.drop_oldest == 0)
    return;
  shrink_queue request;
  request.key = message.key;
  request.expired = what.drop_expired;
  request.oldest = what.drop_oldest;
  request.bytes = what.drop_bytes;
  request.from = 1;
  request.answer_to = self();
  tell(node_.store, std::move(request));
}

void appender::on(parts_settled& message) {
  for (auto& part : message.parts)
    settle(std::move(part));
}

void appender::settle(broker::journal_part_ptr&& part) {
  auto* of = find(part->queue().key());
  if (of == nullptr)
    return;
  if (!of->online || (is_parking(*of) && part->is_from_appender)) {
    auto before = of->record.backlog.messages;
    broker::settle_offline(of->record, *part);
    loop_.stats().stored_messages.subtract(before
                                           - of->record.backlog.messages);
    return;
  }
  parts_settled notice;
  notice.parts.push_back(std::move(part));
  tell(of->online, std::move(notice));
}

void appender::on(queue_shrunk& message) {
  loop_.stats().dropped[static_cast<size_t>(broker::drop_reason::expired)].add(
      message.expired);
  auto* of = find(message.key);
  if (of == nullptr)
    return;
  if (takes_messages(*of)) {
    tell(of->online, std::move(message));
    return;
  }
  auto& waiting = of->record.backlog;
  auto messages = std::min<size_t>(waiting.messages, message.messages);
  waiting.messages -= static_cast<uint32_t>(messages);
  waiting.bytes -= std::min(waiting.bytes, message.bytes);
  waiting.earliest_expiry =
      std::min(waiting.earliest_expiry, message.earliest_expiry);
  loop_.stats().stored_messages.subtract(messages);
}

// -- sessions come and go
// -------------------------------------------------------

void appender::adopt(broker::offline_session&& record) {
  auto key = record.queue->key();
  auto& made = sessions_[key];
  made.record = std::move(record);
  by_client_.insert(&made);
  loop_.stats().sessions.add();
  loop_.stats().stored_messages.add(made.record.backlog.messages);
  watch(made);
  arm();
}

void appender::on(claim& message) {
  auto found = by_client_.find(std::string_view{message.client_id});
  if (found == by_client_.end()) {
    tell(message.session, claimed{});
    return;
  }
  auto& what = **found;
  if (what.online)
    departures_[what.record.queue->key()].claimant = std::move(message.session);
  else
    hand_over(what, std::move(message.session));
}

void appender::hand_over(entry& what, session_actor to) {
  unwatch(what);
  auto lent = std::make_shared<broker::offline_session>();
  lent->client_id = what.record.client_id;
  lent->queue = what.record.queue;
  lent->backlog = std::exchange(what.record.backlog, {});
  lent->expiry_interval = what.record.expiry_interval;
  lent->ends_at = what.record.ends_at;
  lent->will = std::move(what.record.will);
  loop_.stats().stored_messages.subtract(lent->backlog.messages);
  loop_.stats().sessions.subtract();
  what.online = std::move(to);
  tell(what.online, claimed{std::move(lent)});
}

void appender::on(enroll& message) {
  auto& made = sessions_[message.queue->key()];
  made.record.client_id = std::move(message.client_id);
  made.record.queue = std::move(message.queue);
  made.online = std::move(message.session);
  by_client_.erase(&made); // a session that has ended, by the same name
  by_client_.insert(&made);
}

void appender::on(withdraw& message) {
  if (auto found = sessions_.find(message.key); found != sessions_.end())
    remove(found);
}

void appender::remove(table::iterator found) {
  auto& what = found->second;
  unwatch(what);
  if (auto known = by_client_.find(&what);
      known != by_client_.end() && *known == &what)
    by_client_.erase(known);
  if (auto going = departures_.find(found->first); going != departures_.end()) {
    if (going->second.claimant)
      tell(going->second.claimant, claimed{});
    departures_.erase(going);
  }
  sessions_.erase(found);
}

void appender::on(park& message) {
  auto* what = find(message.key);
  if (what == nullptr || !what->online)
    return;
  departures_[message.key].is_parking = true;
  tell(what->online, parking_begun{});
}

void appender::on(parked& message) {
  auto* what = find(message.key);
  if (what == nullptr)
    return;
  auto& left = *message.record;
  auto& now = what->record;
  now.backlog.messages += left.backlog.messages;
  now.backlog.bytes += left.backlog.bytes;
  now.backlog.unsettled += left.backlog.unsettled;
  now.backlog.earliest_expiry =
      std::min(now.backlog.earliest_expiry, left.backlog.earliest_expiry);
  now.expiry_interval = left.expiry_interval;
  now.ends_at = left.ends_at;
  now.will = std::move(left.will);
  loop_.stats().stored_messages.add(left.backlog.messages);
  loop_.stats().sessions.add();
  what->online = session_actor{};
  auto going = departures_.extract(message.key);
  if (!going.empty() && going.mapped().claimant) {
    hand_over(*what, std::move(going.mapped().claimant));
    return;
  }
  watch(*what);
  arm();
}

// -- wills and ends of those who are away
// ---------------------------------------

time_point appender::deadline_of(const entry& what) const noexcept {
  auto will_at = never;
  if (what.record.will)
    will_at = instant::now().to_steady(what.record.will->due_at);
  return std::min(what.record.ends_at, will_at);
}

void appender::watch(entry& what) {
  what.watched_for = deadline_of(what);
  if (what.watched_for != never)
    deadlines_.emplace(what.watched_for, what.record.queue->key());
}

void appender::unwatch(entry& what) {
  if (what.watched_for != never)
    deadlines_.erase({what.watched_for, what.record.queue->key()});
  what.watched_for = never;
}

void appender::arm() {
  auto next = deadlines_.empty() ? never : deadlines_.begin()->first;
  if (next != never)
    loop_.timers().arm(*this, next);
  else
    loop_.timers().disarm(*this);
}

void appender::on_timer(time_point now) noexcept {
  try {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      auto key = deadlines_.begin()->second;
      deadlines_.erase(deadlines_.begin());
      on_deadline(key, now);
    }
  } catch (const std::exception& failed) {
    on_failure(failed.what());
  }
  arm();
}

void appender::on_deadline(broker::session_key key, time_point now) {
  auto* what = find(key);
  if (what == nullptr || what->online)
    return;
  what->watched_for = never;
  if (what->record.will
      && instant::now().to_steady(what->record.will->due_at) <= now)
    publish_will(*what, now);
  if (what->record.ends_at > now) {
    watch(*what);
    return;
  }
  // Its filters are on disk.
  loop_.stats().sessions_expired.add();
  tell(node_.store, load_session{key, caf::actor_cast<load_sink>(ctrl())});
}

void appender::publish_will(entry& what, time_point now) {
  auto will = std::move(what.record.will);
  auto message =
      will->expiry_interval
          ? broker::with_expiry(*will->message, *will->expiry_interval, now)
          : will->message;
  auto key = what.record.queue->key();
  if (may_publish_will(loop_.policy(), will->by.get(), message->topic()))
    publish(node_, loop_, std::move(message), key, std::move(will->by));
  remember done;
  done.key = key;
  done.will.emplace();
  tell(node_.store, std::move(done));
}

void appender::on(session_loaded& message) {
  auto found = sessions_.find(message.key);
  if (found == sessions_.end() || found->second.online)
    return; // its client came back in the last moment
  std::vector<std::string> filters;
  for (auto& each : message.content->subscriptions)
    filters.push_back(std::move(each.filter));
  // First: what it held for shared groups goes to the members that remain.
  leave_subtrees(loop_, message.key, filters);
  remember end;
  end.key = message.key;
  end.erases_session = true;
  end.ended_queue = found->second.record.queue;
  tell(node_.store, std::move(end));
  loop_.stats().stored_messages.subtract(found->second.record.backlog.messages);
  loop_.stats().sessions.subtract();
  node_.sessions.fetch_sub(1, std::memory_order_relaxed);
  remove(found);
}

/// The filters of sessions that are away are on disk. Those of the others are
/// brought, too: one that parks meanwhile does not say so itself.
void appender::on(routes_changed& message) {
  reload request;
  request.keys.reserve(sessions_.size());
  for (const auto& [key, what] : sessions_)
    request.keys.push_back(key);
  request.change = std::move(message);
  request.subscriber = caf::actor_cast<subscriber_actor>(ctrl());
  tell(node_.store, std::move(request));
}

/// Messages that have expired leave the disk even if nobody comes for them.
void appender::on(housekeeping&) {
  auto now = loop_.now();
  for (auto& [key, what] : sessions_) {
    auto& waiting = what.record.backlog;
    if (what.online || waiting.earliest_expiry > now)
      continue;
    waiting.earliest_expiry = never;
    shrink_queue request;
    request.key = key;
    request.expired = true;
    request.answer_to = self();
    tell(node_.store, std::move(request));
  }
}

} // namespace troupe::actors
