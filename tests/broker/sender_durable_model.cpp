// A durable sender, a disk that takes its time, a network that loses what is
// on its way and a client that acknowledges everything, in random order.
// Compared with a plain queue: every message that was written arrives, in
// order, and with QoS 2 exactly once.
#include "broker/sender.hpp"
#include "disk_double.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <random>
#include <set>

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;

namespace {

// Unlike CAF_REQUIRE it prints nothing when all is well: it is called often.
void require(bool is_true, const std::string& otherwise) {
  if (!is_true)
    CAF_FAIL(otherwise);
}

/// What the sender asks for goes to a thread of the store, in order.
class slow_journal final : public sender_journal {
public:
  struct change {
    uint64_t sequence = 0;
    uint16_t released_id = 0;
  };

  stored_ref remember(uint32_t item, const publication& message,
                      const entry_options& how, bool notify) override {
    if (!part)
      part = journal_part::make(queue, 8);
    auto index =
        part->add(item, how, static_cast<uint32_t>(message.payload().size()));
    if (notify)
      part->ask_for_notice();
    return {part, index};
  }
  void erase(uint64_t sequence, size_t) override {
    changes.push_back({sequence, 0});
  }
  void release(uint64_t sequence, uint16_t packet_id, size_t) override {
    changes.push_back({sequence, packet_id});
    released.push_back(packet_id);
  }
  void read(uint64_t from) override { on_read(from); }
  void drop_oldest(uint64_t, size_t) override { CAF_FAIL("no limit is set"); }
  void drop_expired() override { CAF_FAIL("nothing expires"); }

  disk_queue_ptr queue{new disk_queue(7, 1), false};
  journal_part_ptr part;
  std::vector<change> changes;
  std::vector<uint16_t> released;
  std::function<void(uint64_t)> on_read;
};

/// The client: acknowledges what it gets, and knows what it got.
struct client {
  /// Serial numbers in the order they came first.
  std::vector<int> got;
  std::set<int> seen;
  /// QoS 2 identifiers under way.
  std::map<uint16_t, int> under_way;
  std::deque<protocol::acknowledgement> answers;

  void take(const queued_delivery& packet) {
    if (packet.pubrel) {
      under_way.erase(packet.packet_id);
      answer(packet_type::pubcomp, packet.packet_id);
      return;
    }
    auto serial = std::stoi(std::string{packet.message->payload()});
    if (packet.qos == qos::exactly_once)
      take_once(packet, serial);
    else if (seen.insert(serial).second)
      got.push_back(serial);
    else
      require(packet.dup, "sent again without DUP");
    answer(packet.qos == qos::exactly_once ? packet_type::pubrec
                                           : packet_type::puback,
           packet.packet_id);
  }

  void take_once(const queued_delivery& packet, int serial) {
    auto [at, is_new] = under_way.emplace(packet.packet_id, serial);
    require(at->second == serial, "identifier of a message under way");
    require(is_new || packet.dup, "sent again without DUP");
    if (!is_new)
      return;
    require(seen.insert(serial).second, "QoS 2 came twice");
    got.push_back(serial);
  }

  void answer(packet_type type, uint16_t id) {
    protocol::acknowledgement packet;
    packet.type = type;
    packet.packet_id = id;
    answers.push_back(packet);
  }
};

class world {
public:
  explicit world(uint32_t seed) : random_(seed) {
    limits_.max_inflight_messages = static_cast<uint16_t>(1 + pick(8));
    limits_.max_queued_messages = 0;
    fails_ = pick(3) == 0;
    start({});
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i)
      step();
    finish();
  }

private:
  uint32_t pick(uint32_t below) {
    return std::uniform_int_distribution<uint32_t>{0, below - 1}(random_);
  }

  void start(const disk_backlog& backlog) {
    journal_.on_read = [this](uint64_t from) {
      requests_.push_back([this, from] {
        auto count = 1 + pick(5);
        answer([this, found = slice(from, count)]() mutable {
          out_->on_slice(std::move(found), now_, next_);
        });
      });
    };
    out_ = std::make_unique<sender>(limits_);
    out_->attach(journal_, backlog);
  }

  void step() {
    auto what = pick(100);
    if (what < 10)
      publish();
    else if (what < 35)
      store();
    else if (what < 55)
      hear();
    else if (what < 78)
      transmit();
    else if (what < 95)
      acknowledge();
    else if (what < 98)
      reconnect();
    else if (is_online_)
      writable();
    else if (pick(2) == 0)
      park();
    else
      crash();
    pass_on();
  }

  // -- the sender -------------------------------------------------------------

  void publish() {
    auto batch = std::make_shared<publication_batch>(nullptr, 1, 0);
    std::vector<delivery> deliveries;
    for (auto n = 1 + pick(4); n > 0; --n) {
      delivery what;
      what.item = static_cast<uint32_t>(batch->items.size());
      what.qos = pick(2) == 0 ? qos::at_least_once : qos::exactly_once;
      deliveries.push_back(what);
      batch->add(make_publication(std::to_string(++serial_)));
    }
    auto first = serial_ - static_cast<int>(batch->items.size()) + 1;
    out_->accept(*batch, deliveries, now_);
    for (const auto& what : deliveries) {
      require(is_online_, "sent to a client that is away");
      send({batch->items[what.item].message, 0, 0, what.packet_id, what.qos,
            false});
    }
    auto part = std::exchange(journal_.part, {});
    require(part && part->size() == batch->items.size(), "not remembered");
    auto fails = fails_ && pick(8) == 0;
    requests_.push_back([this, batch, part, first, fails] {
      write(*batch, part, first, fails);
    });
  }

  // What was asked for is sent, and what changed goes to the store.
  void pass_on() {
    for (auto& packet : std::exchange(next_, {})) {
      require(is_online_, "sent to a client that is away");
      send(std::move(packet));
    }
    std::vector<uint16_t> launched;
    auto has_window = out_->take_window_change(launched);
    // Nothing up to there is needed any more, whether it was erased or not.
    auto done = out_->done_until();
    auto changes = std::exchange(journal_.changes, {});
    std::erase_if(changes, [done](const slow_journal::change& each) {
      return each.sequence <= done;
    });
    auto released = std::exchange(journal_.released, {});
    if (!has_window && changes.empty() && done == done_)
      return;
    done_ = done;
    auto window = has_window ? out_->window() : std::vector<launch_run>{};
    requests_.push_back([=, this] {
      if (has_window)
        window_ = window;
      for (const auto& each : changes)
        change(each);
      disk_.erase(disk_.begin(), disk_.upper_bound(done));
      mark_ = std::max(mark_, done);
      if (!launched.empty() || !released.empty())
        answer([=, this] {
          out_->on_window_stored(launched, next_);
          out_->on_released(released, next_);
        });
    });
  }

  // -- the store --------------------------------------------------------------

  void store() {
    if (requests_.empty())
      return;
    auto request = std::move(requests_.front());
    requests_.pop_front();
    request();
  }

  void write(const publication_batch& batch, const journal_part_ptr& part,
             int first, bool fails) {
    for (uint32_t i = 0; i < part->size(); ++i) {
      auto& each = (*part)[i];
      auto sequence = journal_.queue->take_sequence();
      if (!part->seal(i, sequence) || fails)
        continue;
      disk_[sequence] = {sequence, batch.items[each.item].message,
                         each.options};
    }
    for (size_t i = 0; !fails && i < batch.items.size(); ++i)
      written_.push_back(first + static_cast<int>(i));
    if (!part->settle(fails))
      return;
    // By way of the appender: what follows directly may overtake it.
    notices_.push_back({answered_ + answers_.size(), [this, part] {
                          out_->on_settled(*part, now_, next_);
                        }});
  }

  void change(const slow_journal::change& what) {
    auto found = disk_.find(what.sequence);
    if (found == disk_.end())
      return;
    if (what.released_id == 0) {
      disk_.erase(found);
      return;
    }
    found->second.message.reset();
    found->second.options.packet_id = what.released_id;
  }

  queue_slice slice(uint64_t from, size_t count) const {
    queue_slice result;
    result.next = from;
    auto each = disk_.lower_bound(from);
    for (; each != disk_.end() && result.entries.size() < count; ++each) {
      result.entries.push_back(each->second);
      result.next = each->first + 1;
    }
    result.at_end = each == disk_.end();
    return result;
  }

  template <class Function>
  void answer(Function&& what) {
    auto shared = std::make_shared<Function>(std::forward<Function>(what));
    answers_.push_back([shared] { (*shared)(); });
  }

  // The sender hears of something: never of a notice before what the store
  // said earlier.
  void hear() {
    auto notice = !notices_.empty() && notices_.front().after <= answered_
                  && (answers_.empty() || pick(2) == 0);
    if (notice) {
      auto what = std::move(notices_.front().what);
      notices_.pop_front();
      what();
    } else if (!answers_.empty()) {
      auto what = std::move(answers_.front());
      answers_.pop_front();
      ++answered_;
      what();
    }
  }

  void settle() {
    pass_on();
    while (!requests_.empty() || !answers_.empty() || !notices_.empty()) {
      while (!requests_.empty())
        store();
      hear();
      pass_on();
    }
  }

  // -- network and client -----------------------------------------------------

  void send(queued_delivery packet) { wire_.push_back(std::move(packet)); }

  void transmit() {
    if (wire_.empty())
      return;
    client_.take(wire_.front());
    wire_.pop_front();
  }

  void acknowledge() {
    if (!is_online_ || client_.answers.empty())
      return;
    auto packet = client_.answers.front();
    client_.answers.pop_front();
    out_->on_acknowledgement(packet, now_, next_);
  }

  void writable() { out_->set_writable(pick(3) != 0, now_, next_); }

  void reconnect() {
    if (is_online_) {
      out_->on_disconnected(true);
      is_online_ = false;
      wire_.clear();
      client_.answers.clear();
      return;
    }
    sender_parameters parameters;
    parameters.receive_maximum = static_cast<uint16_t>(1 + pick(10));
    is_online_ = true;
    out_->on_connected(parameters, now_, next_);
  }

  // As a session actor does: what is on its way is settled first.
  void park() {
    out_->ask_for_notices();
    settle();
    require(out_->ask_for_notices() == 0, "something is not settled");
    auto backlog = out_->park();
    settle();
    require(backlog.unsettled == 0, "something waits for the disk");
    restore(backlog);
  }

  // What was on its way to the disk never was.
  void crash() {
    requests_.clear();
    answers_.clear();
    notices_.clear();
    next_.clear();
    journal_.part.reset();
    journal_.changes.clear();
    journal_.released.clear();
    disk_backlog backlog;
    auto last = mark_;
    for (const auto& [sequence, what] : disk_) {
      last = std::max(last, sequence);
      backlog.messages += what.message ? 1 : 0;
      backlog.bytes += what.message ? what.message->payload().size() : 0;
    }
    for (const auto& run : window_)
      last = std::max(last, run.first_sequence + run.count - 1);
    journal_.queue = disk_queue_ptr{new disk_queue(7, last + 1), false};
    restore(backlog);
  }

  void restore(const disk_backlog& backlog) {
    start(backlog);
    out_->restore_window(window_);
    out_->on_slice(slice(1, 1 + pick(5)), now_, next_);
    pass_on();
  }

  // -- the end ----------------------------------------------------------------

  void finish() {
    if (is_online_)
      reconnect();
    reconnect();
    for (int idle = 0; idle < 3; ++idle) {
      settle();
      if (!wire_.empty() || !client_.answers.empty())
        idle = 0;
      while (!wire_.empty())
        transmit();
      while (!client_.answers.empty())
        acknowledge();
      out_->set_writable(true, now_, next_);
    }
    judge();
  }

  void judge() {
    require(std::is_sorted(client_.got.begin(), client_.got.end()),
            "out of order");
    for (auto serial : written_)
      require(client_.seen.contains(serial), "lost: " + std::to_string(serial));
    require(disk_.empty(), "left on disk: " + std::to_string(disk_.size()));
    require(out_->in_flight() == 0, "left in flight");
    require(out_->queued() == 0, "left in the queue");
    require(out_->queued_bytes() == 0, "bytes left in the queue");
  }

  struct notice {
    size_t after = 0;
    std::function<void()> what;
  };

  std::mt19937 random_;
  session_limits limits_;
  bool fails_ = false;
  time_point now_ = test_start;
  slow_journal journal_;
  std::unique_ptr<sender> out_;
  std::vector<queued_delivery> next_;
  bool is_online_ = false;
  int serial_ = 0;

  std::deque<std::function<void()>> requests_;
  std::deque<std::function<void()>> answers_;
  std::deque<notice> notices_;
  size_t answered_ = 0;
  std::map<uint64_t, stored_entry> disk_;
  uint64_t done_ = 0;
  uint64_t mark_ = 0; // on disk
  std::vector<launch_run> window_;
  std::vector<int> written_;

  std::deque<queued_delivery> wire_;
  client client_;
};

} // namespace

CAF_TEST(whatever was written arrives once and in order) {
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    CAF_MESSAGE("seed " << seed);
    world{seed}.run(600);
  }
}
