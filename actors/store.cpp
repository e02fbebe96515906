#include "actors/store.hpp"

#include "actors/journaling.hpp"
#include "actors/routes.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <chrono>

namespace troupe::actors {

namespace {

using std::chrono::seconds;

/// What cannot be written is tried again after this long.
constexpr auto retry_time = std::chrono::milliseconds{500};

/// How often the log says that nothing can be written.
constexpr auto report_interval = seconds{60};

/// How often the database is told that the node is alive, and tidied.
constexpr auto alive_interval = seconds{1};

/// How long a batch waits at most for those before it. All that was routed
/// comes, so only a failure could make it wait for ever.
constexpr auto longest_wait = seconds{2};

/// Bytes of publications in a group, about, above which it is written at once.
constexpr size_t group_limit = 4 * 1024 * 1024;

/// What a session reads at once.
constexpr size_t slice_messages = 256;
constexpr size_t slice_bytes = 256 * 1024;

/// Sessions whose filters are read again at once, between commits.
constexpr size_t reload_sessions = 1024;
/// Retained messages that a subtree is told again at once.
constexpr size_t reload_messages = 4096;

/// Whether the subtree `index` needs to know of `filter`.
bool concerns(const route_table& routes, std::string_view filter,
              size_t index) {
  auto found = false;
  for_each_subtree(routes, filter,
                   [&](size_t each) { found = found || each == index; });
  return found;
}

} // namespace

store::store(caf::actor_config& cfg, node_context& shared, loop& home,
             std::unique_ptr<broker::store> database)
    : light_actor(cfg, &home), node_(shared), loop_(home),
      database_(std::move(database)),
      control_(home, [this](std::string_view line) { return obey(line); }) {
  const auto& settings = node_.settings;
  if (settings.acknowledge_after != config::acknowledge_after::synced
      && settings.sync_interval.count() != 0)
    syncing_ =
        std::make_unique<sync_thread>(*database_, settings.sync_interval);
  arm();
}

store::~store() {
  loop_.timers().disarm(*this);
}

void store::receive(const mail& message) {
  if (auto* batch = message.get_if<commit_batch>())
    on(*batch);
  else if (auto* changes = message.get_if<remember>())
    on(*changes);
  else if (auto* retained = message.get_if<remember_retained>())
    add(*retained);
  else if (auto* seen = message.get_if<remember_seen>())
    add(*seen);
  else if (auto* wanted = message.get_if<load_session>())
    on(*wanted);
  else if (auto* slice = message.get_if<read_queue>())
    on(*slice);
  else if (auto* shrink = message.get_if<shrink_queue>())
    on(*shrink);
  else if (auto* wanted_again = message.get_if<reload>())
    on(*wanted_again);
  else if (auto* stop = message.get_if<stop_node>())
    on(*stop);
}

void store::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Store failed: {}", what);
}

void store::on(remember& message) {
  if (message.erases_session)
    pass_on_shared(message.key);
  add(message);
}

void store::on(commit_batch& message) {
  group_bytes_ += message.batch->footprint();
  arrivals_.add(std::move(message.batch), loop_.now());
  if (group_bytes_ > group_limit)
    commit_group();
  commit_soon();
}

template <class T>
void store::add(T& what) {
  group_.emplace_back(std::move(what));
  commit_soon();
}

void store::commit_soon() {
  if (!std::exchange(is_marked_, true))
    loop_.at_end_of_turn(this);
}

// -- writing
// --------------------------------------------------------------------

void store::on_end_of_turn() noexcept {
  is_marked_ = false;
  try {
    commit_group();
  } catch (const std::exception& failed) {
    on_failure(failed.what());
  }
}

void store::commit_group() {
  if (group_.empty() && !arrivals_.is_due())
    return;
  try {
    write_group();
  } catch (const std::exception& failed) {
    on_failure(failed.what());
    database_->discard();
    for (auto& each : targets_)
      each.clear();
    finish(true);
  }
}

void store::write_group() {
  now_ = instant::now();
  take_batches();
  if (batches_.batches.empty() && group_.empty())
    return;
  number_entries();
  for (auto& each : batches_.batches)
    gather(*each);
  for (auto& each : group_)
    std::visit([this](auto& what) { gather(what); }, each);
  auto is_synced =
      node_.settings.acknowledge_after == config::acknowledge_after::synced;
  auto status = database_->commit(is_synced);
  report(status);
  finish(!status);
  if (status && syncing_)
    syncing_->wanted();
}

void store::take_batches() {
  // Who was told at once may have the identifier of a QoS 2 message forgotten
  // before it was remembered.
  if (node_.settings.acknowledge_after == config::acknowledge_after::routed)
    arrivals_.stop_waiting();
  arrivals_.take(batches_);
}

void store::number_entries() {
  for (auto& part : batches_.parts) {
    auto& queue = part->queue();
    for (uint32_t i = 0; !queue.is_ended() && i < part->size(); ++i)
      part->seal(i, queue.take_sequence());
  }
}

void store::gather(broker::publication_batch& batch) {
  gather_entries(batch);
  if (batch.remembers_ids)
    gather_ids(batch);
  // With what they bring: one without the other would lose or repeat it.
  for_each_new_origin(batch, [this](const broker::message_origin& what) {
    database_->put_seen(what);
  });
}

void store::gather_entries(broker::publication_batch& batch) {
  using entry_state = broker::journal_part::entry_state;
  if (targets_.size() < batch.items.size())
    targets_.resize(batch.items.size());
  batch.for_each_part([this](broker::journal_part& part) {
    for (const auto& entry : part.entries())
      if (entry.state.load(std::memory_order_relaxed) == entry_state::stored)
        targets_[entry.item].push_back(
            {part.queue().key(), entry.sequence, entry.options});
  });
  for (size_t item = 0; item < batch.items.size(); ++item) {
    if (targets_[item].empty())
      continue;
    database_->append(*batch.items[item].message, targets_[item], now_);
    targets_[item].clear();
  }
}

void store::gather_ids(const broker::publication_batch& batch) {
  for (const auto& item : batch.items)
    if (item.packet_id != 0)
      database_->put_incoming_id(batch.publisher(), item.packet_id);
}

void store::gather(remember& what) {
  auto& to = *database_;
  auto key = what.key;
  if (what.erases_session) {
    to.erase_session(key);
    if (what.ended_queue)
      what.ended_queue->end();
  }
  if (what.session)
    to.put_session(*what.session);
  if (what.will && what.will->will)
    to.put_will(key, *what.will->will, now_);
  else if (what.will)
    to.erase_will(key);
  for (const auto& each : what.subscribed)
    to.put_subscription(key, each);
  for (const auto& filter : what.unsubscribed)
    to.erase_subscription(key, filter);
  if (what.window)
    to.put_window(key, *what.window);
  for (const auto& entry : what.released)
    to.put_released(key, entry.sequence, entry.packet_id, entry.size);
  for (const auto& entry : what.erased)
    if (entry.size == 0)
      to.erase_released(key, entry.sequence);
    else
      to.erase_entry(key, entry.sequence, entry.size);
  if (what.erased_until != 0)
    to.erase_until(key, what.erased_until);
  for (auto packet_id : what.incoming_erased)
    to.erase_incoming_id(key, packet_id);
}

void store::gather(remember_retained& what) {
  for (const auto& each : what.messages)
    if (each.message->payload().empty())
      database_->erase_retained(each.message->topic());
    else
      database_->put_retained(each, now_);
}

void store::gather(remember_seen& what) {
  for (const auto& each : what.origins)
    database_->put_seen(each);
}

/// Tells everybody concerned what became of the group.
void store::finish(bool failed) {
  using stage = broker::publication_batch::stage;
  for (auto& each : batches_.batches) {
    each->progress = failed ? stage::failed : stage::stored;
    each->take_journal();
  }
  finish_changes(failed);
  // Behind the answers: what a session launched from its queue went before what
  // it sent directly.
  settle_parts(failed);
  arrivals_.on_settled(batches_.parts);
  batches_.clear();
  group_bytes_ = 0;
  if (is_failing_ != failed || failed) {
    is_failing_ = failed;
    node_.store_is_failing = failed;
    arm();
  }
}

/// What must not get lost stays in the group when it could not be written.
void store::finish_changes(bool failed) {
  std::vector<work> again;
  for (auto& each : group_) {
    if (auto* retained = std::get_if<remember_retained>(&each);
        retained != nullptr && retained->batch && failed)
      retained->batch->has_failed.store(true, std::memory_order_relaxed);
    else if (auto* changes = std::get_if<remember>(&each);
             changes != nullptr && failed) {
      tell_late(*changes);
      again.push_back(std::move(*changes));
    } else if (changes != nullptr) {
      answer(*changes);
    }
  }
  group_ = std::move(again);
}

void store::settle_parts(bool failed) {
  std::vector<parts_settled> notices(node_.appenders.size());
  for (const auto& part : batches_.parts)
    if (part->settle(failed))
      notices[part->home].parts.push_back(part);
  for (size_t home = 0; home < notices.size(); ++home)
    if (!notices[home].parts.empty())
      tell(node_.appenders[home], std::move(notices[home]));
}

/// Once per change.
void store::tell_late(remember& what) {
  if (what.answer_to && (what.window || what.may_be_late)
      && !std::exchange(what.is_late, true))
    tell(what.answer_to, stored{what.key, what.ticket, true});
}

void store::answer(const remember& done) {
  if (done.answer_to)
    tell(done.answer_to, stored{done.key, done.ticket, false});
}

void store::report(const broker::store_status& status) {
  auto now = loop_.now();
  if (status) {
    if (is_failing_)
      log::write(log::level::notice, "The database can be written again.");
    next_report_ = {};
  } else if (now >= next_report_) {
    next_report_ = now + report_interval;
    log::write(log::level::error,
               "The database cannot be written, so QoS 1 and 2 messages for "
               "durable sessions are refused: {}",
               status.text);
  }
}

// -- reading
// --------------------------------------------------------------------

void store::on(load_session& message) {
  commit_group();
  auto now = instant::now();
  session_loaded answer;
  answer.key = message.key;
  answer.content = std::make_shared<broker::stored_session>(
      with_changes(message.key, database_->load(message.key, now)));
  answer.queue = std::make_shared<broker::queue_slice>(with_changes(
      message.key,
      database_->read_queue(message.key, 1, slice_messages, slice_bytes, now)));
  tell(message.answer_to, std::move(answer));
}

void store::on(read_queue& message) {
  commit_group();
  queue_read answer;
  answer.key = message.key;
  answer.slice = std::make_shared<broker::queue_slice>(with_changes(
      message.key,
      database_->read_queue(message.key, message.from, slice_messages,
                            slice_bytes, instant::now())));
  tell(message.answer_to, std::move(answer));
}

void store::on(shrink_queue& message) {
  commit_group();
  broker::queue_totals gone;
  queue_shrunk answer;
  if (message.expired) {
    auto now = instant::now();
    gone = database_->drop_expired(message.key, now);
    answer.earliest_expiry = now.to_steady(gone.earliest_expiry);
  }
  auto expired = gone.messages;
  while (gone.messages < message.oldest || gone.bytes < message.bytes) {
    auto count =
        std::max<uint64_t>(message.oldest, gone.messages + 1) - gone.messages;
    auto more = database_->drop_oldest(message.key, message.from, count);
    if (more.messages == 0)
      break;
    gone.messages += more.messages;
    gone.bytes += more.bytes;
  }
  answer.key = message.key;
  answer.expired = static_cast<size_t>(expired);
  answer.messages =
      gone.messages - std::min<uint64_t>(gone.messages, message.oldest);
  answer.bytes = gone.bytes - std::min<uint64_t>(gone.bytes, message.bytes);
  tell(message.answer_to, std::move(answer));
}

/// A subtree was started anew. Nobody publishes there until it has all of this,
/// but other commits go on: some sessions at a time.
void store::on(reload& message) {
  commit_group();
  if (routes_)
    routes_ = message.change.routes;
  if (message.retained)
    reload_retained(message.change);
  message.retained = false;
  reload_filters(message);
  if (!message.keys.empty())
    tell(caf::actor_cast<store_actor>(ctrl()), std::move(message));
}

void store::reload_filters(reload& what) {
  const auto& change = what.change;
  auto now = instant::now();
  refill known;
  for (size_t i = 0; i < reload_sessions && !what.keys.empty(); ++i) {
    subscribe_filters one;
    one.subscriber = what.subscriber;
    one.key = what.keys.back();
    one.state = readiness::can_keep;
    what.keys.pop_back();
    auto found = with_changes(one.key, database_->load(one.key, now));
    for (auto& each : found.subscriptions)
      if (concerns(*change.routes, each.filter, change.lost))
        one.filters.push_back({std::move(each.filter), each.options,
                               each.identifier, each.shared, false});
    if (!one.filters.empty())
      known.subscribers.push_back(std::move(one));
  }
  if (!known.subscribers.empty())
    tell(change.routes->subtree(change.lost), std::move(known));
}

void store::reload_retained(const routes_changed& change) {
  const auto& lost = change.routes->subtree(change.lost);
  refill known;
  auto pass_on = [&] { tell(lost, std::exchange(known, {})); };
  database_->for_each_retained(
      [&](broker::retained_message&& each) {
        if (change.routes->index_of(each.message->topic()) != change.lost)
          return;
        known.retained.push_back(std::move(each));
        if (known.retained.size() == reload_messages)
          pass_on();
      },
      instant::now());
  if (!known.retained.empty())
    pass_on();
}

// -- what `troupe store` asks
// ---------------------------------------------------

void store::listen_in(const std::string& directory) {
  auto path = directory + "/" + control_socket::file_name;
  if (auto error = control_.open(path); !error.empty())
    log::write(log::level::warning,
               "`troupe store backup` cannot reach this broker: {}", error);
}

std::string store::obey(std::string_view line) {
  constexpr std::string_view backup = "backup ";
  if (line.substr(0, backup.size()) != backup)
    return "error: this broker does not know that command";
  commit_group();
  std::string directory{line.substr(backup.size())};
  auto status = database_->backup(directory);
  if (!status)
    return "error: " + status.text;
  log::write(log::level::notice, "Database backed up to {}.", directory);
  return "ok";
}

// -- time and the end
// -----------------------------------------------------------

void store::on_timer(time_point now) noexcept {
  try {
    auto busy = false;
    if (now >= next_alive_) {
      next_alive_ = now + alive_interval;
      database_->put_alive(instant::now().wall);
      if (group_.empty())
        report(database_->commit(false));
      if (arrivals_.waits_since() <= now - longest_wait)
        arrivals_.stop_waiting();
      busy = database_->housekeep(instant::now());
      node_.damaged_records = database_->damaged_records();
    }
    if (busy)
      next_alive_ = now;
    commit_group();
  } catch (const std::exception& failed) {
    on_failure(failed.what());
  }
  arm();
}

void store::arm() {
  auto now = loop_.now();
  auto deadline = is_failing_ ? now + retry_time
                              : std::max(next_alive_, now + retry_time / 10);
  loop_.timers().arm(*this, deadline);
}

void store::on(stop_node&) {
  arrivals_.stop_waiting();
  commit_group();
  database_->put_alive(instant::now().wall);
  report(database_->commit(true));
  loop_.timers().disarm(*this);
  control_.close();
}

void store::on_end() {
  loop_.timers().disarm(*this);
  control_.close();
  arrivals_ = {};
  batches_.clear();
  group_.clear();
  syncing_.reset();
  routes_.reset();
  database_.reset();
}

} // namespace troupe::actors
