#include "actors/sys.hpp"

#include "actors/routes.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <fmt/format.h>

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace troupe::actors {

namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::seconds;

/// How often subtrees drop what has expired where $SYS is off.
constexpr auto housekeeping_interval = seconds{10};

/// How often memory is compared with memory_limit: what a flood can bring in
/// between comes on top of it.
constexpr auto memory_interval = std::chrono::milliseconds{20};

/// Bytes allocated and not freed.
uint64_t heap_bytes() {
  auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// Bytes of memory the process occupies.
uint64_t resident_bytes() {
  auto* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr)
    return 0;
  unsigned long long size = 0;
  unsigned long long resident = 0;
  auto fields = std::fscanf(file, "%llu %llu", &size, &resident);
  std::fclose(file);
  auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return fields == 2 ? resident * page : 0;
}

} // namespace

node_totals sum(const node_context& shared) {
  node_totals total;
  for (const auto& each : shared.loops) {
    const auto& stats = each->stats();
    total.bytes_received += stats.bytes_received.value();
    total.bytes_sent += stats.bytes_sent.value();
    total.packets_received += stats.packets_received.value();
    total.packets_sent += stats.packets_sent.value();
    total.publishes_received += stats.publishes_received.value();
    total.publishes_sent += stats.publishes_sent.value();
    total.publish_bytes_received += stats.publish_bytes_received.value();
    total.publish_bytes_sent += stats.publish_bytes_sent.value();
    total.connections += stats.connections.value();
    total.connections_total += stats.connections_total.value();
    total.loops += stats.loops.value();
    total.sockets_accepted += stats.sockets_accepted.value();
    total.sessions += stats.sessions.value();
    total.sessions_expired += stats.sessions_expired.value();
    total.subscriptions += stats.subscriptions.value();
    total.shared_subscriptions += stats.shared_subscriptions.value();
    total.stored_messages += stats.stored_messages.value();
    for (size_t i = 0; i < stats.dropped.size(); ++i) {
      total.dropped_by_reason[i] += stats.dropped[i].value();
      total.dropped += stats.dropped[i].value();
    }
  }
  for (const auto& stats : shared.subtrees) {
    total.retained_messages += stats->retained_messages.value();
    total.retained_bytes += stats->retained_bytes.value();
    total.repeats += stats->repeats.value();
  }
  return total;
}

sys::sys(caf::actor_config& cfg, node_context& shared, loop& home)
    : light_actor(cfg, &home), node_(shared), loop_(home), started_(home.now()),
      last_(home.now()),
      next_round_(home.now()), loads_{{{"messages/received", {}},
                                       {"messages/sent", {}},
                                       {"publish/received", {}},
                                       {"publish/sent", {}},
                                       {"bytes/received", {}},
                                       {"bytes/sent", {}},
                                       {"sockets", {}},
                                       {"connections", {}}}} {
  // The first values are there at once: a client that asks for the version
  // need not wait for the interval.
  loop_.timers().arm(*this, home.now());
}

sys::~sys() = default;

void sys::receive(const mail& message) {
  if (message.get_if<stop_node>() != nullptr)
    loop_.timers().disarm(*this);
  else if (message.get_if<routes_changed>() != nullptr)
    for (auto& [topic, known] : published_)
      known.is_doubtful = true;
}

void sys::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Publishing $SYS failed: {}", what);
}

void sys::on_timer(time_point now) noexcept {
  try {
    if (now >= next_round_)
      do_rounds(now);
    if (node_.settings.memory_limit != 0)
      watch_memory();
  } catch (const std::exception& failed) {
    on_failure(failed.what());
  }
  auto next = next_round_;
  if (node_.settings.memory_limit != 0)
    next = std::min(next, now + memory_interval);
  loop_.timers().arm(*this, next);
}

void sys::do_rounds(time_point now) {
  auto interval = node_.settings.sys_interval;
  next_round_ =
      now + (interval.count() != 0 ? interval : housekeeping_interval);
  const auto& routes = loop_.routes();
  for (size_t i = 0; i < routes.size(); ++i)
    tell(routes.subtree(i), housekeeping{});
  for (const auto& each : node_.appenders)
    tell(each, housekeeping{});
  if (interval.count() != 0)
    publish_all(now);
}

void sys::watch_memory() {
  auto limit = node_.settings.memory_limit;
  auto used = heap_bytes();
  auto is_short = node_.is_short_of_memory.load(std::memory_order_relaxed);
  // Some room in between, so that it does not come and go with every message.
  auto now_short = is_short ? used > limit - limit / 10 : used > limit;
  if (now_short == is_short)
    return;
  node_.is_short_of_memory.store(now_short, std::memory_order_relaxed);
  log::write(log::level::warning,
             "Memory in use is {} memory_limit ({} of {} bytes): new clients "
             "and messages are {}.",
             now_short ? "above" : "below", used, limit,
             now_short ? "refused" : "taken again");
}

void sys::publish_all(time_point now) {
  ++round_;
  auto totals = sum(node_);
  put("version", "troupe version " TROUPE_VERSION);
  put("uptime", fmt::format("{} seconds",
                            duration_cast<seconds>(now - started_).count()));
  publish_clients(totals);
  publish_totals(totals);
  publish_memory();
  publish_bridges();
  if (now > last_)
    publish_loads(totals, now);
  last_ = now;
  clear_untold();
  send();
}

void sys::publish_clients(const node_totals& totals) {
  auto total = std::max(totals.sessions, totals.connections);
  most_clients_ = std::max(most_clients_, totals.connections);
  auto number = [this](const char* topic, uint64_t value) {
    put(topic, fmt::to_string(value));
  };
  number("clients/total", total);
  number("clients/connected", totals.connections);
  number("clients/active", totals.connections);
  number("clients/disconnected", total - totals.connections);
  number("clients/inactive", total - totals.connections);
  number("clients/maximum", most_clients_);
  number("clients/expired", totals.sessions_expired);
}

void sys::publish_totals(const node_totals& totals) {
  auto number = [this](const char* topic, uint64_t value) {
    put(topic, fmt::to_string(value));
  };
  number("messages/received", totals.packets_received);
  number("messages/sent", totals.packets_sent);
  number("messages/stored", totals.stored_messages + totals.retained_messages);
  number("store/messages/count",
         totals.stored_messages + totals.retained_messages);
  number("store/messages/bytes", totals.retained_bytes);
  if (node_.store) {
    number("store/failing", node_.store_is_failing ? 1 : 0);
    number("store/records/damaged", node_.damaged_records);
  }
  number("publish/messages/received", totals.publishes_received);
  number("publish/messages/sent", totals.publishes_sent);
  number("publish/messages/dropped", totals.dropped);
  number("publish/bytes/received", totals.publish_bytes_received);
  number("publish/bytes/sent", totals.publish_bytes_sent);
  number("bytes/received", totals.bytes_received);
  number("bytes/sent", totals.bytes_sent);
  number("subscriptions/count", totals.subscriptions);
  number("shared_subscriptions/count", totals.shared_subscriptions);
  number("retained messages/count", totals.retained_messages);
  if (totals.loops != 0)
    number("bridge/dropped/loop", totals.loops);
  if (totals.repeats != 0)
    number("bridge/dropped/repeat", totals.repeats);
  using enum broker::drop_reason;
  for (auto why : {queue_full, slow_reader, client_offline, packet_too_large,
                   expired, memory_limit})
    put(fmt::format("publish/messages/dropped/{}", broker::to_string(why)),
        fmt::to_string(totals.dropped_by_reason[static_cast<size_t>(why)]));
}

void sys::publish_memory() {
  auto resident = resident_bytes();
  most_resident_ = std::max(most_resident_, resident);
  put("heap/current", fmt::to_string(heap_bytes()));
  put("memory/resident", fmt::to_string(resident));
  put("memory/maximum", fmt::to_string(most_resident_));
}

void sys::publish_loads(const node_totals& totals, time_point now) {
  auto elapsed = duration<double>(now - last_).count();
  const std::array<uint64_t, 8> values{
      totals.packets_received,   totals.packets_sent,
      totals.publishes_received, totals.publishes_sent,
      totals.bytes_received,     totals.bytes_sent,
      totals.sockets_accepted,   totals.connections_total};
  constexpr std::array<const char*, 3> spans{"1min", "5min", "15min"};
  for (size_t i = 0; i < loads_.size(); ++i) {
    loads_[i].average.update(values[i], elapsed);
    for (size_t span = 0; span < spans.size(); ++span)
      put(fmt::format("load/{}/{}", loads_[i].name, spans[span]),
          fmt::format("{:.2f}", loads_[i].average.values()[span]));
  }
}

/// Adds a value to the next batch if it is not what was published last.
void sys::put(std::string topic, std::string value) {
  auto& known = published_[topic];
  known.round = round_;
  auto is_doubtful = std::exchange(known.is_doubtful, false);
  if (known.value == value && (!is_doubtful || value.empty()))
    return;
  known.value = std::move(value);
  publish(topic, known.value);
}

/// What there is no longer, as of a bridge that was removed, leaves no value
/// behind.
void sys::clear_untold() {
  std::erase_if(published_, [this](const auto& each) {
    const auto& [topic, known] = each;
    if (known.round == round_)
      return false;
    if (!known.value.empty())
      publish(topic, {});
    return true;
  });
}

void sys::publish(const std::string& topic, const std::string& value) {
  if (!batch_)
    batch_ =
        broker::batch_ptr{new broker::publication_batch(nullptr, 0, 0), false};
  auto name = "$SYS/broker/" + topic;
  protocol::message message;
  message.topic = name;
  message.payload = value;
  message.retain = true;
  message.qos = protocol::qos::exactly_once;
  batch_->add(broker::publication::make(message, loop_.now()));
}

void sys::send() {
  if (!batch_)
    return;
  const auto& routes = loop_.routes();
  tell(routes.subtree(routes.index_of("$SYS")), route{std::move(batch_)});
}

} // namespace troupe::actors
