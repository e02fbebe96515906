#include "actors/light_actor.hpp"

#include "fixture.hpp"

#include <caf/exit_reason.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

using namespace troupe;
using namespace troupe::actors;

namespace {

/// What happened to an actor, readable after its end.
struct diary {
  std::string text;
  int alive = 0;
  /// What the actor says when it is asked whether it survives a failure.
  bool survives = false;
};

/// Writes down the number of every `continue_replay`; ends on `housekeeping`,
/// throws on `session_left`.
class writer final : public light_actor {
public:
  using behavior_type = subtree_actor::behavior_type;

  writer(caf::actor_config& cfg, caf::execution_unit* home, diary& book)
      : light_actor(cfg, home), book_(book) {
    ++book_.alive;
  }
  ~writer() override { --book_.alive; }

  const char* name() const override { return "troupe.writer"; }

protected:
  void receive(const mail& message) override {
    if (auto* number = message.get_if<continue_replay>())
      book_.text += std::to_string(number->replay) + " ";
    else if (message.get_if<housekeeping>())
      quit(caf::sec::unexpected_message);
    else if (message.get_if<session_left>())
      throw std::runtime_error("broken");
  }
  void on_failure(const char* what) noexcept override {
    book_.text += std::string{"failed: "} + what;
  }
  bool survives_failure() const noexcept override { return book_.survives; }

private:
  diary& book_;
};

/// Counts the batches that were let go.
struct counting_owner final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    ++completed;
    delete batch;
  }
  int completed = 0;
};

struct fixture : caf_fixture {
  fixture() { actor = spawn_light<writer>(sys, nullptr, book); }

  void send(uint64_t number) { tell(actor, continue_replay{number}); }
  void send_batch() {
    broker::batch_ptr batch{new broker::publication_batch(&owner, 1, 0), false};
    tell(actor, route{std::move(batch)});
  }
  /// Why the actor ended, as its monitors hear it; empty if it did not.
  std::string end_of_actor() {
    std::string result;
    self->receive(
        [&](caf::down_msg& down) { result = sys.render(down.reason); },
        caf::after(std::chrono::seconds{0}) >> [] {});
    return result;
  }

  diary book;
  counting_owner owner;
  subtree_actor actor;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(light_actor_tests, fixture)

CAF_TEST(messages are received in the order they were sent) {
  for (uint64_t i = 1; i <= 3; ++i)
    send(i);
  CAF_CHECK_EQUAL(book.text, "");
  consume_message();
  send(4);
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "1 2 3 4 ");
}

CAF_TEST(an actor without mail is not scheduled) {
  send(1);
  send(2);
  CAF_CHECK_EQUAL(sched.jobs.size(), 1u);
  consume_messages();
  CAF_CHECK(!sched.has_job());
  send(3);
  CAF_CHECK_EQUAL(sched.jobs.size(), 1u);
}

CAF_TEST(mail from many threads arrives once and in the order of each) {
  constexpr uint64_t threads = 4;
  constexpr uint64_t each = 2000;
  std::vector<uint64_t> next(threads, 0);
  uint64_t received = 0;
  auto many = record<subtree_actor>(sys, [&](const mail& message) {
    auto number = message.get_if<continue_replay>()->replay;
    CAF_REQUIRE_EQUAL(number % each, next[number / each]);
    ++next[number / each];
    ++received;
  });
  std::vector<std::thread> senders;
  for (uint64_t t = 0; t < threads; ++t)
    senders.emplace_back([&many, t] {
      for (uint64_t i = 0; i < each; ++i)
        tell(many, continue_replay{t * each + i});
    });
  for (auto& sender : senders)
    sender.join();
  consume_messages();
  CAF_CHECK_EQUAL(received, threads * each);
}

CAF_TEST(an actor that quits tells its monitors why) {
  self->monitor(actor);
  tell(actor, housekeeping{});
  consume_messages();
  CAF_CHECK_EQUAL(end_of_actor(), sys.render(caf::sec::unexpected_message));
}

CAF_TEST(an actor that quits discards the mail it has) {
  send(1);
  tell(actor, housekeeping{});
  send(2);
  send_batch();
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "1 ");
  CAF_CHECK_EQUAL(owner.completed, 1);
}

CAF_TEST(mail for an actor that has quit is dropped) {
  tell(actor, housekeeping{});
  consume_messages();
  send(1);
  send_batch();
  CAF_CHECK_EQUAL(owner.completed, 1);
  CAF_CHECK(!sched.has_job());
  CAF_CHECK_EQUAL(book.text, "");
}

CAF_TEST(a handler that throws ends the actor after it was told) {
  self->monitor(actor);
  tell(actor, session_left{});
  send(1);
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "failed: broken");
  CAF_CHECK_NOT_EQUAL(end_of_actor(), "");
}

CAF_TEST(an actor that survives a failure loses one message only) {
  book.survives = true;
  tell(actor, session_left{});
  send(1);
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "failed: broken1 ");
  CAF_CHECK_EQUAL(book.alive, 1);
}

CAF_TEST(an actor that survives failures still ends when it is told to) {
  book.survives = true;
  self->monitor(actor);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK_EQUAL(end_of_actor(), sys.render(caf::exit_reason::user_shutdown));
}

CAF_TEST(an exit message ends the actor with its reason) {
  self->monitor(actor);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  send(1);
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "failed: told to exit");
  CAF_CHECK_EQUAL(end_of_actor(), sys.render(caf::exit_reason::user_shutdown));
}

CAF_TEST(an exit message without a reason changes nothing) {
  self->monitor(actor);
  caf::anon_send_exit(actor, caf::exit_reason::normal);
  send(1);
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "1 ");
  CAF_CHECK_EQUAL(end_of_actor(), "");
}

CAF_TEST(messages that are none of ours are ignored) {
  caf::anon_send(caf::actor_cast<caf::actor>(actor), 42);
  caf::anon_send(caf::actor_cast<caf::actor>(actor), 1, 2);
  send(1);
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "1 ");
}

CAF_TEST(an actor lives as long as somebody can send to it) {
  auto copy = actor;
  actor = subtree_actor{};
  CAF_CHECK_EQUAL(book.alive, 1);
  tell(copy, continue_replay{1});
  copy = subtree_actor{};
  CAF_CHECK_EQUAL(book.alive, 1); // it has mail
  consume_messages();
  CAF_CHECK_EQUAL(book.text, "1 ");
  CAF_CHECK_EQUAL(book.alive, 0);
}

CAF_TEST(monitors learn of an actor that nobody can send to any more) {
  self->monitor(actor);
  actor = subtree_actor{};
  CAF_CHECK_EQUAL(book.alive, 0);
  CAF_CHECK_EQUAL(end_of_actor(), sys.render(caf::exit_reason::unreachable));
}

CAF_TEST(mail that nobody read goes with the actor) {
  {
    loop never_run{sys, 0};
    auto pinned = spawn_light<writer>(sys, &never_run, book);
    broker::batch_ptr batch{new broker::publication_batch(&owner, 1, 0), false};
    tell(pinned, route{std::move(batch)});
    CAF_CHECK_EQUAL(owner.completed, 0);
  }
  CAF_CHECK_EQUAL(owner.completed, 1);
  CAF_CHECK_EQUAL(book.alive, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
