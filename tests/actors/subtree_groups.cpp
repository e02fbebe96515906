// Shared subscriptions in a subtree.
#include "subtree_fixture.hpp"

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::subtree_test;

CAF_TEST_FIXTURE_SCOPE(subtree_groups_tests, subtree_fixture)

CAF_TEST(members of a group take turns) {
  for (auto* each : {&anna, &bert, &cleo})
    subscribe(*each, want("$share/g/a", qos1, 8));
  for (auto text : {"1", "2", "3", "4", "5"})
    publish("a", text, qos1);
  CAF_CHECK_EQUAL(anna.take(), "1@1#8$ 4@1#8$");
  CAF_CHECK_EQUAL(bert.take(), "2@1#8$ 5@1#8$");
  CAF_CHECK_EQUAL(cleo.take(), "3@1#8$");
}

CAF_TEST(each group and each ordinary subscription gets a copy) {
  subscribe(anna, want("$share/g/a"));
  subscribe(bert, want("$share/h/a"));
  subscribe(cleo, want("a"));
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "x$");
  CAF_CHECK_EQUAL(bert.take(), "x$");
  CAF_CHECK_EQUAL(cleo.take(), "x");
}

CAF_TEST(members with room come before those without) {
  subscribe(anna, want("$share/g/a"), readiness::can_keep);
  subscribe(bert, want("$share/g/a"), readiness::ready);
  subscribe(cleo, want("$share/g/a"), readiness::absent);
  publish("a", "1");
  publish("a", "2");
  CAF_CHECK_EQUAL(bert.take(), "1$ 2$");
  set_state(bert, readiness::absent);
  publish("a", "3");
  CAF_CHECK_EQUAL(anna.take(), "3$");
  set_state(cleo, readiness::ready);
  publish("a", "4");
  CAF_CHECK_EQUAL(cleo.take(), "4$");
}

CAF_TEST(a group whose members are all absent gets nothing) {
  subscribe(anna, want("$share/g/a"), readiness::absent);
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(owner.completed, 1);
}

CAF_TEST(a group without members is gone) {
  subscribe(anna, want("$share/g/a"));
  subscribe(bert, want("$share/g/a"));
  leave(anna, {"$share/g/a"});
  publish("a", "1");
  CAF_CHECK_EQUAL(bert.take(), "1$");
  unsubscribe(bert, "$share/g/a");
  publish("a", "2");
  CAF_CHECK(!owner.matched);
  CAF_CHECK_EQUAL(bert.take(), "ok1");
}

CAF_TEST(a message of a member that left goes to another one) {
  subscribe(anna, want("$share/g/+", qos1));
  subscribe(bert, want("$share/g/+", qos2));
  leave(anna, {"$share/g/+"});
  redistribute_one("$share/g/+", "orphan");
  CAF_CHECK_EQUAL(bert.take(), "orphan@1$");
  redistribute_one("$share/nobody/+", "lost");
  CAF_CHECK_EQUAL(bert.take(), "");
}

CAF_TEST(a group and a session of one slot number are told apart) {
  subscribe(anna, want("a"));          // session slot 0
  subscribe(bert, want("$share/g/a")); // group slot 0
  unsubscribe(anna, "a");
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "ok1");
  CAF_CHECK_EQUAL(bert.take(), "x$");
}

CAF_TEST_FIXTURE_SCOPE_END()
