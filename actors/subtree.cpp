#include "actors/subtree.hpp"

#include "actors/authorship.hpp"
#include "actors/journaling.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"
#include "protocol/topic.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace troupe::actors {

namespace {

using broker::delivery;
using broker::trie_entry;
using protocol::qos;

/// Retained messages per chunk of a replay: few enough that a loop is not kept
/// from its other work.
constexpr size_t replay_count = 256;
constexpr size_t replay_bytes = 64 * 1024;

/// Expired retained messages removed per housekeeping.
constexpr size_t expiries_per_round = 10'000;

/// Room reserved at once for the deliveries of one session.
constexpr size_t most_expected = 256;

time_point now() {
  auto* home = loop::current();
  return home != nullptr ? home->now() : clock::now();
}

/// Tells a subtree that a chunk of a replay was taken.
class replay_receipt final : public broker::batch_owner {
public:
  replay_receipt(subtree_actor owner, store_actor store, uint64_t replay)
      : owner_(std::move(owner)), store_(std::move(store)), replay_(replay) {}

  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    if (hand_to_store(store_, *batch))
      return;
    delete batch;
    auto owner = std::move(owner_);
    auto replay = replay_;
    delete this;
    tell(owner, continue_replay{replay});
  }

private:
  subtree_actor owner_;
  store_actor store_;
  uint64_t replay_;
};

} // namespace

subtree::subtree(caf::actor_config& cfg, size_t index,
                 const subtree_options& options, subtree_stats& stats)
    : light_actor(cfg, nullptr), index_(index), options_(options),
      stats_(stats), is_serving_(!options.awaits_refill) {}

subtree::~subtree() = default;

template <class T>
bool subtree::take(const mail& message) {
  auto* what = message.get_if<T>();
  if (what != nullptr && is_serving_)
    on(*what);
  else if (what != nullptr)
    held_.emplace_back(std::move(*what));
  return what != nullptr;
}

template <class... Ts>
bool subtree::take_any(const mail& message, std::variant<Ts...>*) {
  return (take<Ts>(message) || ...);
}

void subtree::receive(const mail& message) {
  if (take_any(message, static_cast<held_mail*>(nullptr)))
    return;
  if (auto* known = message.get_if<refill>())
    on(*known);
  else if (message.get_if<refilled>())
    serve();
}

void subtree::on_failure(const char* what) noexcept {
  log::write(log::level::error, "Subtree {} failed: {}{}", index_, what,
             options_.store ? "" : "; its retained messages are lost");
}

void subtree::on_end() {
  subscribers_.clear();
  replays_.clear();
  remembered_.clear();
  held_.clear();
  options_.store = store_actor{};
}

// -- in the place of one that failed
// -----------------------------------------

void subtree::on(refill& message) {
  for (auto& each : message.subscribers)
    adopt(each);
  for (auto& each : message.retained)
    adopt(std::move(each));
}

/// Everybody who had something to say has said it.
void subtree::serve() {
  is_serving_ = true;
  while (!held_.empty()) {
    auto next = std::move(held_.front());
    held_.pop_front();
    std::visit([this](auto& message) { on(message); }, next);
  }
}

// -- routing
// --------------------------------------------------------------------

void subtree::on(route& message) {
  auto& batch = *message.batch;
  matched_topic_ = {};
  auto count = static_cast<uint32_t>(batch.items.size());
  for (uint32_t index = 0; index < count; ++index)
    route_item(batch, index);
  send_deliveries(message.batch);
  send_remembered(message.batch);
  batch.is_routed = true;
}

void subtree::route_item(broker::publication_batch& batch, uint32_t index) {
  auto& item = batch.items[index];
  if (is_repeat(*item.message)) {
    item.is_repeat = true;
    item.matched = true; // its publisher has done well
    return;
  }
  // Publishers mostly send runs of one topic: those are matched once.
  if (matched_topic_.data() == nullptr
      || item.message->topic() != matched_topic_)
    find_matches(item.message->topic());
  if (matches_peer_)
    give_origin(item.message);
  auto published = item.message->qos();
  auto retained = item.message->retain();
  auto expected = batch.items.size() - index;
  for (const auto& match : matches_) {
    if (match.is_group) {
      add_for_group(batch, index, match.subscriber);
      item.matched = true;
      continue;
    }
    if ((match.no_local || batch.suppress_echo)
        && subscribers_[match.subscriber].key == batch.publisher())
      continue;
    delivery out;
    out.item = index;
    out.subscription_id = match.identifier;
    out.qos = granted(published, match.qos);
    out.retain = match.retain_as_published && retained;
    add(match.subscriber, expected, out);
    item.matched = true;
  }
  if (retained) // with the origin it may have got
    retain(item.message, batch.by);
}

void subtree::find_matches(std::string_view topic) {
  matches_.clear();
  matches_peer_ = false;
  trie_.match(topic, [this](const trie_entry& entry) {
    matches_.push_back(entry);
    matches_peer_ |= entry.is_peer;
  });
  matched_topic_ = topic;
}

/// Whether it has come from another node before, on another way.
bool subtree::is_repeat(const broker::publication& message) {
  if (message.path().empty()) [[likely]]
    return false;
  auto path = broker::message_path::parse(message.path());
  if (!path)
    return false;
  const auto& before = options_.seen_before;
  if (!(before && before->contains(path->origin()))
      && seen_.insert(path->origin()))
    return false;
  stats_.repeats.add();
  return true;
}

void subtree::on(forget_origins& message) {
  for (const auto& each : message.origins)
    seen_.erase(each);
}

/// Replaces a message that leaves the node by one that other nodes know again,
/// unless it is.
void subtree::give_origin(broker::publication_ptr& message) {
  if (!message->path().empty())
    return;
  auto path =
      broker::to_string({options_.node, options_.epoch,
                         static_cast<uint32_t>(index_), ++last_sequence_});
  auto made = broker::with_path(*message, path);
  if (matched_topic_.data() == message->topic().data())
    matched_topic_ = made->topic();
  message = std::move(made);
}

void subtree::add_for_group(broker::publication_batch& batch, uint32_t index,
                            uint32_t group) {
  const auto* member = groups_.pick(
      group,
      [this](uint32_t slot) {
        return subscribers_[slot].state == readiness::ready;
      },
      [this](uint32_t slot) {
        return subscribers_[slot].state != readiness::absent;
      });
  if (member == nullptr)
    return;
  if (member->is_peer)
    give_origin(batch.items[index].message);
  const auto& message = *batch.items[index].message;
  delivery out;
  out.item = index;
  out.subscription_id = member->identifier;
  out.shared = member->shared;
  out.qos = granted(message.qos(), member->qos);
  out.retain = member->retain_as_published && message.retain();
  add(member->subscriber, 1, out);
}

void subtree::add(uint32_t slot, size_t expected, const delivery& out) {
  auto& place = subscribers_[slot].place;
  if (place == 0) {
    gathered_.push_back({slot, {}});
    gathered_.back().deliveries.reserve(std::min(expected, most_expected));
    place = static_cast<uint32_t>(gathered_.size());
  }
  gathered_[place - 1].deliveries.push_back(out);
}

void subtree::send_deliveries(const broker::batch_ptr& batch) {
  for (auto& [slot, deliveries] : gathered_) {
    auto& to = subscribers_[slot];
    to.place = 0;
    tell(to.target, deliver{to.key, batch, std::move(deliveries)});
  }
  gathered_.clear();
}

qos subtree::granted(qos published, qos wanted) const {
  return options_.upgrade_outgoing_qos ? wanted : std::min(published, wanted);
}

// -- retained messages
// ------------------------------------------------------------

void subtree::adopt(broker::retained_message retained) {
  if (options_.retain_expiry_interval.count() != 0)
    aging_.emplace_back(now() + options_.retain_expiry_interval,
                        retained.message);
  retained_.store(std::move(retained.message), std::move(retained.by));
  count_retained();
}

void subtree::retain(const broker::publication_ptr& message,
                     const broker::author_ptr& by) {
  retained_.store(message, by);
  remember(message, by);
  if (options_.retain_expiry_interval.count() != 0) {
    auto at = now();
    expire_retained(at);
    if (!message->payload().empty())
      aging_.emplace_back(at + options_.retain_expiry_interval, message);
    if (aging_.size() > 2 * retained_.size() + 64)
      forget_replaced(at);
  }
  count_retained();
}

/// What it said of the node itself, the node says again.
void subtree::remember(const broker::publication_ptr& message,
                       const broker::author_ptr& by) {
  if (options_.store && protocol::first_level(message->topic()) != "$SYS")
    remembered_.push_back({message, by});
}

void subtree::send_remembered(const broker::batch_ptr& batch) {
  if (!remembered_.empty())
    tell(options_.store,
         remember_retained{std::exchange(remembered_, {}), batch});
}

/// Drops values that were set longer ago than retain_expiry_interval.
void subtree::expire_retained(time_point at) {
  while (!aging_.empty() && aging_.front().first <= at) {
    const auto& message = aging_.front().second;
    if (retained_.find(message->topic(), at) == message) {
      protocol::message removal;
      removal.topic = message->topic();
      removal.retain = true;
      auto gone = broker::publication::make(removal, at);
      remember(gone, nullptr);
      retained_.store(std::move(gone));
    }
    aging_.pop_front();
  }
}

/// A topic that is set often must not keep its old values alive.
void subtree::forget_replaced(time_point at) {
  std::erase_if(aging_, [&](const auto& entry) {
    return retained_.find(entry.second->topic(), at) != entry.second;
  });
}

void subtree::count_retained() {
  stats_.retained_messages.set(retained_.size());
  stats_.retained_bytes.set(retained_.footprint());
}

void subtree::start_replay(uint32_t slot, const filter_request& request) {
  using protocol::retain_handling;
  auto wanted = request.options.retain_handling;
  if (request.shared != 0 || wanted == retain_handling::no_retained
      || (wanted == retain_handling::if_new && !request.is_new)
      || retained_.size() == 0)
    return;
  end_replay_of(slot, request.filter); // it would bring the same again
  auto number = next_replay_++;
  replay entry;
  entry.slot = slot;
  entry.identifier = request.identifier;
  entry.qos = request.options.qos;
  entry.is_peer = request.options.is_peer;
  entry.filter = request.filter;
  replays_.emplace(number, std::move(entry));
  ++subscribers_[slot].replays;
  continue_with(number);
}

/// Sends the next chunk; its receipt asks for the one after it.
void subtree::continue_with(uint64_t number) {
  auto at = now();
  expire_retained(at);
  auto found = replays_.find(number);
  if (found == replays_.end())
    return;
  auto& entry = found->second;
  std::vector<broker::retained_message> messages;
  retained_.replay(entry.filter, entry.position, replay_count, replay_bytes, at,
                   messages);
  if (auto* home = loop::current())
    withhold_disowned(home->policy(), messages);
  if (!messages.empty())
    send_chunk(number, std::move(messages));
  else if (entry.position.done)
    end_replay(number);
  else // looking took long enough: others first
    tell(caf::actor_cast<subtree_actor>(ctrl()), continue_replay{number});
}

void subtree::send_chunk(uint64_t number,
                         std::vector<broker::retained_message>&& messages) {
  const auto& entry = replays_.at(number);
  auto* receipt = new replay_receipt{caf::actor_cast<subtree_actor>(ctrl()),
                                     options_.store, number};
  broker::batch_ptr batch{new broker::publication_batch(receipt, 0, 0), false};
  std::vector<delivery> deliveries;
  deliveries.reserve(messages.size());
  for (auto& [message, by] : messages) {
    delivery out;
    out.item = static_cast<uint32_t>(batch->items.size());
    out.subscription_id = entry.identifier;
    out.qos = granted(message->qos(), entry.qos);
    out.retain = true;
    out.replayed = true;
    deliveries.push_back(out);
    if (entry.is_peer)
      give_origin_for_good(message);
    batch->add(std::move(message));
  }
  const auto& to = subscribers_[entry.slot];
  tell(to.target, deliver{to.key, std::move(batch), std::move(deliveries)});
}

/// What was retained before a peer wanted it: all peers are told of the same.
void subtree::give_origin_for_good(broker::publication_ptr& retained) {
  if (!retained->path().empty())
    return;
  give_origin(retained);
  if (options_.retain_expiry_interval.count() == 0) // else `aging_` has the old
    retained_.store(retained);
}

void subtree::end_replay(uint64_t number) {
  auto found = replays_.find(number);
  --subscribers_[found->second.slot].replays;
  replays_.erase(found);
}

/// After UNSUBSCRIBE nothing may be added for delivery [MQTT-3.10.4-2].
void subtree::end_replay_of(uint32_t slot, std::string_view filter) {
  if (subscribers_[slot].replays == 0)
    return;
  for (const auto& [number, each] : replays_)
    if (each.slot == slot && each.filter == filter) {
      end_replay(number);
      return;
    }
}

// -- subscriptions
// ----------------------------------------------------------------

void subtree::on(subscribe_filters& message) {
  auto slot = slot_of(message);
  for (const auto& request : message.filters)
    insert(slot, request);
  if (message.request != 0)
    tell(message.session, filters_in_force{message.request});
  for (const auto& request : message.filters)
    start_replay(slot, request);
}

void subtree::adopt(subscribe_filters& message) {
  auto slot = slot_of(message);
  for (const auto& request : message.filters)
    insert(slot, request);
}

void subtree::on(unsubscribe_filters& message) {
  remove(message.key, message.filters);
  tell(message.session, filters_in_force{message.request});
}

void subtree::on(member_state& message) {
  if (auto slot = slots_.find(message.key, key_of_slot()))
    subscribers_[*slot].state = message.state;
}

void subtree::on(session_left& message) {
  remove(message.key, message.filters);
}

void subtree::on(housekeeping&) {
  auto at = now();
  expire_retained(at);
  retained_.remove_expired(at, expiries_per_round);
  count_retained();
  send_remembered(nullptr);
}

void subtree::remove(broker::session_key key,
                     const std::vector<std::string>& filters) {
  auto slot = slots_.find(key, key_of_slot());
  if (!slot)
    return;
  for (const auto& filter : filters)
    erase(*slot, filter);
  forget_if_empty(*slot);
}

void subtree::on(redistribute& message) {
  auto batch = make_unowned_batch(options_.store, 0);
  for (auto& entry : message.messages) {
    auto parsed = protocol::parse_filter(entry.filter);
    if (!parsed)
      continue;
    auto group = groups_.find(parsed->share_name, parsed->filter);
    if (!group)
      continue;
    batch->add(std::move(entry.message));
    add_for_group(*batch, static_cast<uint32_t>(batch->items.size() - 1),
                  *group);
  }
  send_deliveries(batch);
}

uint32_t subtree::slot_of(const subscribe_filters& message) {
  if (auto found = slots_.find(message.key, key_of_slot())) {
    // A session knows better than the disk.
    if (is_serving_ || message.state != readiness::can_keep)
      subscribers_[*found].state = message.state;
    return *found;
  }
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(subscribers_.size());
    subscribers_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  auto& entry = subscribers_[slot];
  entry.target = message.subscriber;
  entry.key = message.key;
  entry.state = message.state;
  slots_.insert(slot, key_of_slot());
  return slot;
}

/// REQUIRES: the filter was checked by the connection.
void subtree::insert(uint32_t slot, const filter_request& request) {
  auto parsed = protocol::parse_filter(request.filter);
  if (!parsed)
    return;
  const auto& options = request.options;
  auto is_new = false;
  if (parsed->share_name.empty()) {
    is_new =
        trie_.insert(parsed->filter,
                     {slot, request.identifier, options.qos, options.no_local,
                      options.retain_as_published, false, options.is_peer});
  } else {
    auto group = groups_.open(parsed->share_name, parsed->filter);
    is_new = groups_.join(group, {slot, request.identifier, options.qos,
                                  options.retain_as_published, request.shared,
                                  options.is_peer});
    trie_.insert(parsed->filter,
                 {group, 0, qos::exactly_once, false, true, true});
  }
  if (is_new)
    ++subscribers_[slot].filters;
}

bool subtree::erase(uint32_t slot, std::string_view filter) {
  auto parsed = protocol::parse_filter(filter);
  if (!parsed)
    return false;
  end_replay_of(slot, filter);
  auto erased = false;
  if (parsed->share_name.empty()) {
    erased = trie_.erase(parsed->filter, slot, false);
  } else if (auto group = groups_.find(parsed->share_name, parsed->filter)) {
    auto members = groups_.member_count(*group);
    auto was_last = groups_.leave(*group, slot);
    erased = was_last || groups_.member_count(*group) < members;
    if (was_last)
      trie_.erase(parsed->filter, *group, true);
  }
  if (erased)
    --subscribers_[slot].filters;
  return erased;
}

void subtree::forget_if_empty(uint32_t slot) {
  auto& entry = subscribers_[slot];
  if (entry.filters != 0)
    return;
  slots_.erase(slot, key_of_slot());
  entry = subscriber{};
  free_slots_.push_back(slot);
}

} // namespace troupe::actors
