// In which order batches go to the disk that come in another one.
#include "broker/commit_order.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace troupe;
using namespace troupe::broker;

namespace {

struct owner final : batch_owner {
  void on_batch_complete(publication_batch* batch) noexcept override {
    delete batch;
  }
};

disk_queue_ptr make_queue(session_key key) {
  return disk_queue_ptr{new disk_queue(key, 1), false};
}

struct fixture {
  /// A batch that the sessions of `queues` have taken.
  batch_ptr make(owner& by, const std::vector<disk_queue_ptr>& queues) {
    batch_ptr made{new publication_batch(&by, ++last, 0), false};
    for (const auto& queue : queues)
      made->add_journal(journal_part::make(queue, 1));
    return made;
  }
  void add(const batch_ptr& batch) { order.add(batch, at); }
  std::string take() {
    taken.clear();
    order.take(taken);
    std::string result;
    for (const auto& each : taken.batches)
      result += (result.empty() ? "" : " ") + std::to_string(each->number());
    return result;
  }
  /// "key:number" of the parts of the last group.
  std::string parts() const {
    std::string result;
    for (const auto& each : taken.parts)
      result += (result.empty() ? "" : " ")
                + std::to_string(each->queue().key()) + ":"
                + std::to_string(each->number);
    return result;
  }

  commit_order order;
  commit_order::group taken;
  time_point at{std::chrono::seconds{100}};
  uint64_t last = 0;
  owner one, two;
  disk_queue_ptr q7 = make_queue(7), q8 = make_queue(8);
};

/// Publishers read batches for subtrees, which take them in any order; what
/// they have taken comes back in any order, and is handed over per publisher in
/// the order read.
class world {
  template <class T>
  auto& pick(T& from) {
    return from[random_() % std::size(from)];
  }

public:
  explicit world(uint32_t seed) : random_(seed) {
    for (session_key key = 1; key <= 5; ++key)
      queues_.push_back(make_queue(key));
  }

  void run(int steps) {
    for (auto step = 0; step < steps; ++step)
      (this->*pick(actions))();
    for (auto& mail : subtrees_)
      while (!mail.empty())
        route(mail);
    while (!returning_.empty())
      come_back();
    write();
    CAF_CHECK_EQUAL(unwritten_, 0u);
    CAF_CHECK(written_ == wanted_);
  }

private:
  struct publisher {
    owner self;
    std::deque<batch_ptr> open; // in the order read
    std::set<const publication_batch*> returned;
  };
  using mailbox = std::deque<batch_ptr>;
  using action = void (world::*)();

  void read() {
    auto& by = pick(publishers_);
    batch_ptr made{new publication_batch(&by.self, ++last_, 0), false};
    by.open.push_back(made);
    pick(subtrees_).push_back(made);
    ++unwritten_;
  }
  void route_any() { route(pick(subtrees_)); }
  void route(mailbox& mail) {
    if (mail.empty())
      return;
    for (auto& queue : queues_)
      if (random_() % 2 == 0) {
        mail.front()->add_journal(journal_part::make(queue, 1));
        wanted_[queue->key()].push_back(mail.front()->number());
      }
    returning_.push_back(std::move(mail.front()));
    mail.pop_front();
  }
  void come_back() {
    if (returning_.empty())
      return;
    std::swap(pick(returning_), returning_.back());
    auto& [self, open, returned] =
        *std::find_if(publishers_.begin(), publishers_.end(), [&](auto& each) {
          return &each.self == returning_.back()->owner();
        });
    returned.insert(returning_.back().get());
    returning_.pop_back();
    for (; !open.empty() && returned.erase(open.front().get());
         open.pop_front())
      order_.add(std::move(open.front()), {});
  }
  void write() {
    commit_order::group group;
    order_.take(group);
    std::map<const journal_part*, uint64_t> numbers;
    for (const auto& each : group.batches)
      each->for_each_part(
          [&](journal_part& part) { numbers[&part] = each->number(); });
    for (const auto& part : group.parts)
      written_[part->queue().key()].push_back(numbers.at(part.get()));
    order_.on_settled(group.parts);
    unwritten_ -= group.batches.size();
    for (const auto& [key, all] : written_)
      CAF_REQUIRE(std::equal(all.begin(), all.end(), wanted_[key].begin()));
  }

  static constexpr action actions[] = {&world::read, &world::route_any,
                                       &world::route_any, &world::come_back,
                                       &world::write};

  std::mt19937 random_;
  commit_order order_;
  std::vector<disk_queue_ptr> queues_;
  std::array<publisher, 4> publishers_;
  std::array<mailbox, 3> subtrees_;
  std::vector<batch_ptr> returning_;
  /// Per queue the numbers of batches.
  std::map<session_key, std::vector<uint64_t>> wanted_, written_;
  size_t unwritten_ = 0;
  uint64_t last_ = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(commit_order_tests, fixture)

CAF_TEST(what comes in order is written in that order) {
  auto first = make(one, {q7, q8});
  auto second = make(two, {q7});
  CAF_CHECK(!order.is_due());
  add(first);
  add(second);
  CAF_CHECK(order.is_due());
  CAF_CHECK_EQUAL(take(), "1 2");
  CAF_CHECK_EQUAL(parts(), "8:0 7:0 7:1");
  CAF_CHECK(!order.is_due());
  CAF_CHECK(order.waits_since() == never);
}

CAF_TEST(a batch waits for the one before it) {
  auto first = make(one, {q7});
  auto second = make(two, {q7});
  add(second);
  CAF_CHECK_EQUAL(take(), "");
  CAF_CHECK(order.waits_since() == at);
  CAF_CHECK(!order.is_due());
  at += std::chrono::seconds{1};
  add(first);
  CAF_CHECK_EQUAL(take(), "2 1");
  CAF_CHECK_EQUAL(parts(), "7:0 7:1");
}

CAF_TEST(others do not wait with it) {
  auto first = make(one, {q7});
  auto second = make(two, {q7});
  auto third = make(one, {q8});
  add(second);
  add(third);
  CAF_CHECK_EQUAL(take(), "3");
  add(first);
  CAF_CHECK_EQUAL(take(), "2 1");
}

CAF_TEST(what comes behind one that waits waits too) {
  auto first = make(one, {q7});
  auto second = make(two, {q7, q8});
  auto same_owner = make(two, {});
  auto same_queue = make(one, {q8});
  for (const auto& each : {second, same_owner, same_queue})
    add(each);
  CAF_CHECK_EQUAL(take(), "");
  add(first);
  CAF_CHECK_EQUAL(take(), "2 3 4 1");
  CAF_CHECK_EQUAL(parts(), "7:0 7:1 8:0 8:1");
}

CAF_TEST(earlier batches of an owner do not wait for later ones) {
  auto lost = make(one, {q7});
  add(make(two, {q8}));
  add(make(two, {q7}));
  CAF_CHECK_EQUAL(take(), "2");
}

CAF_TEST(batches that precede one another are written together) {
  // Each owner's second batch was taken before the other's first one.
  auto b2 = make(two, {q7});
  auto a1 = make(one, {q7});
  auto a2 = make(one, {q8});
  auto b1 = make(two, {q8});
  for (const auto& each : {a1, a2, b1})
    add(each);
  CAF_CHECK_EQUAL(take(), "");
  add(b2);
  CAF_CHECK_EQUAL(take(), "2 3 4 1");
  CAF_CHECK_EQUAL(parts(), "7:0 7:1 8:0 8:1");
}

CAF_TEST(what never comes is not waited for for ever) {
  auto lost = make(one, {q7});
  auto second = make(two, {q7});
  auto third = make(two, {q7});
  add(second);
  add(third);
  CAF_CHECK_EQUAL(take(), "");
  order.stop_waiting();
  CAF_CHECK(order.is_due());
  CAF_CHECK_EQUAL(take(), "2 3");
  add(lost); // after all
  CAF_CHECK_EQUAL(take(), "1");
  add(make(two, {q7}));
  CAF_CHECK_EQUAL(take(), "4");
}

CAF_TEST(an idle queue begins anew) {
  for (auto round = 0; round < 3; ++round) {
    auto first = make(one, {q7});
    auto second = make(two, {q7});
    CAF_CHECK_EQUAL(second->number(), last);
    add(second);
    CAF_CHECK_EQUAL(take(), "");
    add(first);
    take();
    CAF_CHECK_EQUAL(parts(), "7:0 7:1");
    order.on_settled(taken.parts);
  }
  // Something of it is under way: it goes on.
  auto first = make(one, {q7});
  auto second = make(one, {q7});
  add(first);
  take();
  order.on_settled(taken.parts);
  add(second);
  take();
  CAF_CHECK_EQUAL(parts(), "7:1");
}

CAF_TEST(whatever the order each queue is written in its own) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    CAF_MESSAGE("seed " << seed);
    world{seed}.run(400);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
