#include "actors/registry.hpp"

#include "actors/appender.hpp"
#include "actors/authorship.hpp"
#include "actors/connection.hpp"
#include "actors/link.hpp"
#include "actors/routes.hpp"
#include "actors/session.hpp"
#include "actors/spawn.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"
#include "protocol/encoder.hpp"

#include <caf/actor_cast.hpp>

namespace troupe::actors {

namespace {

session& object_of(const session_actor& handle) {
  return *static_cast<session*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

/// What a bridge's link wants of its session and a client does not.
void name_wishes(const link_setup& link, attach_connection& request) {
  request.limits = {link.plan, &link.plan->limits};
  request.spare_ids = link::packet_ids_needed(*link.plan);
  request.is_bridge = true;
}

const connection& object_of(const connection_actor& handle) {
  return *static_cast<const connection*>(
      caf::actor_cast<caf::abstract_actor*>(handle));
}

} // namespace

registry::registry(caf::actor_config& cfg, node_context& shared, loop& home)
    : light_actor(cfg, &home), node_(shared), loop_(home) {}

registry::~registry() = default;

void registry::receive(const mail& message) {
  if (auto* client = message.get_if<handed_over>())
    on(*client);
  else if (auto* stand_in = message.get_if<introduce>())
    on(*stand_in);
  else if (auto* idle = message.get_if<session_idle>())
    on(*idle);
  else if (auto* closed = message.get_if<connection_closed>())
    on(*closed);
  else if (auto* routes = message.get_if<routes_changed>())
    on(*routes);
  else if (auto* changed = message.get_if<policy_changed>())
    on(*changed);
  else if (auto* unwanted = message.get_if<disconnect_users>())
    on(*unwanted);
  else if (auto* wanted = message.get_if<call_roll>())
    on(*wanted);
  else if (auto* stop = message.get_if<stop_node>())
    on(*stop);
}

void registry::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Registry of loop {} failed: {}", loop_.index(),
             what);
}

registry_actor registry::self() const {
  return caf::actor_cast<registry_actor>(ctrl());
}

void registry::on(handed_over& message) {
  auto& client = *message.client;
  if (is_stopping_) {
    refuse(client);
    return;
  }
  auto bridge = client.link ? client.link->owner : bridge_actor{};
  try {
    admit(message.client);
  } catch (...) {
    if (bridge) // it waits for news of its link
      tell(bridge, link_ended{"its connection cannot be made"});
    throw;
  }
}

/// Takes the client over unless it is refused.
void registry::admit(std::shared_ptr<newcomer>& client) {
  auto* wanted = find_or_make(client->decision.client_id);
  if (wanted == nullptr) {
    refuse(*client);
    return;
  }
  auto is_outdated =
      !client->link
      && loop_.policy().find(client->policy->own) != client->policy;
  client->access =
      make_access(*client->policy, client->who, client->decision.client_id);
  attach_connection request;
  request.access = client->access;
  if (client->decision.parameters.will)
    request.will_by =
        make_author(*client->policy, client->who, client->decision.client_id);
  request.parameters = client->decision.parameters;
  if (client->link)
    name_wishes(*client->link, request);
  request.connection = spawn_connection(client);
  client.reset();
  ++wanted->attaches;
  if (is_outdated) // the configuration has changed under way
    tell(request.connection, policy_changed{loop_.policy_in_force(), nullptr});
  tell(wanted->session, std::move(request));
}

/// A bridge without a link: null if there are as many sessions as allowed, or
/// none is made any more.
void registry::on(introduce& message) {
  auto* wanted = is_stopping_ ? nullptr : find_or_make(message.client_id);
  if (wanted == nullptr) {
    tell(message.request.connection, attached{});
    return;
  }
  ++wanted->attaches;
  tell(wanted->session, std::move(message.request));
}

std::optional<broker::disk_backlog>
registry::queue_of(std::string_view client_id) const {
  auto found = sessions_.find(client_id);
  if (found == sessions_.end())
    return std::nullopt;
  return object_of(found->second.session).queue();
}

/// Whether there is a session of this name although its client is away. It
/// counts as one already.
bool registry::is_offline_session(std::string_view client_id) const {
  return node_.store
         && object_of<appender>(node_.appenders[loop_.index()])
                ->knows(client_id);
}

/// Null if there are as many sessions as allowed.
registry::entry* registry::find_or_make(const std::string& id) {
  if (auto found = sessions_.find(id); found != sessions_.end())
    return &found->second;
  auto limit = loop_.policy().settings->global_max_clients;
  if (node_.sessions.fetch_add(1, std::memory_order_relaxed) >= limit
      && limit >= 0 && !is_offline_session(id)) {
    node_.sessions.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  try {
    return &make_session(id);
  } catch (...) {
    node_.sessions.fetch_sub(1, std::memory_order_relaxed);
    throw;
  }
}

registry::entry& registry::make_session(const std::string& client_id) {
  entry made;
  made.session =
      spawn_light<session>(home_system(), node_, loop_, self(), client_id);
  std::string_view key = object_of(made.session).client_id();
  return sessions_.emplace(key, std::move(made)).first->second;
}

/// MQTT 5 clients are told; others are closed, as Mosquitto does.
void registry::refuse(newcomer& client) {
  auto why = is_stopping_ ? "the broker is shutting down"
                          : "global_max_clients reached";
  if (client.link) {
    tell(client.link->owner, link_ended{why});
    return;
  }
  if (client.version == protocol::version::v5) {
    protocol::connack answer;
    answer.code = static_cast<uint8_t>(
        is_stopping_ ? protocol::reason::server_shutting_down
                     : protocol::reason::server_busy);
    byte_buffer out;
    protocol::encode(out, answer, client.version);
    client.stream.write(out.bytes());
  }
  log::client(log::level::notice, client.decision.client_id,
              "Client {} refused: {}.", client.decision.client_id, why);
  loop_.stats().connections_refused.add();
}

connection_actor registry::spawn_connection(std::shared_ptr<newcomer> client) {
  size_t slot;
  if (free_.empty()) {
    slot = connections_.size();
    connections_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  connections_[slot] = spawn_light<connection>(home_system(), node_, loop_,
                                               self(), slot, std::move(client));
  return connections_[slot];
}

void registry::on(session_idle& message) {
  auto found = sessions_.find(message.client_id);
  if (found == sessions_.end() || found->second.session != message.session
      || (message.attaches != session_idle::failed
          && found->second.attaches != message.attaches))
    return;
  sessions_.erase(found);
  tell(message.session, end_session{});
}

void registry::on(connection_closed& message) {
  connections_[message.number] = connection_actor{};
  free_.push_back(message.number);
  report_if_drained();
}

void registry::on(routes_changed& message) {
  loop_.set_routes(message.routes);
  for (auto& [id, known] : sessions_)
    tell(known.session, message);
  if (node_.store)
    tell(node_.appenders[loop_.index()], message);
}

void registry::on(policy_changed& message) {
  loop_.set_policy(message.policy);
  for (auto& open : connections_)
    if (open)
      tell(open, message);
}

void registry::on(disconnect_users& message) {
  for (auto& open : connections_)
    if (open)
      tell(open, message);
}

/// Connections are on this loop, so they can be looked at.
void registry::on(call_roll& message) {
  std::vector<roll::entry> here;
  for (const auto& open : connections_)
    if (auto entry = open ? object_of(open).as_entry() : std::nullopt)
      here.push_back(std::move(*entry));
  std::lock_guard guard{message.to->guard};
  for (auto& each : here)
    message.to->present.push_back(std::move(each));
}

void registry::on(stop_node&) {
  is_stopping_ = true;
  for (auto& open : connections_)
    if (open)
      tell(open, stop_node{});
  report_if_drained();
}

void registry::report_if_drained() {
  if (!is_stopping_ || free_.size() != connections_.size())
    return;
  // They know us and we know them: somebody must let go. A timer must not
  // outlive its session, wherever that ends.
  for (auto& [id, known] : sessions_)
    loop_.timers().disarm(object_of(known.session));
  sessions_.clear();
  tell(supervisor_, drain_finished{loop_.index()});
}

} // namespace troupe::actors
