#include "actors/broker_node.hpp"

#include "actors/appender.hpp"
#include "actors/greeter.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "actors/recovery.hpp"
#include "actors/registry.hpp"
#include "actors/routes.hpp"
#include "actors/spawn.hpp"
#include "actors/store.hpp"
#include "actors/subtree.hpp"
#include "actors/supervisor.hpp"
#include "actors/sys.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"
#include "net/listener.hpp"
#include "storage/rocks_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <thread>

namespace troupe::actors {

namespace {

/// How long clients may take to go when the broker stops.
constexpr auto drain_time = std::chrono::seconds{5};

/// How often the loops in turn finish what others have left them.
constexpr size_t last_rounds = 1000;

/// Subtrees per loop: enough that two loops seldom wait for one subtree, few
/// enough that filters with a leading wildcard, which every subtree has, stay
/// cheap.
constexpr size_t subtrees_per_loop = 2;

/// CAF parses nothing: all of its settings are made here.
class system_config : public caf::actor_system_config {
public:
  system_config() {
    add_message_types<caf::id_block::troupe>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{1});
  }
};

net::address_family family_of(config::socket_domain domain) {
  switch (domain) {
  case config::socket_domain::ipv4:
    return net::address_family::ipv4;
  case config::socket_domain::ipv6:
    return net::address_family::ipv6;
  case config::socket_domain::both:
    break;
  }
  return net::address_family::any;
}

broker::session_limits limits_of(const config::settings& settings) {
  broker::session_limits limits;
  limits.max_inflight_messages = settings.max_inflight_messages;
  limits.max_inflight_bytes = settings.max_inflight_bytes;
  limits.max_queued_messages = settings.max_queued_messages;
  limits.max_queued_bytes = settings.max_queued_bytes;
  limits.queue_qos0_messages = settings.queue_qos0_messages;
  limits.drop_oldest =
      settings.when_queue_full == config::queue_full_policy::drop_oldest;
  return limits;
}

/// Its queued and retained messages are not brought over unasked.
void say_if_mosquitto_was_here(const std::string& location,
                               const std::string& database) {
  std::error_code error;
  auto theirs = location + "/mosquitto.db";
  if (std::filesystem::exists(theirs, error)
      && !std::filesystem::exists(database, error))
    log::write(
        log::level::notice,
        "{} is Mosquitto's: `troupe store import {} -d {}` brings over what "
        "it holds.",
        theirs, theirs, location);
}

} // namespace

struct broker_node::parts {
  // In this order: actors go before the system, loops before the sockets.
  system_config config;
  caf::actor_system system{config};
  std::unique_ptr<loop> store_loop;
  std::unique_ptr<broker::store> database; // until the store actor has it
  std::vector<listening_socket> sockets;
  std::vector<std::string> descriptions;
  node_context shared;
  std::vector<greeter_actor> greeters;
  sys_actor publisher;
  supervisor_actor watcher;
  // The supervisor may end after us.
  std::shared_ptr<std::promise<void>> drained =
      std::make_shared<std::promise<void>>();
  bool is_running = false;

  std::string open_listener(size_t index);
  std::string open_loops();
  std::vector<subtree_actor> start_subtrees();
  void start_store();
  void start_appenders(const route_table& routes);
  void end_threads();
  bool finish_work();
  void end_actors();
};

broker_node::broker_node(config::settings settings)
    : parts_(std::make_unique<parts>()) {
  auto& shared = parts_->shared;
  shared.settings = std::move(settings);
  shared.limits = limits_of(shared.settings);
  shared.listener_connections =
      std::vector<std::atomic<int64_t>>(shared.settings.listeners.size());
}

broker_node::~broker_node() {
  stop();
}

std::string broker_node::open() {
  for (size_t i = 0; i < parts_->shared.settings.listeners.size(); ++i)
    if (auto error = parts_->open_listener(i); !error.empty())
      return error;
  return parts_->open_loops();
}

const std::vector<std::string>& broker_node::listening_on() const noexcept {
  return parts_->descriptions;
}

std::string broker_node::parts::open_listener(size_t index) {
  const auto& listener = shared.settings.listeners[index];
  auto opened = listener.path.empty()
                    ? net::listen_tcp(listener.address, listener.port,
                                      family_of(listener.socket_domain))
                    : net::listen_unix(listener.path);
  for (auto& socket : opened.sockets)
    sockets.push_back({std::move(socket), index});
  if (!opened.error.empty())
    return opened.error;
  if (listener.path.empty())
    descriptions.push_back(fmt::format(
        "Opening listen socket on {}, port {}.",
        listener.address.empty() ? "every address" : listener.address,
        listener.port));
  else
    descriptions.push_back(
        fmt::format("Opening unix listen socket {}.", listener.path));
  return {};
}

std::string broker_node::parts::open_loops() {
  size_t count = shared.settings.loops;
  if (count == 0)
    count = std::max(1u, std::thread::hardware_concurrency());
  for (size_t i = 0; i < count; ++i) {
    shared.loops.push_back(std::make_unique<loop>(system, i));
    if (auto error = shared.loops.back()->open(); !error.empty())
      return error;
  }
  return {};
}

std::vector<subtree_actor> broker_node::parts::start_subtrees() {
  size_t count = shared.settings.subtrees;
  if (count == 0)
    count =
        shared.loops.size() == 1 ? 1 : shared.loops.size() * subtrees_per_loop;
  std::vector<subtree_actor> result;
  for (size_t i = 0; i < count; ++i) {
    shared.subtrees.push_back(std::make_unique<subtree_stats>());
    result.push_back(start_subtree(system, shared, i));
  }
  return result;
}

std::string broker_node::open_store() {
  const auto& settings = parts_->shared.settings;
  if (!settings.persistence)
    return {};
  storage::open_options options;
  options.directory =
      settings.persistence_location + "/" + storage::database_name;
  say_if_mosquitto_was_here(settings.persistence_location, options.directory);
  auto opened = storage::open_store(options);
  for (const auto& finding : opened.findings)
    log::write(log::level::warning, "{}", finding);
  if (!opened.store)
    return opened.error;
  parts_->database = std::move(opened.store);
  parts_->store_loop =
      std::make_unique<loop>(parts_->system, parts_->shared.loops.size());
  return parts_->store_loop->open();
}

void broker_node::parts::start_store() {
  if (!database)
    return;
  shared.store =
      spawn_light<store>(system, shared, *store_loop, std::move(database));
  object_of<store>(shared.store)
      ->listen_in(shared.settings.persistence_location);
}

/// Everything is in place before the first client can come.
void broker_node::parts::start_appenders(const route_table& routes) {
  if (!shared.store)
    return;
  recovery_targets to;
  for (auto& each : shared.loops) {
    shared.appenders.push_back(spawn_light<appender>(system, shared, *each));
    to.appenders.push_back(object_of<appender>(shared.appenders.back()));
  }
  for (size_t i = 0; i < routes.size(); ++i)
    to.subtrees.push_back(object_of<subtree>(routes.subtree(i)));
  to.routes = &routes;
  recover(shared, object_of<store>(shared.store)->database(), to);
}

void broker_node::parts::end_threads() {
  for (auto& each : shared.loops)
    each->stop();
  for (auto& each : shared.loops)
    each->join();
  if (store_loop) {
    store_loop->stop();
    store_loop->join();
  }
}

/// Lets everybody finish what one loop has begun and others must go on with.
/// False: they were still at it when we lost patience.
bool broker_node::parts::finish_work() {
  for (size_t round = 0; round < last_rounds; ++round) {
    auto found = store_loop && store_loop->finish_work();
    for (auto& each : shared.loops)
      found = each->finish_work() || found;
    if (!found)
      return true;
  }
  return false;
}

/// Whoever knows somebody lets go, and the database is closed: threads of its
/// own must not outlive us.
void broker_node::parts::end_actors() {
  const auto& routes = shared.loops.front()->routes();
  for (size_t index = 0; index < routes.size(); ++index)
    object_of<subtree>(routes.subtree(index))->end();
  for (const auto& each : shared.appenders)
    object_of<appender>(each)->end();
  if (shared.store)
    object_of<store>(shared.store)->end();
  for (auto& each : shared.loops)
    each->discard_mail();
  if (store_loop)
    store_loop->discard_mail();
  shared.appenders.clear();
  shared.store = store_actor{};
}

void broker_node::start() {
  auto& all = *parts_;
  all.start_store();
  auto subtrees = all.start_subtrees();
  auto routes = std::make_shared<const route_table>(subtrees);
  all.start_appenders(*routes);
  std::vector<registry*> registries;
  for (auto& each : all.shared.loops) {
    each->set_routes(routes);
    auto made = spawn_light<registry>(all.system, all.shared, *each);
    registries.push_back(
        static_cast<registry*>(caf::actor_cast<caf::abstract_actor*>(made)));
    all.shared.registries.push_back(std::move(made));
  }
  for (auto& each : all.shared.loops)
    all.greeters.push_back(
        spawn_light<greeter>(all.system, all.shared, *each, all.sockets));
  all.publisher =
      spawn_light<sys>(all.system, all.shared, *all.shared.loops.front());
  all.watcher = all.system.spawn<supervisor>(
      all.shared, std::move(subtrees), all.greeters, all.publisher,
      [drained = all.drained] { drained->set_value(); });
  for (auto* each : registries)
    each->set_supervisor(all.watcher);
  if (all.store_loop)
    all.store_loop->start();
  for (auto& each : all.shared.loops)
    each->start();
  all.is_running = true;
}

void broker_node::stop() {
  auto& all = *parts_;
  if (!all.is_running)
    return;
  all.is_running = false;
  auto drained = all.drained->get_future();
  tell(all.watcher, stop_node{});
  drained.wait_for(drain_time);
  all.end_threads();
  // The last words of clients that were cut off, wills say, find their way;
  // then what was written last is synced.
  all.finish_work();
  if (all.shared.store)
    tell(all.shared.store, stop_node{});
  if (!all.finish_work())
    log::write(log::level::warning,
               "Not everything that was under way could be finished.");
  all.end_actors();
  caf::anon_send_exit(all.watcher, caf::exit_reason::user_shutdown);
}

} // namespace troupe::actors
