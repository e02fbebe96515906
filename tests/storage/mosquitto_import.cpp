#include "storage/mosquitto_import.hpp"

#include "mosquitto_file.hpp"
#include "tests/support/memory_store.hpp"

#include <caf/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace troupe;
using namespace troupe::broker;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

using texts = std::vector<std::string>;

constexpr int64_t now_seconds = 1'700'000'000;
const instant now{time_point{} + 1h, now_seconds * 1000};

// The states of a message as Mosquitto numbers them.
constexpr unsigned wait_for_puback = 3;
constexpr unsigned wait_for_pubrec = 5;
constexpr unsigned wait_for_pubrel = 7;
constexpr unsigned wait_for_pubcomp = 9;
constexpr unsigned waiting = 11;

/// Counts, and finds sessions by client id.
class watched_store : public failing_store {
public:
  struct view {
    session_record record;
    std::map<std::string, stored_subscription> subscriptions;
    std::map<uint64_t, content::entry> queue;
    std::set<uint16_t> incoming;
  };

  void append(const publication& message, std::span<const queue_target> targets,
              const instant& time) override {
    ++appends;
    failing_store::append(message, targets, time);
  }
  store_status commit(bool synced) override {
    last_was_synced = synced;
    return failing_store::commit(synced);
  }

  /// What is committed for `client_id`.
  view of(std::string_view client_id) const {
    view found;
    for (const auto& [key, record] : committed().sessions)
      if (record.client_id == client_id)
        found.record = record;
    auto is_its_own = [&](const auto& each) {
      return each.first.first == found.record.key;
    };
    for (const auto& each : committed().subscriptions)
      if (is_its_own(each))
        found.subscriptions[each.first.second] = each.second;
    for (const auto& each : committed().queue)
      if (is_its_own(each))
        found.queue[each.first.second] = each.second;
    for (const auto& each : committed().incoming)
      if (is_its_own(each))
        found.incoming.insert(each.first.second);
    return found;
  }
  /// The payloads in its queue, oldest first.
  texts payloads_of(std::string_view client_id) const {
    texts out;
    for (const auto& [sequence, each] : of(client_id).queue)
      out.emplace_back(each.message ? each.message->payload() : "(released)");
    return out;
  }
  const content::entry* retained(const std::string& topic) const {
    auto found = committed().retained.find(topic);
    return found == committed().retained.end() ? nullptr : &found->second;
  }

  size_t appends = 0;
  bool last_was_synced = false;
};

struct fixture {
  watched_store store;
  import_options options{on_conflict::refuse, false, now_seconds - 100};

  import_summary run(const mosquitto_file& file) {
    return import_mosquitto(file.bytes(), store, options, now, nullptr);
  }
  import_summary good(const mosquitto_file& file) {
    auto done = run(file);
    CAF_CHECK_EQUAL(done.error, "");
    CAF_CHECK(store.last_was_synced);
    return done;
  }
};

uint64_t skipped(const import_summary& in, std::string_view why) {
  auto found = in.skipped.find(why);
  return found == in.skipped.end() ? 0 : found->second;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(import_tests, fixture)

CAF_TEST(sessions keep their expiry) {
  mosquitto_file file;
  file.client("forever").client("away", 60, now_seconds + 10);
  file.client("was there", 500).client("gone", 60, now_seconds - 1);
  file.client("was there too long ago", 99).client("clean", 0);
  auto done = good(file);
  CAF_CHECK_EQUAL(done.sessions, 3u);
  CAF_CHECK(store.of("forever").record.expiry_interval == 0xffff'ffffu);
  CAF_CHECK(store.of("forever").record.ends_at == 0);
  CAF_CHECK(store.of("away").record.expiry_interval == 60u);
  CAF_CHECK(store.of("away").record.ends_at == (now_seconds + 10) * 1000);
  // From when Mosquitto wrote the file.
  CAF_CHECK(store.of("was there").record.ends_at == (now_seconds + 400) * 1000);
  CAF_CHECK(!store.of("was there").record.is_connected);
  CAF_CHECK_EQUAL(skipped(done, "sessions that have expired"), 2u);
  CAF_CHECK_EQUAL(skipped(done, "sessions that ended with their connection"),
                  1u);
}

CAF_TEST(subscriptions keep their options) {
  mosquitto_file file;
  file.client("c").subscription("c", "a/+", 2, 0x0c, 300);
  file.subscription("c", "b", 0).subscription("c", "$share/g/s", 1);
  file.subscription("nobody", "x", 1);
  auto done = good(file);
  CAF_CHECK_EQUAL(done.subscriptions, 3u);
  auto found = store.of("c").subscriptions;
  CAF_REQUIRE(found.contains("a/+") && found.contains("$share/g/s"));
  CAF_CHECK(found.at("a/+").options.qos == protocol::qos::exactly_once);
  CAF_CHECK(found.at("a/+").options.no_local);
  CAF_CHECK(found.at("a/+").options.retain_as_published);
  CAF_CHECK_EQUAL(found.at("a/+").identifier, 300u);
  CAF_CHECK_EQUAL(found.at("a/+").shared, 0u);
  CAF_CHECK_EQUAL(found.at("$share/g/s").shared, 1u);
  CAF_CHECK_EQUAL(skipped(done, "subscriptions of sessions that were left out"),
                  1u);
}

CAF_TEST(a queue keeps its order and what was on its way its identifier) {
  mosquitto_file file;
  file.message(30, "t", "third").message(10, "t", "first", {2});
  file.message(20, "t", "second").message(40, "t", "gone");
  file.client("c");
  file.entry("c", 10, {7, 2, wait_for_pubrec});
  file.entry("c", 40, {8, 2, wait_for_pubcomp});
  file.entry("c", 20, {9, 1, wait_for_puback, true});
  file.entry("c", 30, {10, 1, waiting, false, false, "\x02\x0b\x05"});
  auto done = good(file);
  CAF_CHECK(store.payloads_of("c")
            == (texts{"first", "(released)", "second", "third"}));
  CAF_CHECK_EQUAL(done.queued, 3u);
  CAF_CHECK_EQUAL(done.in_flight, 2u);
  CAF_CHECK_EQUAL(done.released, 1u);
  auto queue = store.of("c").queue;
  CAF_CHECK_EQUAL(queue.at(1).options.packet_id, 7u);
  CAF_CHECK(queue.at(1).options.qos == protocol::qos::exactly_once);
  CAF_CHECK_EQUAL(queue.at(2).options.packet_id, 8u);
  CAF_CHECK_EQUAL(queue.at(3).options.packet_id, 9u);
  CAF_CHECK(queue.at(3).options.retain);
  CAF_CHECK_EQUAL(queue.at(4).options.packet_id, 0u);
  CAF_CHECK_EQUAL(queue.at(4).options.subscription_id, 5u);
}

CAF_TEST(a packet identifier is given to one message only) {
  mosquitto_file file;
  file.message(1, "t", "one").message(2, "t", "two").client("c");
  file.entry("c", 1, {7, 1, wait_for_puback});
  file.entry("c", 2, {7, 1, wait_for_puback});
  good(file);
  CAF_CHECK(store.of("c").queue.at(1).options.packet_id == 7u);
  CAF_CHECK(store.of("c").queue.at(2).options.packet_id == 0u);
}

CAF_TEST(a message for many is written once) {
  mosquitto_file file;
  file.message(1, "t", "for all");
  for (const auto* id : {"a", "b", "c"})
    file.client(id).entry(id, 1, {1, 1, waiting});
  auto done = good(file);
  CAF_CHECK_EQUAL(store.appends, 1u);
  CAF_CHECK_EQUAL(done.queued, 3u);
  CAF_CHECK(store.of("b").queue.at(1).message
            == store.of("c").queue.at(1).message);
}

CAF_TEST(a message keeps its properties and its expiry) {
  mosquitto_file file;
  file.message(1, "t", "p", {1, true, now_seconds + 30, "\x02\x01\x01"});
  file.message(2, "t", "late", {1, false, now_seconds});
  file.client("c").entry("c", 1, {}).entry("c", 2, {});
  auto done = good(file);
  CAF_CHECK_EQUAL(done.queued, 1u);
  CAF_CHECK_EQUAL(skipped(done, "messages that have expired"), 1u);
  auto queue = store.of("c").queue;
  const auto& message = *queue.at(1).message;
  CAF_CHECK_EQUAL(message.properties(), "\x01\x01"sv);
  CAF_CHECK(message.expires_at() == now.steady + 30s);
  CAF_CHECK(message.retain());
}

CAF_TEST(what a client has sent with QoS 2 is passed on and not taken twice) {
  mosquitto_file file;
  file.message(1, "t", "acknowledged", {2, true}).message(2, "t", "not yet");
  file.message(3, "t", "before");
  file.client("publisher");
  file.entry("publisher", 1, {5, 2, wait_for_pubrel, false, true});
  file.entry("publisher", 2, {6, 2, waiting, false, true});
  file.client("subscriber").entry("subscriber", 3, {1, 1, waiting});
  file.subscription("publisher", "#", 2, 0x04);
  file.subscription("subscriber", "t", 1, 0, 7);
  file.subscription("subscriber", "#", 0);
  auto done = good(file);
  CAF_CHECK_EQUAL(done.incoming, 1u);
  CAF_CHECK(store.of("publisher").incoming == std::set<uint16_t>{5});
  CAF_CHECK(store.of("publisher").queue.empty());
  CAF_CHECK(store.payloads_of("subscriber")
            == (texts{"before", "acknowledged"}));
  auto passed_on = store.of("subscriber").queue.at(2).options;
  CAF_CHECK(passed_on.qos == protocol::qos::at_least_once);
  CAF_CHECK_EQUAL(passed_on.subscription_id, 7u);
  CAF_CHECK(!passed_on.retain);
  CAF_REQUIRE(store.retained("t") != nullptr);
  CAF_CHECK_EQUAL(store.retained("t")->message->payload(), "acknowledged");
  CAF_CHECK_EQUAL(skipped(done, "messages that their publisher sends again"),
                  1u);
}

CAF_TEST(retained messages are kept but for those of the broker itself) {
  mosquitto_file file;
  file.message(1, "a", "kept", {1, true}).message(2, "$SYS/x", "not");
  file.message(3, "b", "late", {1, true, 5});
  file.retained(1).retained(2).retained(3).retained(99);
  auto done = good(file);
  CAF_CHECK_EQUAL(done.retained, 1u);
  CAF_CHECK_EQUAL(store.committed().retained.size(), 1u);
  CAF_REQUIRE(store.retained("a") != nullptr);
  CAF_CHECK(store.retained("a")->message->retain());
  const auto& by = store.retained("a")->by;
  CAF_REQUIRE(by);
  CAF_CHECK(*by == *broker::author::make("pub", "user", "1883"));
  CAF_CHECK_EQUAL(skipped(done, "retained messages of $SYS"), 1u);
  CAF_CHECK_EQUAL(
      skipped(done, "retained messages whose contents are not in the file"),
      1u);
}

CAF_TEST(messages that nobody waits for are counted) {
  mosquitto_file file;
  file.message(1, "t", "wanted").message(2, "t", "not").client("c");
  file.entry("c", 1, {}).entry("expired", 1, {});
  auto done = good(file);
  CAF_CHECK_EQUAL(done.queued, 1u);
  CAF_CHECK_EQUAL(skipped(done, "messages that nobody in the file waits for"),
                  1u);
  CAF_CHECK_EQUAL(skipped(done, "messages of sessions that were left out"), 1u);
}

CAF_TEST(QoS 0 is kept while it waits) {
  mosquitto_file file;
  file.message(1, "t", "waits", {0}).message(2, "t", "sent", {0}).client("c");
  file.entry("c", 2, {0, 0, 1}).entry("c", 1, {0, 0, waiting});
  auto done = good(file);
  CAF_CHECK(store.payloads_of("c") == texts{"waits"});
  CAF_CHECK_EQUAL(skipped(done, "messages of QoS 0 that were on their way"),
                  1u);
}

CAF_TEST(what is in the store already is not touched unless asked for) {
  store.put_session({5, "c", 1, 0, false});
  store.put_subscription(5, {"old", {}, 0, 0});
  CAF_REQUIRE(store.commit(true));
  mosquitto_file file;
  file.message(1, "t", "new", {1, true}).client("c").client("d");
  file.entry("c", 1, {}).entry("d", 1, {}).retained(1);
  file.subscription("c", "new", 1);
  auto refused = run(file);
  CAF_CHECK(refused.error.find("the session of c") != std::string::npos);
  CAF_CHECK_EQUAL(store.commits(), 1u);

  options.conflict = on_conflict::keep;
  auto kept = good(file);
  CAF_CHECK_EQUAL(kept.sessions, 1u);
  CAF_CHECK(store.of("c").subscriptions.contains("old"));
  CAF_CHECK(store.of("c").queue.empty());
  CAF_CHECK(store.payloads_of("d") == texts{"new"});
  // Nor does it get the key of a session that is gone.
  CAF_CHECK(store.of("d").record.key > uint64_t{now_seconds} * 1000);

  options.conflict = on_conflict::replace;
  auto replaced = good(file);
  CAF_CHECK_EQUAL(replaced.sessions, 2u);
  CAF_CHECK(!store.of("c").subscriptions.contains("old"));
  CAF_CHECK(store.payloads_of("c") == texts{"new"});
  CAF_CHECK_EQUAL(store.committed().sessions.size(), 2u);
}

CAF_TEST(a retained topic that is there already is a conflict too) {
  mosquitto_file file;
  file.message(1, "t", "new", {1, true}).retained(1);
  options.conflict = on_conflict::replace;
  good(file);
  options.conflict = on_conflict::refuse;
  CAF_CHECK(run(file).error.find("1 retained") != std::string::npos);
  options.conflict = on_conflict::keep;
  CAF_CHECK_EQUAL(good(file).retained, 0u);
}

CAF_TEST(a damaged file is imported only as salvage) {
  mosquitto_file file;
  auto place = file.str().size();
  file.add(77, {}).message(1, "t", "p").client("c").entry("c", 1, {});
  auto refused = run(file);
  CAF_CHECK_EQUAL(refused.error, "the file is damaged");
  CAF_CHECK_EQUAL(refused.damaged, 1u);
  CAF_REQUIRE_EQUAL(refused.damage.size(), 1u);
  CAF_CHECK_EQUAL(refused.damage[0], "byte " + std::to_string(place)
                                         + ": a record of an unknown kind");
  CAF_CHECK(store.committed().sessions.empty());
  options.salvage = true;
  CAF_CHECK_EQUAL(good(file).sessions, 1u);
  CAF_CHECK(store.payloads_of("c") == texts{"p"});
}

CAF_TEST(an interrupted import says so) {
  mosquitto_file file;
  file.message(1, "t", "p").client("c").entry("c", 1, {});
  for (int calls = 0; calls < 3; ++calls) {
    int left = calls;
    auto done = import_mosquitto(file.bytes(), store, options, now,
                                 [&](uint64_t at, uint64_t total) {
                                   CAF_CHECK(at <= total);
                                   return left-- > 0;
                                 });
    CAF_CHECK_EQUAL(done.is_interrupted, calls < 2);
    CAF_CHECK_EQUAL(done.error, calls < 2 ? "interrupted" : "");
  }
}

CAF_TEST(a store that cannot write is an error) {
  mosquitto_file file;
  file.message(1, "t", "p").client("c").entry("c", 1, {});
  store.fail(1);
  CAF_CHECK(run(file).error.starts_with("cannot write: "));
}

CAF_TEST_FIXTURE_SCOPE_END()
