#include "actors/greeter.hpp"

#include "core/log.hpp"
#include "net/listener.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::actors {

namespace {

using std::chrono::milliseconds;

/// Connections taken per event, so that a storm of them leaves the loop time
/// for its clients.
constexpr int accepts_per_event = 64;

/// How long no connection is taken when there is no file descriptor left.
constexpr auto pause_without_descriptors = milliseconds{100};

} // namespace

greeter::greeter(caf::actor_config& cfg, node_context& shared, loop& home,
                 const std::vector<listening_socket>& doors)
    : light_actor(cfg, &home), node_(shared), loop_(home) {
  for (const auto& at : doors)
    doors_.push_back(std::make_unique<door>(*this, at));
  set_doors_open(true);
}

greeter::~greeter() = default;

void greeter::receive(const mail& message) {
  if (auto* judged = message.get_if<logged_in>())
    on(*judged);
  else if (auto* changed = message.get_if<policy_changed>())
    on(*changed);
  if (message.get_if<stop_node>() == nullptr)
    return;
  is_stopping_ = true;
  set_doors_open(false);
  loop_.timers().disarm(*this);
  while (!visitors_.empty())
    dismiss(visitors_.front());
}

void greeter::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Greeter of loop {} failed: {}", loop_.index(),
             what);
}

// -- doors
// ----------------------------------------------------------------------

void greeter::door::on_ready(bool, bool) noexcept {
  try {
    owner_.accept_all(at_);
  } catch (const std::exception& failed) {
    owner_.on_failure(failed.what());
  }
}

void greeter::door::set_open(bool open) {
  if (open == is_open_)
    return;
  is_open_ = open;
  auto wanted = open ? net::interest::read : net::interest::none;
  auto before = open ? net::interest::none : net::interest::read;
  owner_.loop_.poller().change(at_.socket->fd(), this, before, wanted, open);
}

void greeter::set_doors_open(bool open) {
  for (auto& each : doors_)
    each->set_open(open);
}

/// The doors that stay keep their sockets, and who waits there.
void greeter::on(policy_changed& message) {
  if (is_stopping_)
    return;
  std::vector<std::unique_ptr<door>> doors;
  for (const auto& at : *message.doors) {
    auto known =
        std::find_if(doors_.begin(), doors_.end(), [&](const auto& each) {
          return each && each->at().socket == at.socket;
        });
    if (known == doors_.end()) {
      doors.push_back(std::make_unique<door>(*this, at));
      continue;
    }
    (*known)->set_policy(at.policy);
    doors.push_back(std::move(*known));
  }
  for (auto& gone : doors_)
    if (gone)
      gone->set_open(false);
  doors_ = std::move(doors);
  for (auto& who : visitors_) {
    who.is_outdated = true;
    if (auto now = message.policy->find(who.policy->own))
      who.policy = std::move(now);
  }
  set_doors_open(doors_open_at_ == never);
}

void greeter::accept_all(const listening_socket& from) {
  using kind = net::accepted::kind;
  for (int i = 0; i < accepts_per_event; ++i) {
    auto result = net::accept_from(*from.socket);
    if (result.what == kind::connection) {
      welcome(std::move(result.connection), from.policy);
    } else if (result.what == kind::no_descriptors && make_room()) {
      continue;
    } else if (result.what == kind::no_descriptors) {
      log::write(log::level::error,
                 "No file descriptor left for new connections: raise the limit "
                 "of open files (ulimit -n).");
      set_doors_open(false);
      doors_open_at_ = loop_.now() + pause_without_descriptors;
      loop_.timers().arm(*this, doors_open_at_);
      return;
    } else {
      return;
    }
  }
}

void greeter::on_timer(time_point) noexcept {
  if (is_stopping_)
    return;
  doors_open_at_ = never;
  set_doors_open(true);
}

// -- who comes through them
// -------------------------------------------------------------------------

/// Dismisses whoever has been silent longest.
bool greeter::make_room() {
  if (visitors_.empty())
    return false;
  dismiss(visitors_.front());
  return true;
}

void greeter::welcome(net::socket connection, const listener_policy_ptr& at) {
  loop_.stats().sockets_accepted.add();
  auto limit = at->broker->max_pending_connections;
  if (limit != 0 && visitors_.size() >= limit)
    make_room();
  if (at->broker->connection_messages && log::enabled(log::level::notice))
    log::write(log::level::notice, "New connection from {} on port {}.",
               connection.peer(), at->own.port);
  auto slot = take_slot(connection, *at);
  if (!slot)
    return;
  visitors_.emplace_back(*this, std::move(connection), at, std::move(*slot));
  auto& who = visitors_.back();
  who.position = std::prev(visitors_.end());
  who.number = ++last_number_;
  loop_.stats().pending.set(visitors_.size());
  try {
    expect_first_bytes(who);
  } catch (...) {
    dismiss(who);
    throw;
  }
}

/// Nothing, and a line in the log, if a limit is reached: closed without
/// CONNACK, as Mosquitto does.
std::optional<admission::slot> greeter::take_slot(const net::socket& connection,
                                                  const listener_policy& at) {
  auto slot = node_.admission.take(at);
  std::string_view limit = slot ? "" : "max_connections";
  if (slot)
    limit = node_.admission.count_arrival(at, loop_.now());
  if (limit.empty() && at.own.enable_proxy_protocol == 0)
    limit = node_.admission.count_address(*slot, at, connection.peer(),
                                          loop_.now());
  if (limit.empty())
    return slot;
  if (slot)
    log::write(log::level::notice, "Client {} closed: {} is reached.",
               connection.peer(), limit);
  else
    log::write(log::level::notice, "Client {} closed: too many connections.",
               connection.peer());
  loop_.stats().connections_refused.add();
  return std::nullopt;
}

void greeter::expect_first_bytes(visitor& who) {
  const auto& at = who.policy;
  by_number_[who.number] = &who;
  if (at->own.enable_proxy_protocol != 0) {
    who.awaits = visitor::stage::proxy;
    who.proxy = std::make_unique<net::proxy_reader>(
        static_cast<net::proxy_version>(at->own.enable_proxy_protocol));
  } else {
    add_layers(who);
  }
  auto timeout = at->broker->connect_timeout;
  auto below = at->own.handshake_timeout;
  if ((at->tls || at->websocket || who.proxy) && below.count() != 0)
    timeout = timeout.count() == 0 ? below : std::min(timeout, below);
  if (timeout.count() != 0)
    loop_.timers().arm(who, loop_.now() + timeout);
  set_interest(who, net::interest::read);
}

void greeter::set_interest(visitor& who, net::interest wanted) {
  if (wanted == who.interest)
    return;
  if (loop_.poller().change(who.stream.fd(), &who, who.interest, wanted))
    who.interest = wanted;
  else
    turn_away(who, "the system cannot poll its socket");
}

void visitor::on_ready(bool readable, bool writable) noexcept {
  if (!readable && !writable)
    return;
  try {
    owner_.listen_to(*this);
  } catch (const std::exception& failed) {
    owner_.on_failure(failed.what());
    owner_.dismiss(*this);
  }
}

void visitor::on_timer(time_point) noexcept {
  owner_.turn_away(*this, "no CONNECT in time");
}

/// Closes without an answer. `who` must not be used afterwards.
void greeter::turn_away(visitor& who, std::string_view why) {
  log::write(log::level::notice, "Client {} closed: {}.", who.stream.peer(),
             why);
  who.stream.take_leave();
  dismiss(who);
}

/// Ends `who`, who must not be used afterwards.
void greeter::dismiss(visitor& who) {
  loop_.poller().forget(&who);
  loop_.timers().disarm(who);
  input_bytes_ -= who.input.size();
  by_number_.erase(who.number);
  visitors_.erase(who.position);
  loop_.stats().pending.set(visitors_.size());
}

} // namespace troupe::actors
