#include "actors/session.hpp"

#include "actors/authorship.hpp"
#include "actors/journaling.hpp"
#include "actors/routes.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace troupe::actors {

session::session(caf::actor_config& cfg, node_context& shared, loop& home,
                 registry_actor registry, std::string client_id)
    : light_actor(cfg, &home), node_(shared), loop_(home),
      registry_(std::move(registry)),
      machine_(std::move(client_id),
               shared.next_session_key.fetch_add(1, std::memory_order_relaxed),
               home.limits()) {
  loop_.stats().sessions.add();
  start();
}

session::~session() = default;

session_actor session::self() const {
  return caf::actor_cast<session_actor>(ctrl());
}

broker::disk_backlog session::queue() const noexcept {
  broker::disk_backlog all;
  all.messages = static_cast<uint32_t>(machine_.out().queued());
  all.bytes = machine_.out().queued_bytes();
  return all;
}

void session::receive(const mail& message) {
  if (auto* messages = message.get_if<deliver>())
    on(*messages);
  else if (auto* packets = message.get_if<client_acknowledged>())
    on(*packets);
  else if (auto* subscribed = message.get_if<client_subscribed>())
    on(*subscribed);
  else if (auto* unsubscribed = message.get_if<client_unsubscribed>())
    on(*unsubscribed);
  else if (auto* in_force = message.get_if<filters_in_force>())
    on(*in_force);
  else if (auto* writable = message.get_if<output_writable>())
    on(*writable);
  else if (auto* newcomer = message.get_if<attach_connection>())
    on(*newcomer);
  else if (auto* gone = message.get_if<detached>())
    on(*gone);
  else if (auto* routes = message.get_if<routes_changed>())
    on(*routes);
  else if (auto* rights = message.get_if<rights_changed>())
    on(*rights);
  else if (auto* end = message.get_if<end_session>())
    on(*end);
  else
    receive_of_store(message);
}

void session::on_failure(const char* what) noexcept {
  log::client(log::level::error, machine_.client_id(), "Session failed: {}",
              what);
  if (connection_)
    tell(connection_, taken_over{});
  if (connection_ && held_answer_)
    tell(connection_, attached{}); // it waits for that to end
  for (auto& next : waiting_) {
    tell(next.connection, taken_over{});
    tell(next.connection, attached{});
  }
  // The registry forgets us; nobody can attach to a session that is no more.
  tell(registry_,
       session_idle{self(), machine_.client_id(), session_idle::failed});
  if (books_)
    finish_parking(); // the next one begins with what is on disk
  else
    leave();
}

// -- connections come and go
// ------------------------------------------------------

void session::on(attach_connection& message) {
  ++attaches_;
  if (stage_ != stage::ready || connection_ || !waiting_.empty()) {
    if (waiting_.empty() && connection_)
      tell(connection_, taken_over{});
    waiting_.push_back(std::move(message));
    return;
  }
  admit(message);
}

void session::admit(attach_connection& message) {
  loop_.timers().disarm(*this);
  auto now = loop_.now();
  auto client = message.parameters.client;
  is_bridge_ = message.is_bridge;
  wants_one_copy_ = !loop_.policy().settings->allow_duplicate_messages
                    && client.version != protocol::version::v5;
  if (message.limits != limits_) {
    machine_.out().set_limits(message.limits ? *message.limits
                                             : loop_.limits());
    limits_ = std::move(message.limits);
  }
  auto outcome = machine_.on_connected(message.parameters, now);
  drop_filters(outcome.removed_filters);
  pass_on(std::move(outcome.orphans));
  publish(outcome.will);
  connection_ = std::move(message.connection);
  access_ = std::move(message.access);
  will_by_ = std::move(message.will_by);
  held_until_ = books_ && !outcome.resumed ? retire() : 0;
  if (!outcome.removed_filters.empty())
    change_key();
  auto is_new = !books_ && node_.store && machine_.is_durable();
  if (is_new)
    become_durable();
  if (books_)
    held_until_ = remember_connect(is_new);
  held_answer answer{{}, client, message.spare_ids};
  answer.what.session = self();
  answer.what.key = machine_.key();
  answer.what.session_present = outcome.session_present;
  if (auto lent = machine_.take_receiver(); lent.unacknowledged() != 0)
    answer.what.receiver = std::make_shared<broker::receiver>(std::move(lent));
  if (held_until_ != 0)
    held_answer_ = std::make_unique<held_answer>(std::move(answer));
  else
    send_answer(std::move(answer));
  after_change();
}

/// CONNACK is the first packet [MQTT-3.2.0-1]: what waits for the client goes
/// behind it.
void session::send_answer(held_answer&& answer) {
  if (answer.spare_ids != 0)
    answer.what.spare_ids = machine_.out().spare_packet_ids(answer.spare_ids);
  tell(connection_, std::move(answer.what));
  send_after([&](broker::sender& out, auto& next) {
    out.on_connected(answer.client, loop_.now(), next);
  });
}

void session::on(detached& message) {
  if (message.connection != connection_)
    return;
  connection_ = connection_actor{};
  if (message.receiver)
    machine_.return_receiver(std::move(*message.receiver));
  if (message.changes_expiry)
    machine_.change_expiry(message.expiry_interval);
  pending_.clear();
  held_replays_.clear();
  publish(machine_.on_disconnected(message.how, loop_.now()));
  remember_presence();
  if (waiting_.empty()) {
    settle();
    after_change();
    return;
  }
  admit_next();
}

void session::admit_next() {
  auto next = std::move(waiting_.front());
  waiting_.erase(waiting_.begin());
  admit(next);
  if (!waiting_.empty())
    tell(connection_, taken_over{});
}

/// The client is away: wait for what comes next, or end.
void session::settle() {
  if (books_ || machine_.is_over(loop_.now()))
    tell(registry_, session_idle{self(), machine_.client_id(), attaches_});
  else
    loop_.timers().arm(*this, machine_.next_deadline());
}

void session::on_timer(time_point now) noexcept {
  publish(machine_.on_timer(now));
  if (machine_.is_over(now))
    loop_.stats().sessions_expired.add();
  settle();
}

void session::on(end_session&) {
  if (books_ && !machine_.is_over(loop_.now())) {
    begin_parking();
    return;
  }
  publish(machine_.on_end(loop_.now()));
  leave();
}

/// Takes the session out of everything that knows it.
void session::leave() {
  loop_.timers().disarm(*this);
  std::vector<std::string> filters;
  for (const auto& [filter, record] : machine_.subscriptions())
    filters.push_back(filter);
  auto orphans = machine_.take_orphans();
  drop_filters(filters);
  pass_on(std::move(orphans));
  if (books_)
    retire();
  loop_.stats().sessions.subtract();
  loop_.stats().stored_messages.subtract(counted_stored_);
  node_.sessions.fetch_sub(1, std::memory_order_relaxed);
  quit();
}

/// allow_duplicate_messages false: overlapping subscriptions give an MQTT 3.x
/// client one copy, at the highest QoS.
void session::merge_copies(std::vector<broker::delivery>& deliveries) {
  auto kept = deliveries.begin();
  for (auto next = kept + 1; next != deliveries.end(); ++next) {
    if (next->item == kept->item)
      kept->qos = std::max(kept->qos, next->qos);
    else
      *++kept = *next;
  }
  deliveries.erase(kept + 1, deliveries.end());
}

/// Messages of shared subscriptions go to other members, now that the subtrees
/// no longer count us as one.
void session::pass_on(std::vector<broker::orphan>&& orphans) {
  for (auto& [filter, delivery] : orphans) {
    auto index = loop_.routes().index_of(delivery.message->topic());
    redistribute request;
    request.messages.push_back({filter, std::move(delivery.message)});
    tell(loop_.routes().subtree(index), std::move(request));
  }
}

/// A will, if its client may publish there now.
void session::publish(const broker::publication_ptr& message) {
  if (message
      && may_publish_will(loop_.policy(), will_by_.get(), message->topic()))
    actors::publish(node_, loop_, message, machine_.key(), will_by_);
}

// -- rights
// ---------------------------------------------------------------------

bool session::may(security::action what, std::string_view topic) {
  return !access_ || access_->may(what, topic);
}

void session::on(rights_changed& message) {
  access_ = std::move(message.access);
}

/// The will as it is to be remembered: it is judged when it is due.
std::optional<broker::stored_will> session::will_to_remember() const {
  auto will = machine_.will(instant::now());
  if (will)
    will->by = will_by_;
  return will;
}

/// Takes out what the client may not read. A client that is away is judged when
/// it returns.
void session::withhold(deliver& message) {
  const auto& items = message.batch->items;
  std::erase_if(message.deliveries, [&](const broker::delivery& each) {
    return !may(security::action::receive, items[each.item].message->topic());
  });
}

/// The same for messages that have waited. To the machine they are done. True:
/// there were such.
bool session::withhold(std::vector<broker::queued_delivery>& deliveries) {
  std::vector<broker::queued_delivery> allowed;
  for (size_t i = 0; i < deliveries.size(); ++i) { // more come meanwhile
    auto& each = deliveries[i];
    if (each.pubrel || may(security::action::receive, each.message->topic())) {
      allowed.push_back(std::move(each));
      continue;
    }
    auto what = std::move(each);
    skip(what, deliveries);
  }
  auto has_skipped = allowed.size() != deliveries.size();
  deliveries = std::move(allowed);
  return has_skipped;
}

void session::skip(const broker::queued_delivery& what,
                   std::vector<broker::queued_delivery>& next) {
  if (what.qos == protocol::qos::at_most_once)
    return;
  protocol::acknowledgement done;
  done.type = what.qos == protocol::qos::at_least_once
                  ? protocol::packet_type::puback
                  : protocol::packet_type::pubrec;
  done.packet_id = what.packet_id;
  done.reason = protocol::reason::not_authorized;
  with_sender([&](broker::sender& out) {
    out.on_acknowledgement(done, loop_.now(), next);
  });
}

// -- messages
// -------------------------------------------------------------------

void session::on(deliver& message) {
  if (message.key != machine_.key())
    return; // for the session that a clean start has ended
  auto replayed = message.deliveries.front().replayed;
  if (access_ && connection_) {
    withhold(message);
    if (message.deliveries.empty())
      return;
  }
  if (wants_one_copy_ && message.deliveries.size() > 1)
    merge_copies(message.deliveries);
  if (books_)
    books_->begin(message.deliveries.size());
  with_sender([&](broker::sender& out) {
    out.accept(*message.batch, message.deliveries, loop_.now());
  });
  if (books_)
    books_->end(*message.batch);
  auto limit = loop_.limits().max_queued_messages;
  if (replayed && limit != 0 && machine_.out().queued() > limit / 4)
    held_replays_.push_back(message.batch); // the next chunk waits
  if (connection_ && !message.deliveries.empty())
    tell(connection_,
         send_now{std::move(message.batch), std::move(message.deliveries)});
  after_change();
}

void session::on(client_acknowledged& message) {
  send_after([&](broker::sender& out, auto& next) {
    protocol::acknowledgement packet;
    for (const auto& [type, packet_id, code] : message.packets) {
      packet.type = type;
      packet.packet_id = packet_id;
      packet.reason = code;
      out.on_acknowledgement(packet, loop_.now(), next);
    }
  });
  after_change();
}

void session::on(output_writable& message) {
  if (!connection_)
    return;
  send_after([&](broker::sender& out, auto& next) {
    out.set_writable(message.writable, loop_.now(), next);
  });
  after_change();
}

void session::send_again(std::vector<broker::queued_delivery>&& deliveries) {
  if (connection_ && access_ && withhold(deliveries))
    after_change(); // what was skipped is remembered as done
  if (connection_ && !deliveries.empty())
    tell(connection_, send_queued{std::move(deliveries)});
}

/// What depends on how full the sender is.
void session::after_change() {
  auto& out = machine_.out();
  auto stored = out.queued() + out.in_flight();
  if (stored != counted_stored_) {
    loop_.stats().stored_messages.add(stored - counted_stored_);
    counted_stored_ = stored;
  }
  if (out.queued() == 0)
    drop_logged_ = false;
  if (!held_replays_.empty()
      && out.queued() <= loop_.limits().max_queued_messages / 4)
    held_replays_.clear();
  if (shared_filters_ != 0)
    tell_readiness();
  if (books_)
    flush_books();
}

void session::count_drops(
    const std::array<uint64_t, broker::drop_reason_count>& before) {
  const auto& after = machine_.out().dropped();
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i] == before[i])
      continue;
    loop_.stats().dropped[i].add(after[i] - before[i]);
    if (!drop_logged_)
      log::client(log::level::notice, machine_.client_id(),
                  "Outgoing messages are being dropped for client {}: {}.",
                  machine_.client_id(),
                  broker::to_string(static_cast<broker::drop_reason>(i)));
    drop_logged_ = true;
  }
}

readiness session::current_readiness() {
  if (connection_ && machine_.out().has_room())
    return readiness::ready;
  return connection_ || !machine_.is_over(loop_.now()) ? readiness::can_keep
                                                       : readiness::absent;
}

void session::tell_readiness() {
  auto state = current_readiness();
  if (state == told_)
    return;
  told_ = state;
  for (const auto& [filter, record] : machine_.subscriptions())
    if (record.shared != 0)
      for_each_subtree(loop_.routes(), filter, [&](size_t index) {
        tell(loop_.routes().subtree(index),
             member_state{machine_.key(), state});
      });
}

} // namespace troupe::actors
