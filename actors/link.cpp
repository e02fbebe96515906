#include "actors/link.hpp"

#include "broker/mount_point.hpp"
#include "protocol/encoder.hpp"
#include "protocol/topic.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::actors {

namespace {

using protocol::packet_type;
using protocol::qos;
using std::chrono::seconds;

/// Filters in one SUBSCRIBE or UNSUBSCRIBE: with the longest ones there are,
/// still far below the smallest maximum packet size that brokers have.
constexpr size_t filters_per_packet = 50;

/// How long a remote broker may take to send back what it was sent, and how
/// much is remembered for that.
constexpr auto echo_age = seconds{30};
constexpr uint32_t most_echoes = 100'000;

/// Output that goes at once although more might come.
constexpr size_t full_batch = 65'536;

/// Beyond keep alive, before a PINGREQ counts as unanswered.
constexpr auto least_patience = seconds{5};
constexpr auto moment = seconds{1};

/// Whether a PUBLISH can have the name that `header` gives to `topic`.
bool is_name(const broker::delivery_header& header,
             std::string_view topic) noexcept {
  auto kept = topic.substr(header.hidden_prefix);
  auto levels = [](std::string_view text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '/'));
  };
  auto size = header.added_prefix.size() + kept.size();
  return size != 0 && size <= UINT16_MAX
         && (header.added_prefix.empty()
             || levels(header.added_prefix) + levels(kept)
                    <= protocol::max_topic_slashes);
}

size_t packets_for(size_t filters) noexcept {
  return (filters + filters_per_packet - 1) / filters_per_packet;
}

} // namespace

link::link(link_setup&& setup, time_point now)
    : setup_(std::move(setup)), out_pace_(plan().own.max_rate_out),
      in_pace_(plan().own.max_rate_in), keep_alive_(setup_.remote.keep_alive) {
  if (setup_.may_echo)
    echoes_ = std::make_unique<broker::echo_memory>(most_echoes, echo_age);
  if (keep_alive_.count() != 0)
    ping_at_ = now; // tells the round trip at once
}

// -- subscriptions
// ----------------------------------------------------------------

client_subscribed local_subscriptions(const bridge_plan& plan,
                                      protocol::qos max_qos,
                                      protocol::retain_handling handling) {
  client_subscribed all;
  all.replaces_all = true;
  for (const auto& each : plan.topics.local_filters()) {
    protocol::subscription_options options;
    options.qos = std::min(each.max_qos, max_qos);
    options.no_local = !each.filter.starts_with("$share/");
    options.retain_as_published = true;
    options.retain_handling = handling;
    options.is_peer = plan.version() == protocol::version::v5;
    all.requests.push_back({each.filter, options});
  }
  return all;
}

client_subscribed link::subscriptions() const {
  using protocol::retain_handling;
  return local_subscriptions(plan(), setup_.remote.max_qos,
                             setup_.wants_retained ? retain_handling::always
                                                   : retain_handling::if_new);
}

uint16_t link::packet_ids_needed(const bridge_plan& plan) noexcept {
  const auto& topics = plan.topics;
  auto count = 1 + packets_for(topics.remote_filters().size())
               + packets_for(topics.unwanted_remote_filters().size());
  return static_cast<uint16_t>(std::min<size_t>(count, UINT16_MAX / 2));
}

void link::greet(byte_buffer& out, const std::vector<uint16_t>& packet_ids) {
  auto next_id = packet_ids.begin();
  auto version = plan().version();
  const auto& own = plan().own;
  const auto& unwanted = plan().topics.unwanted_remote_filters();
  for (size_t at = 0; own.attempt_unsubscribe && at < unwanted.size();
       at += filters_per_packet) {
    protocol::unsubscribe packet;
    packet.packet_id = *next_id++;
    auto end = std::min(at + filters_per_packet, unwanted.size());
    for (auto i = at; i < end; ++i)
      packet.filters.push_back(unwanted[i]);
    protocol::encode(out, packet, version);
  }
  const auto& wanted = plan().topics.remote_filters();
  for (size_t at = 0; at < wanted.size(); at += filters_per_packet) {
    protocol::subscribe packet;
    packet.packet_id = *next_id++;
    std::vector<std::string> names;
    auto end = std::min(at + filters_per_packet, wanted.size());
    for (auto i = at; i < end; ++i) {
      protocol::subscription_request request;
      request.filter = wanted[i].filter;
      request.options.qos = wanted[i].max_qos;
      if (version == protocol::version::v5) {
        request.options.no_local = !request.filter.starts_with("$share/");
        request.options.retain_as_published = true;
      }
      packet.subscriptions.push_back(request);
      names.push_back(wanted[i].filter);
    }
    protocol::encode(out, packet, version);
    asked_.emplace_back(packet.packet_id, std::move(names));
  }
  if (!own.notifications || own.notifications_local_only)
    return;
  protocol::publish notice;
  notice.packet_id = notice_id_ = *next_id++;
  notice.topic = own.notification_topic;
  notice.payload = "1";
  auto fits = setup_.remote.max_qos != qos::at_most_once
              && setup_.remote.receive_maximum > 1;
  notice.qos = fits ? qos::at_least_once : qos::at_most_once;
  if (notice.qos == qos::at_most_once)
    notice.packet_id = notice_id_ = 0;
  notice.retain = setup_.remote.retain_available;
  protocol::encode(out, notice, version);
}

std::string link::on_suback(const protocol::suback& packet) {
  auto found =
      std::find_if(asked_.begin(), asked_.end(), [&](const auto& each) {
        return each.first == packet.packet_id;
      });
  if (found == asked_.end())
    return {};
  auto names = std::move(found->second);
  asked_.erase(found);
  for (size_t i = 0; i < std::min(names.size(), packet.codes.size()); ++i)
    if (auto code = static_cast<uint8_t>(packet.codes[i]); code >= 0x80)
      return fmt::format("the remote broker refuses the subscription to {} "
                         "(code {})",
                         names[i], code);
  return {};
}

bool link::takes_answer(packet_type type, uint16_t packet_id) noexcept {
  if (type != packet_type::puback || packet_id != notice_id_ || packet_id == 0)
    return false;
  notice_id_ = 0; // messages may have it now
  return true;
}

// -- messages
// -------------------------------------------------------------------------

bool link::prepare(broker::delivery_header& header,
                   const broker::publication& message, time_point now) {
  auto topic = message.topic();
  if (auto change = plan().topics.outgoing(topic)) {
    header.hidden_prefix = static_cast<uint16_t>(change->stripped);
    header.added_prefix = change->added;
  }
  if (!is_name(header, topic)) {
    settle(header);
    return false;
  }
  header.retain = header.retain && plan().own.outgoing_retain
                  && setup_.remote.retain_available;
  if (header.qos > setup_.remote.max_qos)
    lower(header);
  auto& status = *setup_.status;
  status.messages_out.fetch_add(1, std::memory_order_relaxed);
  status.bytes_out.fetch_add(message.payload().size(),
                             std::memory_order_relaxed);
  if (!echoes_)
    return true;
  std::string there{header.added_prefix};
  there += topic.substr(header.hidden_prefix);
  if (plan().topics.echoes(there))
    echoes_->sent(broker::echo_fingerprint(there, message.payload()), now);
  return true;
}

/// It waits since a time when the remote broker allowed more, or was not known
/// yet.
void link::lower(broker::delivery_header& header) {
  if (setup_.remote.max_qos == qos::at_most_once)
    settle(header);
  else
    lowered_.insert(header.packet_id);
  header.qos = setup_.remote.max_qos;
}

/// Nothing will come for it from there.
void link::settle(const broker::delivery_header& header) {
  if (header.qos == qos::at_most_once)
    return;
  auto answer = packet_type::puback;
  if (header.qos == qos::exactly_once) {
    answer = packet_type::pubrec;
    lowered_.insert(header.packet_id);
  }
  settled_.push_back({answer, header.packet_id, protocol::reason::success});
}

packet_type link::translate(packet_type type, uint16_t packet_id) {
  return type == packet_type::puback && lowered_.contains(packet_id)
             ? packet_type::pubrec
             : type;
}

bool link::swallows_pubrel(uint16_t packet_id) {
  auto was_lowered = lowered_.erase(packet_id) != 0;
  // Without QoS 2 there, an earlier link has lowered it.
  if (!was_lowered && setup_.remote.max_qos == qos::exactly_once)
    return false;
  settled_.push_back(
      {packet_type::pubcomp, packet_id, protocol::reason::success});
  return true;
}

bool link::accept(protocol::publish& packet, std::string& name,
                  time_point now) {
  auto& status = *setup_.status;
  status.messages_in.fetch_add(1, std::memory_order_relaxed);
  status.bytes_in.fetch_add(packet.payload.size(), std::memory_order_relaxed);
  if (echoes_
      && echoes_->take(broker::echo_fingerprint(packet.topic, packet.payload),
                       now)) {
    status.echoes.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (!plan().topics.incoming(packet.topic, name) || name.empty()
      || !broker::fits(name)) {
    status.unwanted.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  packet.topic = name;
  return true;
}

// -- keep alive
// -----------------------------------------------------------------------

bool link::should_ping(time_point now) noexcept {
  if (now < ping_at_)
    return false;
  ping_at_ = now + keep_alive_;
  batch_until_ = now;
  return true;
}

void link::pinged(size_t output, time_point now) noexcept {
  if (pinged_ != never)
    return;
  pinged_ = now;
  unsent_ = output;
}

void link::on_pingresp(time_point now) noexcept {
  if (pinged_ == never)
    return;
  auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(now - pinged_);
  setup_.status->round_trip.store(
      static_cast<uint64_t>(std::max<int64_t>(1, took.count())),
      std::memory_order_relaxed);
  pinged_ = never;
  unsent_ = 0;
}

bool link::is_dead(time_point now, time_point last_read) const noexcept {
  if (pinged_ == never || keep_alive_.count() == 0)
    return false;
  // While nothing is read, nothing can be heard, and to a ping that the rate
  // holds back there is no answer.
  auto heard = std::max({pinged_, last_read, in_pace_.free_at()});
  if (unsent_ != 0)
    heard = std::max(heard, out_pace_.free_at());
  return now - heard >= patience();
}

duration link::patience() const noexcept {
  return std::max<duration>(keep_alive_ / 2, least_patience);
}

// -- pace
// ---------------------------------------------------------------------------

size_t link::allowance(size_t output, time_point now) noexcept {
  if (output == 0)
    return 0;
  auto delay = plan().own.batch_delay;
  if (delay.count() != 0 && output < full_batch) {
    if (batch_until_ == never)
      batch_until_ = now + delay;
    if (now < batch_until_)
      return 0;
  }
  return out_pace_.is_free(now) ? out_pace_.portion() : 0;
}

/// What is left has waited long enough. An answer is due from when the ping
/// went, or got nearer to it: the socket may take no more.
void link::wrote(size_t bytes, size_t left, time_point now) noexcept {
  out_pace_.spend(bytes, now);
  if (auto of_ping = std::min(bytes, unsent_); of_ping != 0) {
    unsent_ -= of_ping;
    pinged_ = now;
  }
  if (left == 0)
    batch_until_ = never;
}

time_point link::deadline(time_point now) const noexcept {
  auto soonest = ping_at_;
  if (pinged_ != never) // and what has come since may put it off
    soonest = std::min(soonest, std::max(pinged_ + patience(), now + moment));
  for (auto when : {batch_until_, out_pace_.free_at(), in_pace_.free_at()})
    if (when > now)
      soonest = std::min(soonest, when);
  return soonest;
}

} // namespace troupe::actors
