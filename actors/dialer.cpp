#include "actors/dialer.hpp"

#include "actors/tell.hpp"
#include "core/work_pool.hpp"

#include <fmt/format.h>

#include <utility>

namespace troupe::actors {

namespace {

net::connect_options options_of(const config::bridge_settings& how) {
  net::connect_options options;
  options.keepalive_idle = how.tcp_keepalive_idle;
  options.keepalive_interval = how.tcp_keepalive_interval;
  options.keepalive_count = how.tcp_keepalive_count;
  options.user_timeout = how.tcp_user_timeout;
  return options;
}

/// Blocks.
dialed look_up(const config::bridge_address& where, const std::string& from,
               uint64_t number) {
  dialed found;
  found.number = number;
  auto resolved = net::resolve(where.host, where.port, from);
  if (resolved)
    found.candidates = std::move(*resolved);
  else
    found.error = resolved.error().text;
  return found;
}

} // namespace

void dialer::begin(const config::bridge_settings& how,
                   const config::bridge_address& where, uint64_t number,
                   const bridge_actor& owner) {
  cancel();
  number_ = number;
  next_ = 0;
  options_ = options_of(how);
  last_error_.clear();
  if (!where.path.empty()) {
    dialed found;
    found.number = number;
    if (auto place = net::unix_candidate(where.path))
      found.candidates.push_back(*place);
    else
      found.error = place.error().text;
    tell(owner, std::move(found));
    return;
  }
  auto work = [to = owner, where, from = how.bind_address, number] {
    tell(to, look_up(where, from, number));
  };
  if (!node_.resolvers->post(std::move(work))) {
    dialed busy;
    busy.number = number;
    busy.error = "too many names wait to be resolved";
    tell(owner, std::move(busy));
  }
}

void dialer::on(dialed& message) {
  if (message.number != number_)
    return; // of an attempt that was given up
  candidates_ = std::move(message.candidates);
  last_error_ = std::move(message.error);
  try_next();
}

void dialer::cancel() noexcept {
  if (connecting_.is_open()) {
    loop_.poller().forget(this);
    connecting_.close();
  }
  number_ = 0;
  candidates_.clear();
}

void dialer::try_next() {
  while (next_ < candidates_.size()) {
    const auto& place = candidates_[next_++];
    auto begun = net::begin_connect(place, options_);
    if (!begun) {
      last_error_ =
          fmt::format("{}: {}", net::to_string(place), begun.error().text);
      continue;
    }
    connecting_ = std::move(*begun);
    if (loop_.poller().change(connecting_.fd(), this, net::interest::none,
                              net::interest::write))
      return;
    connecting_.close();
    last_error_ = "the system cannot poll another socket";
  }
  fail(std::move(last_error_));
}

void dialer::on_ready(bool, bool) noexcept {
  try {
    auto wrong = net::finish_connect(connecting_);
    loop_.poller().change(connecting_.fd(), this, net::interest::write,
                          net::interest::none);
    if (wrong.empty()) {
      auto connection = std::move(connecting_);
      number_ = 0;
      candidates_.clear();
      owner_.on_dialed(*this, std::move(connection));
      return;
    }
    last_error_ =
        fmt::format("{}: {}", net::to_string(candidates_[next_ - 1]), wrong);
    connecting_.close();
    try_next();
  } catch (const std::exception& failed) {
    cancel();
    fail(failed.what());
  }
}

void dialer::fail(std::string why) {
  number_ = 0;
  candidates_.clear();
  owner_.on_dial_failed(*this, std::move(why));
}

} // namespace troupe::actors
