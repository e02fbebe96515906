#pragma once

#include "../broker/publications.hpp"
#include "../support/memory_store.hpp"
#include "actors/store.hpp"
#include "fixture.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

// A store actor over a database in memory.
namespace troupe::actors::store_test {

using broker::disk_queue_ptr;
using broker::journal_part;
using broker::journal_part_ptr;
using protocol::qos;
using std::chrono::milliseconds;
using std::chrono::seconds;
using stage = broker::publication_batch::stage;

/// A publisher: writes down what became of its batches, "1:stored" say.
struct publisher final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    text += (text.empty() ? "" : " ") + std::to_string(batch->number());
    text += batch->has_failed                  ? ":flawed"
            : batch->progress == stage::stored ? ":stored"
            : batch->progress == stage::failed ? ":failed"
                                               : ":routed";
    delete batch;
  }
  std::string take() { return std::exchange(text, {}); }

  std::string text;
};

inline disk_queue_ptr make_queue(broker::session_key key) {
  return disk_queue_ptr{new broker::disk_queue(key, 1), false};
}

/// A store actor over `Database`, on a loop that only tests turn.
template <class Database>
struct store_fixture : caf_fixture {
  store_fixture() : home(sys, 0) {
    CAF_REQUIRE_EQUAL(home.open(), "");
    node.settings.sync_interval = seconds{0};
    node.appenders.push_back(record<appender_actor>(
        sys, [this](const mail& message) { on_appender(message); }));
    sink = record<session_actor>(
        sys, [this](const mail& message) { on_session(message); });
    start();
  }

  ~store_fixture() {
    actor = store_actor{};
    node.appenders.clear();
    sink = session_actor{};
    home.run_one_turn(at);
    home.discard_mail();
  }

  void start() {
    auto made = std::make_unique<Database>();
    database = made.get();
    actor = spawn_light<store>(sys, node, home, std::move(made));
    at = home.now();
  }

  void on_appender(const mail& message) {
    if (auto* settled = message.get_if<parts_settled>())
      for (const auto& part : settled->parts)
        log += part->has_failed() ? "part-failed " : "part-stored ";
    else if (auto* shrunk = message.get_if<queue_shrunk>()) {
      log += "shrunk" + std::to_string(shrunk->messages) + "/"
             + std::to_string(shrunk->bytes) + " ";
      earliest_expiry = shrunk->earliest_expiry;
    }
  }

  void on_session(const mail& message) {
    if (auto* done = message.get_if<stored>()) {
      log += "ticket" + std::to_string(done->ticket) + " ";
    } else if (auto* loaded = message.get_if<session_loaded>()) {
      log += "loaded(";
      for (const auto& each : loaded->content->subscriptions)
        log += each.filter + ",";
      log += ") " + show(*loaded->queue) + " ";
    } else if (auto* slice = message.get_if<queue_read>()) {
      log += "slice(" + show(*slice->slice) + ") ";
    }
  }

  static std::string show(const broker::queue_slice& slice) {
    std::string result;
    for (const auto& entry : slice.entries)
      result += std::to_string(entry.sequence) + "="
                + std::string{entry.message->payload()} + ",";
    return result;
  }

  /// Answers are handled in the turn after the one that sent them.
  void turn(milliseconds passed = {}) {
    at += passed;
    home.run_one_turn(at);
    home.run_one_turn(at);
  }
  std::string take() {
    auto result = std::exchange(log, {});
    if (!result.empty())
      result.pop_back();
    return result;
  }

  broker::batch_ptr make_batch(uint64_t number, std::string_view payload) {
    broker::batch_ptr batch{
        new broker::publication_batch(&owner, number, publisher_key), false};
    batch->add(broker::make_publication(payload, "t"));
    return batch;
  }
  journal_part_ptr add_part(broker::publication_batch& batch,
                            const disk_queue_ptr& queue, bool notify = false) {
    auto part = journal_part::make(queue, 1);
    part->add(0, {0, 0, 0, qos::at_least_once, false}, 1);
    if (notify)
      part->ask_for_notice();
    batch.add_journal(part);
    return part;
  }
  /// As somebody who holds nothing else of it.
  void commit(broker::batch_ptr&& batch) {
    tell(actor, commit_batch{std::move(batch)});
  }
  void append(uint64_t number, std::string_view payload,
              const disk_queue_ptr& queue) {
    auto batch = make_batch(number, payload);
    add_part(*batch, queue);
    commit(std::move(batch));
  }
  /// Commits batch 2 for session 7, which took one before that does not come.
  broker::batch_ptr lose_one_before(std::string_view payload) {
    auto queue = make_queue(7);
    auto lost = make_batch(1, "a");
    add_part(*lost, queue);
    append(2, payload, queue);
    return lost;
  }
  void change(uint64_t ticket, std::string filter,
              broker::session_key key = 7) {
    remember what;
    what.key = key;
    what.subscribed.push_back({std::move(filter), {}, 0, 0});
    what.answer_to = caf::actor_cast<stored_sink>(sink);
    what.ticket = ticket;
    tell(actor, std::move(what));
  }
  void read(uint64_t from = 1, broker::session_key key = 7) {
    tell(actor, read_queue{key, from, sink});
  }
  std::string queue_of(broker::session_key key) {
    return show(database->read_queue(key, 1, 1000, 1 << 20, instant::now()));
  }

  static constexpr broker::session_key publisher_key = 3;

  node_context node;
  loop home;
  publisher owner;
  Database* database = nullptr;
  store_actor actor;
  session_actor sink;
  time_point at;
  time_point earliest_expiry = never;
  std::string log;
};

} // namespace troupe::actors::store_test
