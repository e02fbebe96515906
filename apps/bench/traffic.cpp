#include "apps/bench/traffic.hpp"

#include "apps/bench/seconds.hpp"

#include <algorithm>

namespace troupe::bench {

namespace {

/// In a closed loop few sockets are served before publishing goes on: else the
/// broker would idle while the generator reads. In an open loop waiting would
/// add to the latency of whoever is last.
constexpr size_t closed_loop_events = 8;
constexpr size_t open_loop_events = 256;
/// A closed loop in which nothing arrives for so long has lost messages.
constexpr auto stall_after = std::chrono::milliseconds{300};
constexpr auto setup_limit = std::chrono::seconds{60};

} // namespace

traffic::traffic(const options& opts, const client_settings& publishing,
                 const client_settings& subscribing)
    : opts_(opts), plan_(make_plan(opts)),
      clients_(loop_, *this,
               {static_cast<uint32_t>(opts.concurrency),
                static_cast<uint32_t>(opts.per_address)}),
      ledger_(plan_, opts.payload), watch_(opts.pid),
      far_watch_(opts.subscribe_pid), is_ready_(plan_.publishers) {
  for (uint32_t i = 0; i < plan_.publishers; ++i)
    publishers_.emplace_back(plan_, i, opts);
  clients_.add(plan_.subscribers(), subscribing);
  clients_.add(plan_.publishers, publishing);
}

report traffic::run() {
  if (!connect_all() || !subscribe_all()) {
    report failed;
    failed.set_error(first_problem_.empty() ? "the broker does not answer"
                                            : first_problem_);
    return failed;
  }
  publish_until_the_end();
  drain();
  watch_.look();
  auto made = make_report();
  disconnect_all();
  return made;
}

// -- what clients tell ------------------------------------------------------

void traffic::on_connected(client&) {
  clients_.settled();
}

void traffic::on_subscribed(client&, size_t refused) {
  ++subscribed_;
  if (refused == 0)
    return;
  refused_ += refused;
  if (first_problem_.empty())
    first_problem_ = "the broker refused a subscription";
}

void traffic::on_delivered(client& who, const protocol::publish& message,
                           time_point now) {
  last_progress_ = now;
  auto found =
      ledger_.delivered(who.index(), message.topic, message.payload, now);
  if (!found)
    return;
  auto from = plan_.streams[found->stream].publisher;
  publishers_[from].delivered(found->sequence);
  make_ready(from);
}

void traffic::on_acknowledged(client& who, protocol::reason code) {
  if (is_error(code))
    ++refused_;
  make_ready(who.index() - plan_.subscribers());
}

void traffic::on_drained(client& who) {
  if (who.index() >= plan_.subscribers())
    make_ready(who.index() - plan_.subscribers());
}

void traffic::on_closed(client&, const std::string& why) {
  ++disconnects_;
  if (first_problem_.empty())
    first_problem_ = why;
  if (!is_running_)
    clients_.settled();
}

// -- phases -----------------------------------------------------------------

bool traffic::connect_all() {
  auto limit = clock::now() + setup_limit;
  clients_.open_more();
  while (!clients_.all_settled() && disconnects_ == 0 && clock::now() < limit) {
    turn(limit);
    clients_.open_more();
  }
  is_running_ = true;
  rss_connected_ = watch_.look();
  return clients_.all_settled() && disconnects_ == 0;
}

bool traffic::subscribe_all() {
  auto start = clock::now();
  uint32_t expected = 0;
  for (uint32_t i = 0; i < plan_.subscribers(); ++i) {
    if (plan_.filters[i].empty())
      continue;
    clients_[i].subscribe(plan_.filters[i]);
    ++expected;
  }
  while (subscribed_ < expected && disconnects_ == 0
         && clock::now() < start + setup_limit)
    turn(start + setup_limit);
  subscribe_seconds_ = in_seconds(clock::now() - start);
  rss_subscribed_ = watch_.look();
  return subscribed_ == expected && refused_ == 0 && disconnects_ == 0;
}

void traffic::publish_until_the_end() {
  auto now = clock::now();
  auto from = now + seconds(opts_.warmup);
  auto until = from + seconds(opts_.duration);
  ledger_.measure(from, until);
  last_progress_ = now;
  if (is_paced())
    pace_.emplace(now, opts_.rate);
  else
    for (uint32_t i = 0; i < plan_.publishers; ++i)
      make_ready(i);
  bool is_measuring = false;
  for (; now < until; now = clock::now()) {
    if (!is_measuring && now >= from) {
      is_measuring = true;
      watch_.begin();
      far_watch_.begin();
    }
    owe_what_is_due(now, until);
    break_stall(now);
    publish_ready();
    loop_.flush();
    auto border = is_measuring ? until : from;
    loop_.poll(next_deadline(now, border),
               is_paced() ? open_loop_events : closed_loop_events);
    watch_.tick(now);
  }
  watch_.end();
  far_watch_.end();
}

// Nothing new is published, except what was due in an open loop and still
// waits: leaving it out would excuse the broker that kept it waiting.
void traffic::drain() {
  last_progress_ = clock::now();
  while (!is_complete()
         && clock::now() < last_progress_ + seconds(opts_.drain)) {
    if (is_paced())
      publish_ready();
    turn(last_progress_ + seconds(opts_.drain));
    watch_.tick(clock::now());
  }
}

void traffic::disconnect_all() {
  for (auto& one : clients_)
    if (one->is_open())
      one->disconnect();
  loop_.flush();
}

// -- one turn ---------------------------------------------------------------

void traffic::turn(time_point deadline) {
  loop_.flush();
  loop_.poll(deadline, open_loop_events);
}

time_point traffic::next_deadline(time_point now, time_point end) const {
  if (!ready_.empty())
    return now;
  if (pace_)
    return std::min(end, pace_->due(handed_out_));
  return opts_.window == 0 ? end : std::min(end, last_progress_ + stall_after);
}

void traffic::owe_what_is_due(time_point now, time_point end) {
  if (!pace_)
    return;
  for (auto due = pace_->due(handed_out_); due <= now && due < end;
       due = pace_->due(handed_out_)) {
    auto index = static_cast<uint32_t>(handed_out_ % plan_.publishers);
    ++handed_out_;
    publishers_[index].owe();
    make_ready(index);
  }
}

void traffic::break_stall(time_point now) {
  if (is_paced() || opts_.window == 0 || !ready_.empty()
      || now < last_progress_ + stall_after)
    return;
  ++stalls_;
  last_progress_ = now;
  for (uint32_t i = 0; i < plan_.publishers; ++i) {
    publishers_[i].forget_outstanding();
    make_ready(i);
  }
}

void traffic::make_ready(uint32_t index) {
  if (is_ready_[index] || !publishers_[index].may_start())
    return;
  is_ready_[index] = true;
  ready_.push_back(index);
}

void traffic::publish_ready() {
  working_.swap(ready_);
  for (auto index : working_) {
    is_ready_[index] = false;
    publish_from(index);
  }
  working_.clear();
}

void traffic::publish_from(uint32_t index) {
  auto& from = publishers_[index];
  auto& through = clients_[plan_.subscribers() + index];
  auto now = clock::now();
  while (from.may_go_on() && through.may_publish()) {
    auto due = due_of(index, now);
    auto stream = from.next_stream();
    through.publish(plan_.streams[stream].topic, ledger_.publish(stream, due));
  }
  // Only the output is full: it leaves at this turn's flush. In all other
  // cases a delivery, an acknowledgement or `on_drained` makes it ready.
  if (from.may_go_on() && through.is_open() && !through.is_stuck()
      && through.has_room_in_flight())
    make_ready(index);
}

time_point traffic::due_of(uint32_t index, time_point now) const {
  if (!pace_)
    return now;
  return pace_->due(publishers_[index].published() * plan_.publishers + index);
}

bool traffic::is_complete() {
  if (ledger_.received() < ledger_.expected())
    return false;
  for (uint32_t i = 0; i < plan_.publishers; ++i)
    if (publishers_[i].owed() != 0
        || clients_[plan_.subscribers() + i].unacknowledged() != 0)
      return false;
  return true;
}

// -- results ----------------------------------------------------------------

report traffic::make_report() {
  report made;
  uint64_t owed = 0;
  uint64_t unacknowledged = 0;
  uint64_t unexpected = 0;
  for (const auto& one : publishers_)
    owed += one.owed();
  for (const auto& one : clients_) {
    unacknowledged += one->unacknowledged();
    unexpected += one->unexpected();
  }
  auto elapsed = in_seconds(watch_.elapsed());
  made.add("messages_per_second", "deliveries per second",
           static_cast<double>(ledger_.measured()) / elapsed, "/s");
  add_process(made, watch_, ledger_.measured(), "cpu_us_per_message",
              "CPU per delivery");
  add_far_broker(made);
  add_percentiles(made, ledger_.latencies());
  add_subscribing(made);
  add_verdict(made, ledger_.judge());
  made.add("stalls", "stalls", static_cast<double>(stalls_), "");
  made.add_check("unpublished", "due and not published", owed);
  made.add_check("unacknowledged", "unacknowledged", unacknowledged);
  made.add_check("unexpected", "unexpected acks", unexpected);
  made.add_check("refused", "refused publishes", refused_);
  made.add_check("disconnects", "disconnects", disconnects_);
  made.set_error(ledger_.measured() == 0 && first_problem_.empty()
                     ? "nothing was delivered"
                     : first_problem_);
  return made;
}

void traffic::add_far_broker(report& to) const {
  if (!far_watch_.is_on() || ledger_.measured() == 0)
    return;
  auto both = static_cast<double>(watch_.cpu() + far_watch_.cpu());
  to.add("both_cpu_us_per_message", "CPU of both per delivery",
         both / 1000.0 / static_cast<double>(ledger_.measured()), "us");
  to.add("both_cpu", "CPU of both", both / 1e9 / in_seconds(watch_.elapsed()),
         "cores");
}

void traffic::add_subscribing(report& to) const {
  if (opts_.scenario != scenario::subscriptions)
    return;
  auto filters = static_cast<double>(plan_.streams.size());
  to.add("subscribes_per_second", "subscribed filters",
         filters / subscribe_seconds_, "/s");
  if (!watch_.is_on())
    return;
  auto grown = static_cast<double>(rss_subscribed_)
               - static_cast<double>(rss_connected_);
  to.add("bytes_per_filter", "RSS per filter", grown * 1024 / filters, "bytes");
}

} // namespace troupe::bench
