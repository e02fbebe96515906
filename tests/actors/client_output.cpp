#include "actors/client_output.hpp"

#include "../broker/publications.hpp"
#include "../net/pairs.hpp"
#include "fixture.hpp"
#include "protocol/decoder.hpp"

#include <array>
#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using protocol::qos;
using protocol::version;
using kind = net::io_result::kind;

namespace {

constexpr output_limits limits{100'000, 200'000};
constexpr size_t one_message = 10'000;

struct counting_owner final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    ++completed;
    delete batch;
  }
  int completed = 0;
};

struct fixture : caf_fixture {
  fixture() : home(sys, 0) {
    CAF_REQUIRE_EQUAL(home.open(), "");
    auto [near, far] = net::make_pair(true);
    here = net::stream{std::move(near)};
    there = std::move(far);
    make(version::v311);
  }

  void make(version v, uint16_t aliases = 0, uint32_t max_packet_size = 0) {
    out = std::make_unique<client_output>(
        home, v, limits, client_limits{aliases, max_packet_size});
  }

  static broker::delivery_header header(qos level) {
    broker::delivery_header result;
    result.qos = level;
    result.packet_id = level == qos::at_most_once ? 0 : 1;
    return result;
  }
  bool publish(qos level = qos::at_most_once) {
    static const auto message =
        broker::make_publication(std::string(one_message, 'x'));
    return out->publish(*message, header(level));
  }
  /// Until the output is `size` bytes or more.
  void fill(size_t size) {
    while (out->size() < size)
      CAF_REQUIRE(publish());
  }
  void hold() {
    out->hold(
        broker::batch_ptr{new broker::publication_batch(&owner, 1, 0), false});
  }
  /// The client reads until the output is at most `size`.
  void drain(size_t size = 0) {
    std::array<uint8_t, 4096> room;
    while (out->size() > size) {
      while (there.read(room).what == kind::done) {
      }
      out->flush(here);
    }
  }
  uint64_t slow_drops() const {
    return home.stats()
        .dropped[static_cast<size_t>(broker::drop_reason::slow_reader)]
        .value();
  }
  /// What a client reads of the topics and aliases sent so far.
  std::string topics() {
    std::string result;
    auto bytes = out->control().bytes();
    while (!bytes.empty()) {
      auto frame = protocol::next_frame(bytes, 1 << 20);
      CAF_REQUIRE(frame && frame->has_value());
      auto packet = protocol::decode_publish(**frame, version::v5);
      CAF_REQUIRE(packet);
      result += std::string{packet->topic} + ":"
                + std::to_string(packet->topic_alias) + " ";
      bytes = bytes.subspan((*frame)->size);
    }
    return result;
  }

  time_point at = clock::now();
  counting_owner owner;
  loop home;
  net::stream here;
  net::socket there;
  std::unique_ptr<client_output> out;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(client_output_tests, fixture)

CAF_TEST(what is published is written and counted) {
  auto message = broker::make_publication("payload", "topic");
  CAF_CHECK(out->publish(*message, {}));
  auto size = out->size();
  CAF_CHECK(out->flush(here) == kind::done);
  CAF_CHECK(out->empty());
  std::array<uint8_t, 64> room;
  CAF_CHECK_EQUAL(there.read(room).bytes, size);
  CAF_CHECK_EQUAL(home.stats().bytes_sent.value(), size);
  CAF_CHECK_EQUAL(home.stats().publishes_sent.value(), 1u);
  CAF_CHECK_EQUAL(home.stats().publish_bytes_sent.value(), 7u);
}

CAF_TEST(a client that does not read blocks the output and loses nothing) {
  fill(limits.pause);
  auto size = out->size();
  CAF_CHECK(out->flush(here) == kind::would_block);
  CAF_CHECK(!out->empty());
  CAF_CHECK_EQUAL(out->size() + home.stats().bytes_sent.value(), size);
  CAF_CHECK(out->flush(here) == kind::would_block);
  drain();
  CAF_CHECK(out->empty());
  CAF_CHECK_EQUAL(home.stats().bytes_sent.value(), size);
}

CAF_TEST(a client that is gone breaks the output) {
  there.close();
  publish();
  CAF_CHECK(out->flush(here) == kind::broken);
}

CAF_TEST(below the pause mark nobody is held) {
  publish();
  hold();
  CAF_CHECK_EQUAL(owner.completed, 1);
  CAF_CHECK(out->hold_deadline() == never);
}

CAF_TEST(above the pause mark batches are held until the client has read) {
  fill(limits.pause + 1);
  hold();
  hold();
  CAF_CHECK_EQUAL(owner.completed, 0);
  CAF_CHECK(out->is_above_pause());
  drain(limits.pause * 3 / 4);
  CAF_CHECK_EQUAL(owner.completed, 0);
  drain(limits.pause / 2);
  CAF_CHECK(out->is_below_pause());
  CAF_CHECK_EQUAL(owner.completed, 2);
  CAF_CHECK(out->hold_deadline() == never);
}

CAF_TEST(patience begins with the first batch that is held) {
  home.run_one_turn(at);
  fill(limits.pause + 1);
  hold();
  home.run_one_turn(at + client_output::patience / 2);
  hold();
  CAF_CHECK(out->hold_deadline() == at + client_output::patience);
}

CAF_TEST(a slow client holds nobody when patience is over) {
  fill(limits.pause + 1);
  hold();
  out->on_patience_over();
  CAF_CHECK_EQUAL(owner.completed, 1);
  CAF_CHECK(out->hold_deadline() == never);
  hold();
  CAF_CHECK_EQUAL(owner.completed, 2);
}

CAF_TEST(a slow client loses QoS 0 above the limit and it is counted) {
  fill(limits.pause + 1);
  out->on_patience_over();
  fill(limits.limit + 1);
  auto size = out->size();
  CAF_CHECK(!publish());
  CAF_CHECK(!publish());
  CAF_CHECK_EQUAL(out->size(), size);
  CAF_CHECK_EQUAL(out->dropped(), 2u);
  CAF_CHECK_EQUAL(slow_drops(), 2u);
}

CAF_TEST(a slow client loses no QoS 1 and no QoS 2) {
  fill(limits.pause + 1);
  out->on_patience_over();
  fill(limits.limit + 1);
  auto size = out->size();
  CAF_CHECK(publish(qos::at_least_once));
  CAF_CHECK(publish(qos::exactly_once));
  CAF_CHECK(out->size() > size + 2 * one_message);
  CAF_CHECK_EQUAL(out->dropped(), 0u);
}

CAF_TEST(while publishers are held the limit is a multiple) {
  constexpr auto most = limits.limit * client_output::held_factor;
  while (publish()) {
  }
  CAF_CHECK(out->size() > most);
  CAF_CHECK(out->size() < most + 2 * one_message);
  CAF_CHECK_EQUAL(slow_drops(), 1u);
}

CAF_TEST(an enormous limit is not taken for a small one) {
  out = std::make_unique<client_output>(
      home, version::v311, output_limits{limits.pause, size_t{1} << 60},
      client_limits{});
  publish();
  CAF_CHECK(publish());
}

CAF_TEST(a slow client that catches up is treated like any other) {
  fill(limits.pause + 1);
  out->on_patience_over();
  drain(limits.pause / 2);
  fill(limits.limit + 1);
  CAF_CHECK(publish());
  hold();
  CAF_CHECK_EQUAL(owner.completed, 0);
}

CAF_TEST(discarding lets go of everything) {
  fill(limits.pause + 1);
  hold();
  out->discard();
  CAF_CHECK(out->empty());
  CAF_CHECK_EQUAL(owner.completed, 1);
  CAF_CHECK(out->hold_deadline() == never);
}

CAF_TEST(the buffer goes back to the loop when all is written) {
  out->control().append("x");
  out->flush(here);
  CAF_CHECK(home.take_buffer().capacity() != 0);
  CAF_CHECK(home.take_buffer().capacity() == 0);
}

CAF_TEST(aliases stand for topics that came before) {
  make(version::v5, 2);
  for (auto topic : {"a", "b", "a", "c", "b"})
    out->publish(*broker::make_publication("x", topic), {});
  CAF_CHECK_EQUAL(topics(), "a:1 b:2 :1 c:0 :2 ");
}

CAF_TEST(a message that is dropped defines no alias) {
  make(version::v5, 2);
  fill(limits.pause + 1); // its topic has the first alias
  out->on_patience_over();
  fill(limits.limit + 1);
  CAF_CHECK(!out->publish(*broker::make_publication("x", "new"), {}));
  out->control().clear();
  out->publish(*broker::make_publication("x", "new"), {});
  CAF_CHECK_EQUAL(topics(), "new:2 ");
}

// [MQTT-3.1.2-24]
CAF_TEST(an alias does not make a packet larger than the client takes) {
  auto message = broker::make_publication("payload", "topic");
  auto size = broker::delivery_size(*message, {}, version::v5);
  make(version::v5, 5, static_cast<uint32_t>(size));
  out->publish(*message, {});
  CAF_CHECK_EQUAL(out->size(), size);
  out->publish(*broker::make_publication("", "short"), {});
  out->publish(*message, {});
  CAF_CHECK_EQUAL(topics(), "topic:0 short:1 topic:0 ");
}

CAF_TEST_FIXTURE_SCOPE_END()
