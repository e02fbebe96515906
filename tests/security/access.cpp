#include "security/access.hpp"

#include <caf/test/dsl.hpp>

#include <string>
#include <utility>

using namespace troupe::security;

namespace {

/// Rules as told and counts how often it was asked.
class judge : public authority {
public:
  explicit judge(ruling fixed) : verdict(fixed) {}

  ruling rule(const client_identity& who, action,
              std::string_view topic) const override {
    ++asked;
    last = who.client_id + ":" + std::string{topic};
    return verdict;
  }
  uint64_t version() const noexcept override { return changes; }

  ruling verdict;
  uint64_t changes = 0;
  mutable size_t asked = 0;
  mutable std::string last;
};

struct fixture {
  std::shared_ptr<judge> add(ruling verdict) {
    auto made = std::make_shared<judge>(verdict);
    judges->push_back(made);
    return made;
  }
  client_access make() { return {client_identity{"c1", "ann"}, judges}; }

  std::shared_ptr<authorities> judges = std::make_shared<authorities>();
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(accesses, fixture)

CAF_TEST(without authority everything is allowed and costs nothing) {
  client_access nobody;
  auto rights = make();
  client_access none{client_identity{"c1", {}}, nullptr};
  for (auto* each : {&nobody, &rights, &none}) {
    CAF_CHECK(each->may(action::publish, "a"));
    CAF_CHECK_EQUAL(each->memory(), 0U);
  }
  CAF_CHECK_EQUAL(sizeof(client_access), sizeof(void*));
}

CAF_TEST(the first that does not pass decides) {
  add(ruling::pass);
  add(ruling::allow);
  auto last = add(ruling::deny);
  CAF_CHECK(make().may(action::publish, "a"));
  CAF_CHECK_EQUAL(last->asked, 0U);
}

CAF_TEST(where all pass it is denied) {
  add(ruling::pass);
  add(ruling::pass);
  CAF_CHECK(!make().may(action::publish, "a"));
}

CAF_TEST(authorities hear who wants what) {
  auto one = add(ruling::allow);
  make().may(action::receive, "a/b");
  CAF_CHECK_EQUAL(one->last, "c1:a/b");
}

CAF_TEST(a ruling is asked for once) {
  auto one = add(ruling::deny);
  auto rights = make();
  for (int i = 0; i < 10; ++i)
    CAF_CHECK(!rights.may(action::receive, "a"));
  CAF_CHECK_EQUAL(one->asked, 1U);
  rights.may(action::publish, "a");
  rights.may(action::receive, "b");
  CAF_CHECK_EQUAL(one->asked, 3U);
}

CAF_TEST(a new version of any authority makes rulings be asked for again) {
  auto first = add(ruling::pass);
  auto second = add(ruling::allow);
  auto rights = make();
  CAF_CHECK(rights.may(action::receive, "a"));
  first->verdict = ruling::deny;
  CAF_CHECK(rights.may(action::receive, "a"));
  ++first->changes;
  CAF_CHECK(!rights.may(action::receive, "a"));
  first->verdict = ruling::pass;
  second->changes = 1;
  CAF_CHECK(rights.may(action::receive, "a"));
}

CAF_TEST(idle clients take little memory and busy ones a bounded amount) {
  add(ruling::allow);
  auto rights = make();
  CAF_CHECK(rights.memory() < 200);
  for (int i = 0; i < 10'000; ++i)
    rights.may(action::receive, "a/" + std::to_string(i));
  CAF_CHECK(rights.memory() < 5000);
}

CAF_TEST(a moved access keeps its client and what it knows) {
  auto one = add(ruling::allow);
  auto rights = make();
  rights.may(action::receive, "a");
  auto moved = std::move(rights);
  CAF_CHECK(moved.may(action::receive, "a"));
  CAF_CHECK_EQUAL(one->asked, 1U);
}

CAF_TEST(explanations follow the same order) {
  client_identity who{"c1", {}};
  CAF_CHECK(explain(*judges, who, action::publish, "a").verdict
            == ruling::allow);
  add(ruling::pass);
  CAF_CHECK(explain(*judges, who, action::publish, "a").verdict
            == ruling::deny);
  CAF_CHECK(!is_allowed(*judges, who, action::publish, "a"));
  add(ruling::allow);
  CAF_CHECK(explain(*judges, who, action::publish, "a").verdict
            == ruling::allow);
  CAF_CHECK(is_allowed(*judges, who, action::publish, "a"));
}

CAF_TEST_FIXTURE_SCOPE_END()
