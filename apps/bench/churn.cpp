#include "apps/bench/churn.hpp"

#include "apps/bench/fleet.hpp"
#include "apps/bench/seconds.hpp"

namespace troupe::bench {

namespace {

constexpr size_t events_per_turn = 32;

} // namespace

churn::churn(const options& opts, const client_settings& settings)
    : opts_(opts), watch_(opts.pid) {
  client_owner& owner = *this;
  auto count = static_cast<uint32_t>(opts.concurrency);
  begun_.resize(count);
  is_accepted_.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    clients_.push_back(
        std::make_unique<client>(loop_, owner, settings, i, client_id(i)));
    idle_.push_back(i);
  }
}

report churn::run() {
  auto now = clock::now();
  from_ = now + seconds(opts_.warmup);
  until_ = from_ + seconds(opts_.duration);
  bool is_measuring = false;
  // The first failure ends the run: a broker that is away would be asked
  // again thousands of times per second.
  for (; now < until_ && failures_ == 0; now = clock::now()) {
    if (!is_measuring && now >= from_) {
      is_measuring = true;
      watch_.begin();
    }
    open_idle_ones();
    loop_.flush();
    loop_.poll(is_measuring ? until_ : from_, events_per_turn);
    loop_.flush();
    watch_.tick(now);
  }
  watch_.end();
  watch_.look();
  return make_report();
}

void churn::on_connected(client& who) {
  auto now = clock::now();
  is_accepted_[who.index()] = true;
  if (is_measured(now))
    connacks_.record((now - begun_[who.index()]).count());
  who.disconnect();
}

void churn::on_closed(client& who, const std::string& why) {
  idle_.push_back(who.index());
  if (!is_accepted_[who.index()]) {
    ++failures_;
    first_problem_ = why;
  } else if (is_measured(clock::now())) {
    ++cycles_;
  }
}

// Each time from another source address: one address would run out of ports,
// which the system keeps for a while after the connection.
void churn::open_idle_ones() {
  std::vector<uint32_t> waiting;
  waiting.swap(idle_);
  for (auto index : waiting) {
    is_accepted_[index] = false;
    begun_[index] = clock::now();
    clients_[index]->open(next_source_++);
  }
}

report churn::make_report() const {
  report made;
  auto elapsed = in_seconds(watch_.elapsed());
  made.add("connections_per_second", "connections per second",
           elapsed > 0 ? static_cast<double>(cycles_) / elapsed : 0.0, "/s");
  add_process(made, watch_, cycles_, "cpu_us_per_connection",
              "CPU per connection");
  add_percentiles(made, connacks_);
  made.add("connections", "connections", static_cast<double>(cycles_), "");
  made.add_check("failures", "failed connections", failures_);
  made.set_error(cycles_ == 0 && first_problem_.empty()
                     ? "no connection was completed"
                     : first_problem_);
  return made;
}

} // namespace troupe::bench
