#include "broker/session.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace troupe::broker {

namespace {

time_point after(time_point now, uint32_t seconds) noexcept {
  return now + std::chrono::seconds{seconds};
}

// `$share/<name>/<filter>`. An empty name makes it an ordinary filter, as in
// Mosquitto.
bool is_shared(std::string_view filter) noexcept {
  constexpr std::string_view prefix = "$share/";
  if (filter.substr(0, prefix.size()) != prefix)
    return false;
  auto slash = filter.find('/', prefix.size());
  return slash != std::string_view::npos && slash > prefix.size();
}

} // namespace

session::session(std::string client_id, session_key key,
                 const session_limits& limits)
    : client_id_(std::move(client_id)), key_(key), sender_(limits) {}

// -- life ---------------------------------------------------------------------

void session::restore(stored_session&& what, uint32_t expiry_interval,
                      time_point ends_at, const instant& now) {
  is_established_ = true;
  expiry_interval_ = expiry_interval;
  ends_at_ = ends_at;
  for (const auto& [filter, options, identifier, shared] : what.subscriptions) {
    subscriptions_.assign(filter, {options, identifier, shared});
    if (shared != 0)
      restore_shared(filter, shared);
  }
  if (shared_)
    for (uint16_t i = 0; i < shared_->filters.size(); ++i)
      if (shared_->filters[i].empty())
        shared_->free.push_back(static_cast<uint16_t>(i + 1));
  receiver incoming;
  for (auto id : what.incoming_ids)
    incoming.restore(id);
  return_receiver(std::move(incoming));
  if (!what.will)
    return;
  will_ = std::move(what.will->message);
  will_expiry_interval_ = what.will->expiry_interval;
  will_delay_ = what.will->delay;
  will_at_ = now.to_steady(what.will->due_at);
}

std::optional<stored_will> session::will(const instant& now) const {
  if (!will_)
    return std::nullopt;
  return stored_will{will_, will_expiry_interval_, will_delay_,
                     now.to_wall(will_at_), nullptr};
}

session::connected session::on_connected(const connect_parameters& parameters,
                                         time_point now) {
  assert(!is_connected_);
  connected result;
  auto resumes = is_established_ && !parameters.clean_start && !is_over(now);
  // A will that waits for its delay is not sent if the session goes on
  // [MQTT-3.1.3-9]; it is due if the delay has passed unnoticed.
  if (!resumes || (!is_taken_over_ && will_at_ <= now))
    result.will = on_end(now);
  if (!resumes)
    discard(result);
  result.resumed = resumes;
  result.session_present =
      resumes && parameters.client.version != protocol::version::v31;
  is_connected_ = is_established_ = true;
  is_taken_over_ = false;
  will_at_ = ends_at_ = never;
  expiry_interval_ = parameters.expiry_interval;
  will_ = parameters.will;
  will_expiry_interval_ = parameters.will_expiry_interval;
  auto delay = parameters.will_delay.count();
  will_delay_ = static_cast<uint32_t>(std::clamp<decltype(delay)>(
      delay, 0, std::numeric_limits<uint32_t>::max()));
  return result;
}

publication_ptr session::on_disconnected(end_of_connection how,
                                         time_point now) {
  if (!is_connected_)
    return nullptr;
  is_connected_ = false;
  is_taken_over_ = how == end_of_connection::taken_over;
  // Even what the session holds when it ends now is kept: for `take_orphans`.
  sender_.on_disconnected(true);
  ends_at_ = expiry_interval_ == session_never_expires
                 ? never
                 : after(now, expiry_interval_);
  if (how == end_of_connection::by_client)
    forget_will();
  if (!will_)
    return nullptr;
  // The will is due when its delay or the session ends [MQTT-3.1.3.2.2].
  will_at_ = std::min(after(now, will_delay_), ends_at_);
  auto is_undecided = is_taken_over_ && is_durable();
  return will_at_ <= now && !is_undecided ? release_will(now) : nullptr;
}

bool session::change_expiry(uint32_t seconds) {
  if (expiry_interval_ == 0 && seconds != 0)
    return false;
  expiry_interval_ = seconds;
  return true;
}

bool session::is_over(time_point now) const noexcept {
  return !is_connected_ && ends_at_ <= now;
}

time_point session::next_deadline() const noexcept {
  return is_connected_ ? never : std::min(will_at_, ends_at_);
}

publication_ptr session::on_timer(time_point now) {
  return will_at_ <= now ? release_will(now) : nullptr;
}

publication_ptr session::on_end(time_point now) {
  return is_connected_ ? nullptr : release_will(now);
}

std::vector<orphan> session::take_orphans() {
  std::vector<orphan> result;
  for (auto& what : sender_.take_shared()) {
    const auto& filter = shared_filter(what.shared);
    if (!filter.empty())
      result.push_back({filter, std::move(what)});
  }
  return result;
}

// The limits stay, and so do the counts of what was dropped.
void session::discard(connected& result) {
  result.orphans = take_orphans();
  result.removed_filters.reserve(subscriptions_.size());
  for (const auto& [filter, record] : subscriptions_)
    result.removed_filters.push_back(filter);
  sender_.on_disconnected(false);
  receiver_.reset();
  subscriptions_ = {};
  shared_.reset();
}

publication_ptr session::release_will(time_point now) {
  auto result = std::move(will_);
  if (result && will_expiry_interval_)
    result = with_expiry(*result, *will_expiry_interval_, now);
  forget_will();
  return result;
}

void session::forget_will() noexcept {
  will_.reset();
  will_expiry_interval_.reset();
  will_at_ = never;
}

// -- subscriptions ------------------------------------------------------------

bool session::subscribe(const std::string& filter,
                        const protocol::subscription_options& options,
                        uint32_t identifier) {
  subscription_record record{options, identifier, 0};
  if (const auto* old = find(filter))
    record.shared = old->shared;
  else if (is_shared(filter))
    record.shared = add_shared(filter);
  return subscriptions_.assign(filter, record);
}

bool session::unsubscribe(const std::string& filter) {
  const auto* found = find(filter);
  if (found == nullptr)
    return false;
  auto shared = found->shared;
  subscriptions_.erase(filter);
  if (shared != 0)
    remove_shared(shared);
  return true;
}

const std::string& session::shared_filter(uint16_t shared) const {
  static const std::string none;
  return shared_ && shared != 0 && shared <= shared_->filters.size()
             ? shared_->filters[shared - 1]
             : none;
}

void session::restore_shared(const std::string& filter, uint16_t shared) {
  if (!shared_)
    shared_ = std::make_unique<shared_table>();
  if (shared_->filters.size() < shared)
    shared_->filters.resize(shared);
  shared_->filters[shared - 1] = filter;
}

// 0 if all 65,535 numbers are taken: such a message dies with its session.
uint16_t session::add_shared(const std::string& filter) {
  if (!shared_)
    shared_ = std::make_unique<shared_table>();
  auto& [filters, free] = *shared_;
  if (!free.empty()) {
    auto shared = free.back();
    free.pop_back();
    filters[shared - 1] = filter;
    return shared;
  }
  if (filters.size() == std::numeric_limits<uint16_t>::max())
    return 0;
  filters.push_back(filter);
  return static_cast<uint16_t>(filters.size());
}

void session::remove_shared(uint16_t shared) {
  // Whoever gets the number next must not inherit the messages.
  sender_.forget_shared(shared);
  auto& [filters, free] = *shared_;
  filters[shared - 1].clear();
  free.push_back(shared);
  if (free.size() == filters.size())
    shared_.reset();
}

// -- messages -----------------------------------------------------------------

receiver session::take_receiver() {
  if (!receiver_)
    return {};
  auto result = std::move(*receiver_);
  receiver_.reset();
  return result;
}

void session::return_receiver(receiver value) {
  if (value.unacknowledged() != 0)
    receiver_ = std::make_unique<receiver>(std::move(value));
}

} // namespace troupe::broker
