#include "actors/admission.hpp"

#include "net/address_list.hpp"

#include <algorithm>

namespace troupe::actors {

namespace {

/// Addresses remembered at a time, so that nobody can fill memory with them.
constexpr size_t most_addresses = 65'536;

/// Takes one of `limit` places; negative: there is no limit.
bool take_one(std::atomic<int64_t>& count, int64_t limit) noexcept {
  auto before = count.fetch_add(1, std::memory_order_relaxed);
  if (limit < 0 || before < limit)
    return true;
  count.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

/// What one customer has: an IPv4 address or an IPv6 /64.
net::ip_address network_of(net::ip_address address) noexcept {
  if (!net::is_ipv4(address))
    std::fill(address.begin() + 8, address.end(), uint8_t{0});
  return address;
}

} // namespace

admission::slot::~slot() {
  if (owner_ != nullptr)
    owner_->leave(*this);
}

void admission::leave(const slot& what) noexcept {
  connections_.fetch_sub(1, std::memory_order_relaxed);
  what.listener_->connections.fetch_sub(1, std::memory_order_relaxed);
  if (what.address_ == nullptr)
    return;
  std::lock_guard guard{mutex_};
  auto& known = *static_cast<visits*>(what.address_);
  if (--known.open[what.listener_.get()] == 0)
    known.open.erase(what.listener_.get());
  --known.slots;
}

std::optional<admission::slot> admission::take(const listener_policy& at) {
  if (!take_one(connections_, at.broker->global_max_connections))
    return std::nullopt;
  if (!take_one(at.state->connections, at.own.max_connections)) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return slot{*this, at.state};
}

std::string_view admission::count_arrival(const listener_policy& at,
                                          time_point now) {
  auto rate = at.broker->max_connect_rate;
  if (rate == 0)
    return {};
  std::lock_guard guard{mutex_};
  if (!arrivals_ || arrivals_per_second_ != rate) {
    arrivals_.emplace(rate, now);
    arrivals_per_second_ = rate;
  }
  return arrivals_->take(1, now) ? std::string_view{} : "max_connect_rate";
}

std::string_view admission::count_address(slot& of, const listener_policy& at,
                                          std::string_view peer,
                                          time_point now) {
  auto most = at.own.max_connections_per_address;
  auto rate = at.broker->max_connect_rate_per_address;
  auto address = net::address_of(peer);
  if ((most < 0 && rate == 0) || !address) // unix sockets have none
    return {};
  std::lock_guard guard{mutex_};
  auto& known = visits_of(network_of(*address), rate, now);
  if (!known.arrivals.take(1, now))
    return "max_connect_rate_per_address";
  auto& open = known.open[at.state.get()];
  if (most >= 0 && open >= most)
    return "max_connections_per_address";
  ++open;
  ++known.slots;
  of.address_ = &known;
  return {};
}

admission::visits& admission::visits_of(const net::ip_address& from,
                                        uint32_t rate, time_point now) {
  if (auto found = visits_.find(from); found != visits_.end())
    return found->second;
  if (visits_.size() >= most_addresses)
    forget_quiet(now);
  auto& made = visits_[from];
  made.arrivals = broker::rate_limit{rate, now};
  return made;
}

/// Whoever has no connection and came a while ago is as good as new.
void admission::forget_quiet(time_point now) {
  for (auto each = visits_.begin(); each != visits_.end();) {
    auto& known = each->second;
    each = known.slots == 0 && known.arrivals.is_full(now) ? visits_.erase(each)
                                                           : std::next(each);
  }
}

} // namespace troupe::actors
