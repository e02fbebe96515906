#include "apps/bench/hold.hpp"

#include "apps/bench/seconds.hpp"

#include <fmt/format.h>

#include <array>

namespace troupe::bench {

namespace {

constexpr size_t events_per_turn = 64;
/// Without an answer for so long the broker is not waited for any longer.
constexpr auto patience = std::chrono::seconds{20};

} // namespace

hold::hold(const options& opts, const client_settings& settings)
    : opts_(opts), clients_(loop_, *this,
                            {static_cast<uint32_t>(opts.concurrency),
                             static_cast<uint32_t>(opts.per_address)}),
      watch_(opts.pid) {
  clients_.add(static_cast<uint32_t>(opts.connections), settings);
}

report hold::run() {
  connect_all();
  subscribe_all();
  idle();
  return make_report();
}

void hold::on_connected(client&) {
  ++connected_;
  clients_.settled();
}

void hold::on_subscribed(client&, size_t refused) {
  ++subscribed_;
  refused_ += refused;
}

void hold::on_closed(client&, const std::string& why) {
  ++disconnects_;
  if (first_problem_.empty())
    first_problem_ = why;
  if (is_connecting_)
    clients_.settled();
}

void hold::connect_all() {
  auto start = clock::now();
  clients_.open_more();
  while (!clients_.all_settled()) {
    if (loop_.poll(clock::now() + patience, events_per_turn) == 0)
      break;
    clients_.open_more();
    loop_.flush();
    watch_.tick(clock::now());
  }
  is_connecting_ = false;
  connect_seconds_ = in_seconds(clock::now() - start);
  rss_connected_ = watch_.look();
}

// As many at a time as connect at a time.
void hold::subscribe_all() {
  auto start = clock::now();
  uint64_t asked = 0;
  for (auto& one : clients_) {
    if (!one->is_open())
      continue;
    std::array<std::string, 1> filter{
        fmt::format("bench/hold/{}", one->index())};
    one->subscribe(filter);
    ++asked;
    while (asked - subscribed_ >= static_cast<uint64_t>(opts_.concurrency)) {
      loop_.flush();
      if (loop_.poll(clock::now() + patience, events_per_turn) == 0)
        break;
    }
  }
  loop_.flush();
  while (subscribed_ < asked
         && loop_.poll(clock::now() + patience, events_per_turn) != 0)
    loop_.flush();
  subscribe_seconds_ = in_seconds(clock::now() - start);
  rss_subscribed_ = watch_.look();
}

void hold::idle() {
  auto until = clock::now() + seconds(opts_.duration);
  watch_.begin();
  while (clock::now() < until)
    loop_.poll(until, events_per_turn);
  watch_.end();
  watch_.look();
}

report hold::make_report() const {
  report made;
  auto count = static_cast<double>(connected_);
  made.add("connections", "connections", count, "");
  made.add("connects_per_second", "connects per second",
           count / connect_seconds_, "/s");
  made.add("subscribes_per_second", "subscribes per second",
           static_cast<double>(subscribed_) / subscribe_seconds_, "/s");
  add_process(made, watch_, 0, "", "");
  if (watch_.is_on() && connected_ != 0) {
    auto start = static_cast<double>(watch_.rss_at_start());
    made.add("bytes_per_connection", "RSS per connection",
             (static_cast<double>(rss_connected_) - start) * 1024 / count,
             "bytes");
    made.add("bytes_per_subscriber", "RSS with one filter",
             (static_cast<double>(rss_subscribed_) - start) * 1024 / count,
             "bytes");
  }
  made.add_check("not_connected", "not connected",
                 static_cast<uint64_t>(opts_.connections) - connected_);
  made.add_check("not_subscribed", "not subscribed", connected_ - subscribed_);
  made.add_check("refused", "refused subscriptions", refused_);
  made.add_check("stray", "stray", stray_);
  made.add_check("disconnects", "disconnects", disconnects_);
  made.set_error(first_problem_);
  return made;
}

} // namespace troupe::bench
