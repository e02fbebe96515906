// Random histories of a sender against a naive one that is written to be
// obviously right, not fast.
#include "broker/sender.hpp"
#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;

namespace {

struct message {
  int serial = 0;
  qos level = qos::at_most_once;
  time_point expires = never;
  size_t size = 0;
  bool is_released = false;
  bool is_sent = false;
};

// "12" is PUBLISH of message 12, "12!" the same with DUP, "R12" its PUBREL.
using trace = std::vector<std::string>;

class naive_sender {
public:
  explicit naive_sender(const session_limits& limits) : limits_(limits) {}

  trace connect(uint32_t receive_maximum, time_point now) {
    online_ = writable_ = true;
    window_ = limits_.max_inflight_messages == 0
                  ? receive_maximum
                  : std::min<uint32_t>(limits_.max_inflight_messages,
                                       receive_maximum);
    trace out;
    for (auto& each : in_flight_)
      each.is_sent = false;
    for (auto& each : in_flight_)
      if (each.is_released || outstanding() < window_) {
        out.push_back(again(each));
        each.is_sent = true;
      }
    for (auto each = queue_.begin(); each != queue_.end();) {
      if (each->level != qos::at_most_once) {
        ++each;
        continue;
      }
      if (!is_expired(*each, now))
        out.push_back(std::to_string(each->serial));
      each = queue_.erase(each);
    }
    send(now, out);
    return out;
  }

  void disconnect() { online_ = writable_ = false; }

  trace publish(const message& what, time_point now) {
    trace out;
    if (is_expired(what, now))
      return out;
    if (what.level == qos::at_most_once && online_)
      return {std::to_string(what.serial)};
    if (what.level == qos::at_most_once && !limits_.queue_qos0_messages) {
      ++offline;
      return out;
    }
    if (queue_.empty() && can_send(what)) {
      in_flight_.push_back(what);
      in_flight_.back().is_sent = true;
      return {std::to_string(what.serial)};
    }
    if (is_full(what))
      for (auto each = queue_.begin(); each != queue_.end();)
        each = is_expired(*each, now) ? queue_.erase(each) : each + 1;
    if (is_full(what))
      ++full;
    else
      queue_.push_back(what);
    return out;
  }

  trace puback(int serial, time_point now) {
    trace out;
    in_flight_.erase(place(serial));
    send(now, out);
    return out;
  }

  trace pubrec(int serial, bool is_error, time_point now) {
    trace out;
    auto& what = *place(serial);
    if (is_error && !what.is_released) {
      in_flight_.erase(place(serial));
    } else if (!is_error) {
      what.is_released = what.is_sent = true;
      out.push_back("R" + std::to_string(serial));
    }
    send(now, out);
    return out;
  }

  trace set_writable(bool value, time_point now) {
    trace out;
    writable_ = online_ && value;
    send(now, out);
    return out;
  }

  const std::deque<message>& in_flight() const { return in_flight_; }
  size_t window() const { return window_; }
  uint64_t expired = 0;
  uint64_t full = 0;
  uint64_t offline = 0;

private:
  bool is_expired(const message& what, time_point now) {
    auto result = what.expires <= now;
    expired += result ? 1 : 0;
    return result;
  }
  bool is_full(const message& what) const {
    size_t bytes = what.size;
    for (const auto& each : queue_)
      bytes += each.size;
    return (limits_.max_queued_messages != 0
            && queue_.size() >= limits_.max_queued_messages)
           || (limits_.max_queued_bytes != 0
               && bytes > limits_.max_queued_bytes);
  }
  size_t outstanding() const {
    return static_cast<size_t>(
        std::count_if(in_flight_.begin(), in_flight_.end(),
                      [](const message& each) { return each.is_sent; }));
  }
  bool can_send(const message& what) const {
    size_t bytes = what.size;
    for (const auto& each : in_flight_)
      bytes += each.is_released ? 0 : each.size;
    return writable_ && outstanding() == in_flight_.size()
           && outstanding() < window_
           && (limits_.max_inflight_bytes == 0 || in_flight_.empty()
               || bytes <= limits_.max_inflight_bytes);
  }
  static std::string again(const message& what) {
    auto serial = std::to_string(what.serial);
    return what.is_released ? "R" + serial : serial + "!";
  }
  void send(time_point now, trace& out) {
    if (!writable_)
      return;
    for (auto& each : in_flight_)
      if (!each.is_sent && outstanding() < window_) {
        out.push_back(again(each));
        each.is_sent = true;
      }
    while (!queue_.empty() && outstanding() == in_flight_.size()) {
      auto what = queue_.front();
      if (is_expired(what, now)) {
        queue_.pop_front();
        continue;
      }
      if (!can_send(what))
        return;
      queue_.pop_front();
      what.is_sent = true;
      in_flight_.push_back(what);
      out.push_back(std::to_string(what.serial));
    }
  }
  std::deque<message>::iterator place(int serial) {
    return std::find_if(
        in_flight_.begin(), in_flight_.end(),
        [serial](const message& each) { return each.serial == serial; });
  }

  const session_limits& limits_;
  std::deque<message> in_flight_;
  std::deque<message> queue_;
  size_t window_ = 0;
  bool online_ = false;
  bool writable_ = false;
};

int serial_in(const publication& message) {
  return std::stoi(std::string{message.payload()});
}

// Unlike CAF_REQUIRE it prints nothing when all is well: it is called often.
void require(bool is_true, const char* otherwise) {
  if (!is_true)
    CAF_FAIL(otherwise);
}

// Drives both, learns identifiers from what is sent and compares every packet.
class contest {
public:
  explicit contest(uint32_t seed) : random_(seed), limits_(pick_limits()) {}

  void run(int steps) {
    connect();
    for (int i = 0; i < steps; ++i)
      step();
    drain();
  }

private:
  uint32_t pick(uint32_t below) {
    return std::uniform_int_distribution<uint32_t>{0, below - 1}(random_);
  }

  session_limits pick_limits() {
    session_limits result;
    result.max_inflight_messages = static_cast<uint16_t>(pick(3) * 7);
    result.max_inflight_bytes = pick(3) == 0 ? 40 : 0;
    result.max_queued_messages = pick(2) * 15;
    result.max_queued_bytes = pick(3) == 0 ? 60 : 0;
    result.queue_qos0_messages = pick(2) == 0;
    return result;
  }

  void step() {
    auto what = pick(100);
    now_ += std::chrono::milliseconds{pick(200)};
    if (what < 55)
      publish();
    else if (what < 90)
      acknowledge();
    else if (what < 94)
      set_writable(pick(3) != 0);
    else
      reconnect();
    // [MQTT-3.3.4-7]
    size_t sent = 0;
    for (const auto& each : naive_.in_flight())
      sent += each.is_sent && !each.is_released ? 1 : 0;
    require(!is_online_ || sent <= naive_.window(), "over the window");
    require(real_.in_flight() == naive_.in_flight().size(), "in flight");
  }

  void reconnect() {
    if (!is_online_)
      return connect();
    real_.on_disconnected(true);
    naive_.disconnect();
    is_online_ = false;
  }

  void connect() {
    sender_parameters client;
    client.receive_maximum = static_cast<uint16_t>(1 + pick(30));
    std::vector<queued_delivery> out;
    real_.on_connected(client, now_, out);
    is_online_ = true;
    compare(out, naive_.connect(client.receive_maximum, now_));
  }

  void publish() {
    std::vector<delivery> deliveries;
    publication_batch batch{nullptr, 1, 0};
    trace expected;
    for (auto n = 1 + pick(4); n > 0; --n) {
      auto serial = next_serial_++;
      // The serial number and something to give it a size.
      auto text = std::to_string(serial) + std::string(pick(12), '.');
      std::optional<uint32_t> expiry;
      if (pick(3) == 0)
        expiry = pick(5);
      batch.add(make_publication(text, "t", expiry, now_));
      delivery what;
      what.item = static_cast<uint32_t>(batch.items.size() - 1);
      what.qos = static_cast<qos>(pick(3));
      deliveries.push_back(what);
      message copy{serial, what.qos, batch.items.back().message->expires_at(),
                   text.size()};
      for (auto& word : naive_.publish(copy, now_))
        expected.push_back(word);
    }
    real_.accept(batch, deliveries, now_);
    trace seen;
    for (const auto& what : deliveries) {
      auto serial = serial_in(*batch.items[what.item].message);
      learn(what.packet_id, serial, false);
      seen.push_back(std::to_string(serial));
    }
    require(seen == expected, "other packets than expected");
  }

  void acknowledge() {
    if (!is_online_ || naive_.in_flight().empty())
      return;
    auto size = static_cast<uint32_t>(naive_.in_flight().size());
    acknowledge(naive_.in_flight()[pick(2) == 0 ? 0 : pick(size)],
                pick(10) == 0);
  }

  void acknowledge(message what, bool is_error) {
    protocol::acknowledgement packet;
    packet.packet_id = id_of_.at(what.serial);
    if (is_error)
      packet.reason = reason::quota_exceeded;
    trace expected;
    if (what.level == qos::at_least_once) {
      forget(what.serial);
      expected = naive_.puback(what.serial, now_);
    } else if (what.is_released && pick(2) == 0) {
      packet.type = packet_type::pubcomp;
      forget(what.serial);
      expected = naive_.puback(what.serial, now_);
    } else {
      packet.type = packet_type::pubrec;
      if (is_error && !what.is_released)
        forget(what.serial);
      expected = naive_.pubrec(what.serial, is_error, now_);
    }
    std::vector<queued_delivery> out;
    real_.on_acknowledgement(packet, now_, out);
    compare(out, expected);
  }

  void set_writable(bool value) {
    std::vector<queued_delivery> out;
    real_.set_writable(value, now_, out);
    compare(out, naive_.set_writable(value, now_));
  }

  void compare(const std::vector<queued_delivery>& packets,
               const trace& expected) {
    trace seen;
    for (const auto& packet : packets) {
      if (packet.pubrel) {
        seen.push_back("R" + std::to_string(serial_of_.at(packet.packet_id)));
        continue;
      }
      auto serial = serial_in(*packet.message);
      learn(packet.packet_id, serial, packet.dup);
      seen.push_back(std::to_string(serial) + (packet.dup ? "!" : ""));
    }
    require(seen == expected, "other packets than expected");
  }

  // An identifier in use is never given to another message, and a message sent
  // again keeps its own.
  void learn(uint16_t id, int serial, bool is_dup) {
    if (id == 0)
      return;
    auto known = serial_of_.find(id);
    require((known != serial_of_.end()) == is_dup, "identifier in use");
    require(!is_dup || known->second == serial, "identifier of another");
    serial_of_[id] = serial;
    id_of_[serial] = id;
  }

  void forget(int serial) {
    serial_of_.erase(id_of_.at(serial));
    id_of_.erase(serial);
  }

  // Everything that is left is delivered, and all the rest is accounted for.
  void drain() {
    if (!is_online_)
      connect();
    set_writable(true);
    while (!naive_.in_flight().empty())
      acknowledge(naive_.in_flight().front(), false);
    CAF_REQUIRE_EQUAL(real_.queued(), 0u);
    CAF_REQUIRE_EQUAL(real_.queued_bytes(), 0u);
    CAF_REQUIRE_EQUAL(real_.in_flight(), 0u);
    auto drops = [this](drop_reason why) {
      return real_.dropped()[static_cast<size_t>(why)];
    };
    CAF_REQUIRE_EQUAL(drops(drop_reason::expired), naive_.expired);
    CAF_REQUIRE_EQUAL(drops(drop_reason::queue_full), naive_.full);
    CAF_REQUIRE_EQUAL(drops(drop_reason::client_offline), naive_.offline);
  }

  std::mt19937 random_;
  session_limits limits_;
  sender real_{limits_};
  naive_sender naive_{limits_};
  time_point now_ = test_start;
  int next_serial_ = 1;
  bool is_online_ = false;
  std::map<uint16_t, int> serial_of_;
  std::map<int, uint16_t> id_of_;
};

} // namespace

CAF_TEST(a sender does packet for packet what a naive one does) {
  for (uint32_t seed = 1; seed <= 300; ++seed)
    contest{seed}.run(1000);
}
