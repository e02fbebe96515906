#include "storage/mosquitto_plan.hpp"

#include "broker/session.hpp"
#include "broker/subscription_trie.hpp"
#include "protocol/topic.hpp"

#include <algorithm>
#include <variant>

namespace troupe::storage {

namespace {

constexpr int64_t milliseconds = 1000;
/// The year 9999: a damaged time must not overflow.
constexpr int64_t last_second = 253'402'300'799;

wall_time to_wall(int64_t seconds) noexcept {
  return std::clamp(seconds, int64_t{1}, last_second) * milliseconds;
}

/// The best of what one session is to get of a message: it gets it once.
struct offer {
  uint32_t session = 0;
  broker::entry_options options;
};

void add_offer(std::vector<offer>& offers, const offer& what) {
  auto known = std::ranges::find(offers, what.session, &offer::session);
  if (known == offers.end())
    offers.push_back(what);
  else if (known->options.qos < what.options.qos)
    known->options = what.options;
}

/// Who subscribed to what. Of a shared group the first member is asked.
class subscriber_index {
public:
  explicit subscriber_index(const std::vector<planned_session>& sessions) {
    for (uint32_t session = 0; session < sessions.size(); ++session)
      for (const auto& each : sessions[session].subscriptions)
        add(session, each);
  }

  std::vector<offer> offers_for(const mosquitto_message& what,
                                uint32_t publisher) const {
    std::vector<offer> found;
    trie_.match(what.topic, [&](const broker::trie_entry& entry) {
      if (entry.qos == protocol::qos::at_most_once
          || (entry.no_local && entry.subscriber == publisher))
        return;
      broker::entry_options options;
      options.subscription_id = entry.identifier;
      options.qos = std::min(entry.qos, what.qos);
      options.retain = entry.retain_as_published && what.retain;
      add_offer(found, {entry.subscriber, options});
    });
    return found;
  }

private:
  void add(uint32_t session, const broker::stored_subscription& what) {
    auto parsed = protocol::parse_filter(what.filter);
    if (!parsed || (what.shared != 0 && !groups_.insert(what.filter).second))
      return;
    broker::trie_entry entry;
    entry.subscriber = session;
    entry.identifier = what.identifier;
    entry.qos = what.options.qos;
    entry.no_local = what.options.no_local;
    entry.retain_as_published = what.options.retain_as_published;
    trie_.insert(parsed->filter, entry);
  }

  broker::subscription_trie trie_;
  std::unordered_set<std::string_view> groups_;
};

} // namespace

void mosquitto_plan::add(mosquitto_record&& what) {
  std::visit([this](const auto& record) { take(record); }, what);
}

void mosquitto_plan::take(const mosquitto_message& what) {
  messages_[what.id] = {file_.offset(), false};
}

void mosquitto_plan::take(const mosquitto_client& what) {
  if (by_id_.contains(what.id))
    return skip("sessions that are in the file twice");
  if (what.expiry_interval == 0)
    return skip("sessions that ended with their connection");
  planned_session made;
  made.id = what.id;
  made.expiry_interval = what.expiry_interval;
  if (what.expiry_interval != broker::session_never_expires)
    made.ends_at =
        to_wall(what.expires_at != 0 ? what.expires_at
                                     : saved_at_ + what.expiry_interval);
  if (made.ends_at != 0 && made.ends_at <= now_)
    return skip("sessions that have expired");
  by_id_.emplace(what.id, static_cast<uint32_t>(sessions.size()));
  sessions.push_back(std::move(made));
}

void mosquitto_plan::take(const mosquitto_entry& what) {
  const auto* offset = offset_of(what.message_id);
  auto client = by_id_.find(what.client_id);
  if (client == by_id_.end())
    return skip("messages of sessions that were left out");
  if (offset == nullptr)
    return skip("messages whose contents are not in the file");
  if (what.is_incoming)
    take_incoming(client->second, *offset, what);
  else
    take_outgoing(client->second, *offset, what);
}

void mosquitto_plan::take_outgoing(uint32_t session, uint64_t offset,
                                   const mosquitto_entry& what) {
  auto& to = sessions[session];
  auto was_sent = what.stage != mosquitto_stage::queued;
  if (was_sent && what.qos == protocol::qos::at_most_once)
    return skip("messages of QoS 0 that were on their way");
  auto packet_id = was_sent ? usable_packet_id(session, what) : uint16_t{0};
  auto sequence = ++to.last_sequence;
  if (what.stage == mosquitto_stage::released) {
    if (packet_id != 0)
      to.released.emplace_back(sequence, packet_id);
    return;
  }
  broker::entry_options options;
  options.subscription_id = what.subscription_id;
  options.packet_id = packet_id;
  options.qos = what.qos;
  options.retain = what.retain;
  entries.push_back({offset, sequence, session, options});
}

/// 0 if it is already in use: the message is then sent as a new one.
uint16_t mosquitto_plan::usable_packet_id(uint32_t session,
                                          const mosquitto_entry& what) {
  auto key = uint64_t{session} << 16 | what.packet_id;
  return packet_ids_.insert(key).second ? what.packet_id : uint16_t{0};
}

void mosquitto_plan::take_incoming(uint32_t session, uint64_t offset,
                                   const mosquitto_entry& what) {
  if (what.qos != protocol::qos::exactly_once || what.packet_id == 0
      || what.stage == mosquitto_stage::queued)
    return skip("messages that their publisher sends again");
  auto& ids = sessions[session].incoming_ids;
  if (std::ranges::find(ids, what.packet_id) != ids.end())
    return skip("messages that their publisher sends again");
  ids.push_back(what.packet_id);
  if (what.stage == mosquitto_stage::under_way)
    unpublished_.emplace_back(session, offset);
}

void mosquitto_plan::take(const mosquitto_subscription& what) {
  auto client = by_id_.find(what.client_id);
  if (client == by_id_.end())
    return skip("subscriptions of sessions that were left out");
  auto& to = sessions[client->second].subscriptions;
  broker::stored_subscription made;
  made.filter = what.filter;
  made.options = what.options;
  made.identifier = what.identifier;
  auto parsed = protocol::parse_filter(what.filter);
  if (parsed && !parsed->share_name.empty())
    made.shared =
        static_cast<uint16_t>(1 + std::ranges::count_if(to, [](const auto& x) {
                                return x.shared != 0;
                              }));
  to.push_back(std::move(made));
}

void mosquitto_plan::take(const mosquitto_retained& what) {
  if (const auto* offset = offset_of(what.message_id))
    retained.push_back(*offset);
  else
    skip("retained messages whose contents are not in the file");
}

const uint64_t* mosquitto_plan::offset_of(uint64_t message_id) {
  auto found = messages_.find(message_id);
  if (found == messages_.end())
    return nullptr;
  found->second.is_wanted = true;
  return &found->second.offset;
}

void mosquitto_plan::close() {
  pass_on();
  // Those of clients without durable session, or the file was cut short.
  for (const auto& [id, place] : messages_)
    if (!place.is_wanted)
      skip("messages that nobody in the file waits for");
  std::ranges::stable_sort(entries, {}, &planned_entry::offset);
}

void mosquitto_plan::pass_on() {
  if (unpublished_.empty())
    return;
  subscriber_index subscribers{sessions};
  for (auto [publisher, offset] : unpublished_) {
    auto message = file_.message_at(offset);
    if (!message)
      continue;
    if (message->retain)
      retained.push_back(offset);
    for (const auto& each : subscribers.offers_for(*message, publisher))
      entries.push_back({offset, ++sessions[each.session].last_sequence,
                         each.session, each.options});
  }
}

} // namespace troupe::storage
