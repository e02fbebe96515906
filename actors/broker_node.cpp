#include "actors/broker_node.hpp"

#include "actors/appender.hpp"
#include "actors/bridge_plan.hpp"
#include "actors/greeter.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "actors/recovery.hpp"
#include "actors/registry.hpp"
#include "actors/reload_end.hpp"
#include "actors/routes.hpp"
#include "actors/spawn.hpp"
#include "actors/store.hpp"
#include "actors/subtree.hpp"
#include "actors/supervisor.hpp"
#include "actors/sys.hpp"
#include "actors/tell.hpp"
#include "config/difference.hpp"
#include "core/checked.hpp"
#include "core/cores.hpp"
#include "core/log.hpp"
#include "net/listener.hpp"
#include "security/dynsec_authority.hpp"
#include "storage/rocks_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <optional>
#include <random>

namespace troupe::actors {

namespace {

/// How long clients may take to go when the broker stops.
constexpr auto drain_time = std::chrono::seconds{5};

/// Names of remote brokers that are resolved at a time.
constexpr size_t most_resolvers = 2;

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

security::brake_limits brake_limits_of(const config::settings& settings) {
  security::brake_limits limits;
  limits.failures = settings.failed_authentication_limit;
  limits.window = settings.failed_authentication_window;
  limits.first_wait = settings.failed_authentication_block;
  limits.longest_wait = settings.failed_authentication_max_block;
  return limits;
}

broker::node_id random_node_id() {
  std::random_device source;
  return broker::node_id{source()} << 32 | source();
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

/// Listening sockets, and of the new ones a line for the log.
struct opened_doors {
  std::vector<listening_socket> sockets;
  std::vector<std::string> descriptions;
};

struct broker_node::parts {
  // In this order: actors go before the system, loops before the sockets.
  system_config config;
  caf::actor_system system{config};
  std::unique_ptr<loop> store_loop;
  std::unique_ptr<broker::store> database; // until the store actor has it
  opened_doors doors;
  node_context shared;
  std::vector<greeter_actor> greeters;
  sys_actor publisher;
  supervisor_actor watcher;
  node_policy_ptr policy;
  net::inherited_sockets inherited;
  // The supervisor may end after us.
  std::shared_ptr<std::promise<void>> drained =
      std::make_shared<std::promise<void>>();
  bool is_running = false;

  net::listen_result listen_there(const config::listener_settings& own);
  std::string open_listener(const listener_policy_ptr& at, opened_doors& into);
  bool take_inherited(const listener_policy_ptr& at, opened_doors& into);
  checked<opened_doors> open_doors(const node_policy& wanted);
  void set_brake(const config::settings& settings);
  std::string open_users();
  std::shared_ptr<const security::dynsec::dynamic_authority> dynamic() const;
  std::string start_workers();
  std::string start_resolvers(const node_policy& wanted);
  std::string open_loops();
  std::vector<subtree_actor> start_subtrees();
  void name_node();
  void let_in_when(reload_end& prepared);
  void start_store();
  void start_appenders(const std::shared_ptr<const route_table>& routes);
  void end_threads();
  bool finish_work();
  void end_actors();
};

broker_node::broker_node(config::settings settings)
    : parts_(std::make_unique<parts>()) {
  auto& shared = parts_->shared;
  shared.settings = std::move(settings);
}

broker_node::~broker_node() {
  stop();
}

std::string broker_node::read_files() {
  auto& all = *parts_;
  if (auto error = all.open_users(); !error.empty())
    return error;
  auto policy = load_policy(all.shared.settings, nullptr, all.dynamic());
  if (!policy)
    return policy.error().text;
  all.policy = std::move(*policy);
  return {};
}

std::string broker_node::open(net::inherited_sockets inherited) {
  auto& all = *parts_;
  all.inherited = std::move(inherited);
  auto doors = all.open_doors(*all.policy);
  if (!doors)
    return doors.error().text;
  all.doors = std::move(*doors);
  for (const auto& each : all.inherited.rest())
    log::write(log::level::warning,
               "Warning: the socket {} was opened for us, but no listener of "
               "the configuration is there.",
               each.where());
  return all.open_loops();
}

const std::vector<std::string>& broker_node::listening_on() const noexcept {
  return parts_->doors.descriptions;
}

/// Where one of our own listeners stands in the way, on another address of the
/// port, they share it until that is closed.
net::listen_result
broker_node::parts::listen_there(const config::listener_settings& own) {
  std::optional<mode_t> mode;
  if (own.socket_mode != 0)
    mode = own.socket_mode;
  if (!own.path.empty())
    return net::listen_unix(own.path, mode);
  std::vector<net::port_sharing> neighbours;
  for (const auto& each : doors.sockets)
    if (each.policy->own.port == own.port && each.policy->own.path.empty())
      neighbours.emplace_back(*each.socket);
  return net::listen_tcp(own.address, own.port, family_of(own.socket_domain),
                         own.bind_interface, !neighbours.empty());
}

std::string broker_node::parts::open_listener(const listener_policy_ptr& at,
                                              opened_doors& into) {
  const auto& own = at->own;
  if (take_inherited(at, into))
    return {};
  auto opened = listen_there(own);
  if (!opened.error.empty())
    return opened.error;
  for (auto& socket : opened.sockets)
    into.sockets.push_back(
        {std::make_shared<const net::socket>(std::move(socket)), at});
  if (own.path.empty())
    into.descriptions.push_back(fmt::format(
        "Opening listen socket on {}, port {}.",
        own.address.empty() ? "every address" : own.address, own.port));
  else
    into.descriptions.push_back(
        fmt::format("Opening unix listen socket {}.", own.path));
  return {};
}

/// Whether a service manager has opened the listener for us.
bool broker_node::parts::take_inherited(const listener_policy_ptr& at,
                                        opened_doors& into) {
  const auto& own = at->own;
  auto found = own.path.empty() ? inherited.claim_tcp(
                   own.address, own.port, family_of(own.socket_domain))
                                : inherited.claim_unix(own.path);
  for (auto& each : found) {
    into.descriptions.push_back(
        fmt::format("Taking over listen socket {}, which was opened for us.",
                    each.where()));
    into.sockets.push_back(
        {std::make_shared<const net::socket>(std::move(each.listening)), at});
  }
  return !found.empty();
}

/// Listeners that stand where one stood keep its sockets.
checked<opened_doors>
broker_node::parts::open_doors(const node_policy& wanted) {
  opened_doors result;
  for (const auto& each : wanted.listeners) {
    auto is_open = false;
    for (const auto& known : doors.sockets) {
      if (!config::is_same_place(known.policy->own, each->own))
        continue;
      result.sockets.push_back({known.socket, each});
      is_open = true;
    }
    if (is_open)
      continue;
    if (auto error = open_listener(each, result); !error.empty())
      return explanation{std::move(error)};
  }
  return result;
}

void broker_node::parts::set_brake(const config::settings& settings) {
  auto limits = brake_limits_of(settings);
  shared.brake.set_limits(limits, limits.failures != 0);
}

/// What decides who comes in besides files.
std::string broker_node::parts::open_users() {
  const auto& settings = shared.settings;
  set_brake(settings);
  if (const auto& path = settings.dynamic_security_file; !path.empty()) {
    auto opened = dynamic_security::open(path);
    if (!opened)
      return opened.error().text;
    shared.dynamic_security = std::move(*opened);
  }
  return {};
}

std::string broker_node::parts::start_workers() {
  work_pool::options wanted;
  wanted.name = "troupe-auth";
  wanted.threads = std::max(1u, shared.settings.authentication_workers);
  auto started = work_pool::start(std::move(wanted));
  if (!started)
    return started.error().text;
  shared.workers = std::move(*started);
  return {};
}

/// Names are resolved by threads of their own: it may take half a minute.
std::string broker_node::parts::start_resolvers(const node_policy& wanted) {
  if (wanted.bridges.empty() || shared.resolvers)
    return {};
  work_pool::options options;
  options.name = "troupe-names";
  options.threads = most_resolvers;
  auto started = work_pool::start(std::move(options));
  if (!started)
    return started.error().text;
  shared.resolvers = std::move(*started);
  return {};
}

std::shared_ptr<const security::dynsec::dynamic_authority>
broker_node::parts::dynamic() const {
  return shared.dynamic_security ? shared.dynamic_security->authority()
                                 : nullptr;
}

std::string broker_node::parts::open_loops() {
  size_t count = shared.settings.loops;
  if (count == 0)
    count = usable_cores();
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

/// A node keeps its name with its database: that starting writes it with what
/// else it has to say.
void broker_node::parts::name_node() {
  auto known = database ? database->node() : std::nullopt;
  shared.node_id = known ? *known : random_node_id();
  if (!database)
    return;
  shared.begin_epochs_after(database->alive_at());
  if (!known)
    database->put_node(shared.node_id);
  if (auto seen = database->seen(); seen.lanes() != 0)
    shared.seen_before =
        std::make_shared<const broker::seen_set>(std::move(seen));
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
void broker_node::parts::start_appenders(
    const std::shared_ptr<const route_table>& routes) {
  if (!shared.store)
    return;
  recovery_targets to;
  for (auto& each : shared.loops) {
    shared.appenders.push_back(spawn_light<appender>(system, shared, *each));
    to.appenders.push_back(object_of<appender>(shared.appenders.back()));
  }
  for (const auto& each : policy->bridges) {
    const auto& id = each->own.local_clientid;
    to.appenders[shared.home_of(id)]->set_limits(id, {each, &each->limits});
    if (!each->own.local_cleansession)
      to.bridges.insert(id);
  }
  for (size_t i = 0; i < routes->size(); ++i)
    to.subtrees.push_back(object_of<subtree>(routes->subtree(i)));
  to.routes = routes.get();
  auto* disk = object_of<store>(shared.store);
  recover(shared, disk->database(), to);
  disk->set_routes(routes);
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

/// Opens the doors once all bridges are prepared.
void broker_node::parts::let_in_when(reload_end& prepared) {
  if (!prepared.wait())
    log::write(log::level::warning,
               "Not every bridge is subscribed to its topics yet.");
  auto sockets =
      std::make_shared<const std::vector<listening_socket>>(doors.sockets);
  for (const auto& each : greeters)
    tell(each, policy_changed{policy, sockets});
}

std::string broker_node::start() {
  auto& all = *parts_;
  if (auto error = all.start_workers(); !error.empty())
    return error;
  if (auto error = all.start_resolvers(*all.policy); !error.empty())
    return error;
  all.name_node();
  all.start_store();
  auto subtrees = all.start_subtrees();
  auto routes = std::make_shared<const route_table>(subtrees);
  all.start_appenders(routes);
  std::vector<registry*> registries;
  for (auto& each : all.shared.loops) {
    each->set_routes(routes);
    each->set_policy(all.policy);
    auto made = spawn_light<registry>(all.system, all.shared, *each);
    registries.push_back(
        static_cast<registry*>(caf::actor_cast<caf::abstract_actor*>(made)));
    all.shared.registries.push_back(std::move(made));
  }
  // A bridge's session takes every message that clients are told is taken: they
  // are let in when it is subscribed.
  auto waits = !all.policy->bridges.empty();
  reload_end prepared;
  static const std::vector<listening_socket> closed;
  for (auto& each : all.shared.loops)
    all.greeters.push_back(spawn_light<greeter>(
        all.system, all.shared, *each, waits ? closed : all.doors.sockets));
  all.publisher =
      spawn_light<sys>(all.system, all.shared, *all.shared.loops.front());
  all.watcher = all.system.spawn<supervisor>(
      all.shared, std::move(subtrees), all.greeters, all.publisher,
      policy_changed{all.policy, nullptr, prepared.make_token()},
      [drained = all.drained] { drained->set_value(); });
  for (auto* each : registries)
    each->set_supervisor(all.watcher);
  if (all.store_loop)
    all.store_loop->start();
  for (auto& each : all.shared.loops)
    each->start();
  all.is_running = true;
  if (waits)
    all.let_in_when(prepared);
  return {};
}

std::string broker_node::change(config::settings settings) {
  auto& all = *parts_;
  std::optional<dynamic_security::reread> users;
  if (auto* dynamic = all.shared.dynamic_security.get()) {
    auto read = dynamic->read_again();
    if (!read)
      return read.error().text;
    users.emplace(std::move(*read));
  }
  auto loaded =
      load_policy(std::move(settings), all.policy.get(), all.dynamic());
  if (!loaded)
    return loaded.error().text;
  auto policy = std::move(*loaded);
  if (auto error = all.start_resolvers(*policy); !error.empty())
    return error;
  auto doors = all.open_doors(*policy);
  if (!doors)
    return doors.error().text;
  for (const auto& line : doors->descriptions)
    log::write(log::level::notice, "{}", line);
  if (brake_limits_of(*policy->settings)
      != brake_limits_of(*all.policy->settings)) // else who waits goes on to
    all.set_brake(*policy->settings);
  if (users)
    all.shared.dynamic_security->put_in_force(
        *std::exchange(users, std::nullopt));
  all.policy = std::move(policy);
  all.doors = std::move(*doors);
  auto sockets =
      std::make_shared<const std::vector<listening_socket>>(all.doors.sockets);
  reload_end end;
  tell(all.watcher,
       policy_changed{all.policy, std::move(sockets), end.make_token()});
  if (!end.wait())
    log::write(log::level::warning,
               "Not every client goes by the new configuration yet.");
  return {};
}

void broker_node::stop() {
  auto& all = *parts_;
  if (!all.is_running)
    return;
  all.is_running = false;
  auto drained = all.drained->get_future();
  tell(all.watcher, stop_node{});
  drained.wait_for(drain_time);
  all.shared.workers->stop(); // they tell greeters what they found
  if (all.shared.resolvers)
    all.shared.resolvers->stop();
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
