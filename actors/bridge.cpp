#include "actors/bridge.hpp"

#include "actors/appender.hpp"
#include "actors/journaling.hpp"
#include "actors/registry.hpp"
#include "actors/spawn.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <caf/actor_cast.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace troupe::actors {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How often it looks at what waits and at the link.
constexpr auto watch_interval = seconds{1};

/// Both in one line: an address that is no name begins the cause already.
std::string with_cause(std::string_view address, std::string_view why) {
  auto there = address;
  if (there.starts_with(config::unix_prefix))
    there.remove_prefix(config::unix_prefix.size());
  if (!why.starts_with(there))
    return fmt::format("{}: {}", address, why);
  return fmt::format("{}{}", address, why.substr(there.size()));
}

} // namespace

bridge::bridge(caf::actor_config& cfg, node_context& shared, loop& home,
               std::shared_ptr<bridge_status> status)
    : light_actor(cfg, &home), node_(shared), loop_(home),
      status_(std::move(status)), dial_(*this, shared, home),
      probe_(*this, shared, home) {}

bridge::~bridge() = default;

connection_actor bridge::as_connection() const {
  return caf::actor_cast<connection_actor>(ctrl());
}

void bridge::receive(const mail& message) {
  if (auto* changed = message.get_if<bridge_changed>())
    on(*changed);
  else if (auto* found = message.get_if<dialed>())
    on(*found);
  else if (auto* there = message.get_if<link_attached>())
    on(*there);
  else if (auto* gone = message.get_if<link_ended>())
    on(*gone);
  else if (auto* session = message.get_if<attached>())
    on(*session);
  else if (auto* answer = message.get_if<send_suback>())
    on(*answer);
  else if (message.get_if<taken_over>())
    give_session_up();
  else if (auto* removed = message.get_if<remove_bridge>())
    on(*removed);
  else if (auto* stop = message.get_if<stop_node>())
    on(*stop);
}

void bridge::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Bridge {} failed: {}", status_->name(), what);
  if (stage_ == stage::dialing || stage_ == stage::greeting)
    give_up(what);
}

/// The node ends.
void bridge::on_end() {
  until_.reset();
  loop_.timers().disarm(*this);
  dial_.cancel();
  probe_.cancel();
  close_stream();
  session_ = session_actor{};
  connection_ = connection_actor{};
}

double bridge::random() {
  return std::uniform_real_distribution<double>{0, 1}(dice_);
}

// -- what it goes by
// ----------------------------------------------------------------

void bridge::on(bridge_changed& message) {
  if (is_stopping_ || is_removed_)
    return;
  auto is_new = !plan_;
  self_ = caf::actor_cast<bridge_actor>(ctrl());
  auto is_same = !is_new && plan_->own == message.plan->own
                 && plan_->limits == message.plan->limits;
  plan_ = std::move(message.plan);
  if (node_.store)
    object_of<appender>(node_.appenders[loop_.index()])
        ->set_limits(plan_->own.local_clientid, {plan_, &plan_->limits});
  if (is_same)
    return; // files that it names are read anew all the same
  if (is_new)
    notify("0");
  if (stage_ == stage::linked) {
    begins_at_once_ = true;
    if (plan_->own.reload_type == config::bridge_reload::immediate)
      end_link_for("its configuration has changed");
    return;
  }
  if (stage_ == stage::preparing)
    return; // it comes to the new plan when it is done
  until_ = std::move(message.until);
  dial_.cancel();
  close_stream();
  begin_schedule();
  prepare();
}

void bridge::begin_schedule() {
  broker::retry_settings wanted;
  wanted.addresses = plan_->own.addresses.size();
  wanted.round_robin = plan_->own.round_robin;
  wanted.base = plan_->own.restart_base;
  wanted.cap = plan_->own.restart_cap;
  wanted.stable = plan_->own.restart_stable;
  schedule_.emplace(wanted);
}

const config::bridge_address& bridge::address() const {
  return plan_->own.addresses[schedule_->address()];
}

// -- without a link
// -----------------------------------------------------------------

/// The session must have its filters before anything else.
void bridge::prepare() {
  if (plan_->own.local_cleansession) {
    rest();
    return;
  }
  introduce_ourselves();
}

/// There is nothing to do but to connect, if that is wanted.
void bridge::rest() {
  using config::bridge_start;
  until_.reset();
  stage_ = stage::resting;
  auto start = plan_->own.start_type;
  if (start == bridge_start::manual
      || (start == bridge_start::once && was_linked_)) {
    status_->enter(bridge_state::stopped);
    rest_until(never);
  } else if (start == bridge_start::lazy) {
    status_->enter(bridge_state::idle);
    rest_until(never);
  } else {
    attempt();
  }
}

/// The timer fires each second all the same, to look at what waits.
void bridge::rest_until(time_point when) {
  stage_ = stage::resting;
  retry_at_ = when;
  loop_.timers().arm(*this, std::min(when, loop_.now() + watch_interval));
}

void bridge::attempt() {
  stage_ = stage::dialing;
  status_->enter(bridge_state::connecting);
  auto where = config::to_text(address());
  log::write(log::level::notice, "Connecting bridge {} ({})", status_->name(),
             where);
  status_->set_address(std::move(where));
  retry_at_ = loop_.now() + plan_->own.connect_timeout;
  loop_.timers().arm(*this, std::min(retry_at_, loop_.now() + watch_interval));
  dial_.begin(plan_->own, address(), ++last_number_, self_);
}

void bridge::on(dialed& message) {
  if (message.number == dial_.number())
    dial_.on(message);
  else if (message.number == probe_.number())
    probe_.on(message);
}

void bridge::on_dialed(dialer& by, net::socket connection) {
  if (&by == &probe_) {
    schedule_->on_primary_answers();
    end_link_for("the first address answers again");
    return;
  }
  stage_ = stage::greeting;
  add_layers(std::move(connection));
}

void bridge::on_dial_failed(dialer& by, std::string why) {
  if (&by == &dial_)
    give_up(std::move(why));
}

/// The attempt has failed.
void bridge::give_up(std::string why) {
  dial_.cancel();
  close_stream();
  status_->failures.fetch_add(1, std::memory_order_relaxed);
  status_->enter(bridge_state::waiting);
  auto now = loop_.now();
  auto next = schedule_->on_failure(now, random());
  // The same over and over again is told once, and then by and by.
  log::write(why == logged_error_ ? log::level::info : log::level::warning,
             "Bridge {}: no link to {}. Next attempt in {} ms.",
             status_->name(), with_cause(status_->address(), why),
             std::chrono::duration_cast<milliseconds>(next - now).count());
  logged_error_ = why;
  status_->set_last_error(std::move(why));
  rest_until(next);
}

// -- with a link
// --------------------------------------------------------------------

void bridge::on(link_attached& message) {
  connection_ = std::move(message.connection);
  if (!ends_because_.empty() || is_removed_) { // meanwhile
    tell(connection_, end_link{ends_because_});
    return;
  }
  was_linked_ = true;
  logged_error_.clear();
  busy_at_ = loop_.now();
  schedule_->on_connected(loop_.now());
  status_->links.fetch_add(1, std::memory_order_relaxed);
  status_->enter(bridge_state::connected);
  log::write(log::level::notice, "Bridge {} connected to {}.", status_->name(),
             status_->address());
  notify("1");
  loop_.timers().arm(*this, loop_.now() + watch_interval);
}

/// An end that is no failure.
void bridge::end_link_for(std::string why) {
  ends_because_ = std::move(why);
  if (connection_)
    tell(connection_, end_link{ends_because_});
}

void bridge::on(link_ended& message) {
  if (stage_ != stage::linked)
    return;
  auto was_attached = static_cast<bool>(connection_);
  connection_ = connection_actor{};
  probe_.cancel();
  status_->round_trip.store(0, std::memory_order_relaxed);
  if (was_attached)
    notify("0");
  if (is_stopping_) {
    finish();
    return;
  }
  if (is_removed_) {
    remove_session();
    return;
  }
  auto wanted = std::exchange(ends_because_, {});
  auto changed = std::exchange(begins_at_once_, false);
  if (!wanted.empty()) {
    log::write(log::level::notice, "Bridge {}: the link ends: {}.",
               status_->name(), wanted);
    if (changed)
      begin_schedule();
    changed ? prepare() : rest();
    return;
  }
  lose_link(message.why);
  if (changed) {
    begin_schedule();
    prepare();
  } else if (plan_->own.start_type == config::bridge_start::once) {
    rest();
  } else {
    rest_until(retry_at_);
  }
}

/// Nobody wanted it to end.
void bridge::lose_link(const std::string& why) {
  status_->failures.fetch_add(1, std::memory_order_relaxed);
  status_->set_last_error(why);
  status_->enter(bridge_state::waiting);
  auto now = loop_.now();
  retry_at_ = schedule_->is_connected() ? schedule_->on_lost(now, random())
                                        : schedule_->on_failure(now, random());
  auto left = std::chrono::duration_cast<milliseconds>(retry_at_ - now).count();
  auto next = plan_->own.start_type == config::bridge_start::once
                  ? std::string{"It was to connect once"}
                  : fmt::format("Next attempt in {} ms", left);
  log::write(log::level::warning, "Bridge {}: the link to {} is lost: {}. {}.",
             status_->name(), status_->address(), why, next);
}

// -- time
// --------------------------------------------------------------------------

void bridge::on_timer(time_point now) noexcept {
  try {
    watch(now);
  } catch (const std::exception& failed) {
    on_failure(failed.what());
  }
}

void bridge::watch(time_point now) {
  loop_.timers().arm(*this, now + watch_interval);
  auto waiting = queue();
  auto out = status_->messages_out.load(std::memory_order_relaxed);
  most_queued_ = std::max(most_queued_, out + waiting.messages);
  age_.sample(now, most_queued_, most_queued_ - waiting.messages);
  status_->queued_messages.store(waiting.messages, std::memory_order_relaxed);
  status_->queued_bytes.store(waiting.bytes, std::memory_order_relaxed);
  status_->queued_age.store(
      static_cast<uint64_t>(
          std::chrono::duration_cast<milliseconds>(age_.age(now)).count()),
      std::memory_order_relaxed);
  switch (stage_) {
  case stage::resting: {
    auto is_lazy = status_->state == bridge_state::idle;
    if (is_lazy ? waiting.messages >= plan_->own.threshold : now >= retry_at_)
      attempt();
    else if (retry_at_ < this->deadline())
      loop_.timers().arm(*this, retry_at_);
    break;
  }
  case stage::dialing:
  case stage::greeting:
    if (now >= retry_at_)
      give_up("no answer within bridge_connect_timeout");
    break;
  case stage::preparing:
    if (now >= retry_at_)
      session_ ? leave_session() : introduce_ourselves();
    break;
  case stage::linked:
    watch_link(now);
    break;
  case stage::fresh:
  case stage::removing:
    break;
  }
}

/// A lazy link goes when nothing moves, another one when the first address is
/// back.
void bridge::watch_link(time_point now) {
  auto traffic = status_->messages_out.load(std::memory_order_relaxed)
                 + status_->messages_in.load(std::memory_order_relaxed);
  if (traffic != std::exchange(seen_traffic_, traffic))
    busy_at_ = now;
  if (!connection_ || !ends_because_.empty())
    return;
  if (plan_->own.start_type == config::bridge_start::lazy
      && now - busy_at_ >= plan_->own.idle_timeout)
    end_link_for("nothing was sent for idle_timeout");
  else if (plan_->own.start_type != config::bridge_start::once
           && !probe_.is_busy() && schedule_->should_probe_primary(now))
    probe_.begin(plan_->own, plan_->own.addresses.front(), ++last_number_,
                 self_);
}

/// What waits in the session, wherever that is.
broker::disk_backlog bridge::queue() const {
  const auto& id = plan_->own.local_clientid;
  if (auto here =
          object_of<registry>(node_.registries[loop_.index()])->queue_of(id))
    return *here;
  if (node_.store)
    if (auto away =
            object_of<appender>(node_.appenders[loop_.index()])->backlog_of(id))
      return *away;
  return {};
}

/// Tells here whether there is a link; the remote broker is told by its will.
void bridge::notify(std::string_view state) {
  if (!plan_->own.notifications)
    return;
  protocol::message notice;
  notice.topic = plan_->own.notification_topic;
  notice.payload = state;
  notice.qos = protocol::qos::at_least_once;
  notice.retain = true;
  publish(node_, loop_, broker::publication::make(notice, loop_.now()), 0,
          nullptr);
}

// -- the end
// -----------------------------------------------------------------------

void bridge::on(remove_bridge& message) {
  if (is_stopping_)
    return;
  keeps_session_ = message.keeps_session;
  if (std::exchange(is_removed_, true))
    return;
  if (stage_ == stage::linked) {
    end_link_for("it is gone from the configuration");
    return;
  }
  dial_.cancel();
  close_stream();
  if (stage_ != stage::preparing) // else when the session has answered
    remove_session();
}

/// Nobody will ever take what waits there.
void bridge::remove_session() {
  if (keeps_session_) {
    finish();
    return;
  }
  if (auto waiting = queue(); waiting.messages != 0)
    log::write(log::level::warning,
               "Bridge {} is gone from the configuration, and {} messages that "
               "waited for it.",
               status_->name(), waiting.messages);
  stage_ = stage::removing;
  introduce_ourselves();
}

void bridge::on(stop_node&) {
  is_stopping_ = true;
  dial_.cancel();
  probe_.cancel();
  close_stream();
  if (stage_ != stage::linked) // else its connection ends, and tells
    finish();
}

void bridge::finish() {
  if (node_.store && is_removed_ && !keeps_session_)
    object_of<appender>(node_.appenders[loop_.index()])
        ->forget_limits(plan_->own.local_clientid, plan_->limits);
  status_->enter(bridge_state::stopped);
  on_end();
  auto self = std::move(self_); // may be the last handle
  quit();
}

} // namespace troupe::actors
