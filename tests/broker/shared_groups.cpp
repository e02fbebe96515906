#include "broker/shared_groups.hpp"

#include <caf/test/unit_test.hpp>

#include <map>
#include <random>
#include <set>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

namespace {

using numbers = std::vector<uint32_t>;

broker::group_member member(uint32_t subscriber) {
  broker::group_member x;
  x.subscriber = subscriber;
  return x;
}

auto always = [](uint32_t) { return true; };
auto nobody = [](uint32_t) { return false; };

// Who gets the next `count` messages if all are ready.
numbers turns(shared_groups& groups, uint32_t group, size_t count) {
  numbers picked;
  for (size_t i = 0; i < count; ++i)
    picked.push_back(groups.pick(group, always, always)->subscriber);
  return picked;
}

struct three_members {
  three_members() {
    group = groups.open("g", "a/#");
    for (uint32_t i = 1; i <= 3; ++i)
      groups.join(group, member(i));
  }
  shared_groups groups;
  uint32_t group;
};

} // namespace

CAF_TEST(name and filter together make a group) {
  shared_groups groups;
  auto first = groups.open("g", "a/b");
  CAF_CHECK_EQUAL(groups.open("g", "a/b"), first);
  CAF_CHECK_NOT_EQUAL(groups.open("h", "a/b"), first);
  CAF_CHECK_NOT_EQUAL(groups.open("g", "a"), first);
  CAF_CHECK(groups.find("g", "a/b") == first);
  CAF_CHECK(!groups.find("g", "b"));
  CAF_CHECK(!groups.find("g/a", "c"));
}

CAF_TEST(members take turns) {
  three_members x;
  CAF_CHECK_EQUAL(turns(x.groups, x.group, 7), (numbers{1, 2, 3, 1, 2, 3, 1}));
}

CAF_TEST(joining again replaces the options and keeps the turn) {
  three_members x;
  turns(x.groups, x.group, 1);
  auto again = member(2);
  again.identifier = 9;
  again.qos = protocol::qos::at_least_once;
  again.retain_as_published = true;
  again.shared = 4;
  CAF_CHECK(!x.groups.join(x.group, again));
  CAF_CHECK_EQUAL(x.groups.member_count(x.group), 3u);
  auto picked = x.groups.pick(x.group, always, always);
  CAF_CHECK_EQUAL(picked->subscriber, 2u);
  CAF_CHECK_EQUAL(picked->identifier, 9u);
  CAF_CHECK(picked->qos == protocol::qos::at_least_once);
  CAF_CHECK(picked->retain_as_published);
  CAF_CHECK_EQUAL(picked->shared, 4u);
}

CAF_TEST(who joins has its turn after all others) {
  three_members x;
  turns(x.groups, x.group, 1);
  CAF_CHECK(x.groups.join(x.group, member(4)));
  CAF_CHECK_EQUAL(turns(x.groups, x.group, 5), (numbers{2, 3, 1, 4, 2}));
}

CAF_TEST(who leaves before its turn does not cost another member a turn) {
  three_members x;
  turns(x.groups, x.group, 1);
  CAF_CHECK(!x.groups.leave(x.group, 2));
  CAF_CHECK_EQUAL(turns(x.groups, x.group, 4), (numbers{3, 1, 3, 1}));
}

CAF_TEST(who leaves after its turn does not cost another member a turn) {
  three_members x;
  turns(x.groups, x.group, 2);
  CAF_CHECK(!x.groups.leave(x.group, 1));
  CAF_CHECK_EQUAL(turns(x.groups, x.group, 4), (numbers{3, 2, 3, 2}));
}

CAF_TEST(a member that is not ready is passed over and comes back in turn) {
  three_members x;
  auto not_two = [](uint32_t subscriber) { return subscriber != 2; };
  numbers picked;
  for (int i = 0; i < 4; ++i)
    picked.push_back(x.groups.pick(x.group, not_two, always)->subscriber);
  CAF_CHECK_EQUAL(picked, (numbers{1, 3, 1, 3}));
  CAF_CHECK_EQUAL(turns(x.groups, x.group, 3), (numbers{1, 2, 3}));
}

CAF_TEST(with nobody ready those that can keep a message take turns) {
  three_members x;
  auto not_one = [](uint32_t subscriber) { return subscriber != 1; };
  numbers picked;
  for (int i = 0; i < 4; ++i)
    picked.push_back(x.groups.pick(x.group, nobody, not_one)->subscriber);
  CAF_CHECK_EQUAL(picked, (numbers{2, 3, 2, 3}));
}

CAF_TEST(a ready member comes before one that can only keep) {
  three_members x;
  auto only_three = [](uint32_t subscriber) { return subscriber == 3; };
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(x.groups.pick(x.group, only_three, always)->subscriber, 3u);
}

CAF_TEST(with nobody ready and nobody who can keep there is no pick) {
  three_members x;
  CAF_CHECK(x.groups.pick(x.group, nobody, nobody) == nullptr);
  CAF_CHECK_EQUAL(turns(x.groups, x.group, 2), (numbers{1, 2}));
  CAF_CHECK(x.groups.pick(x.groups.open("empty", "a"), always, always)
            == nullptr);
}

CAF_TEST(the last member that leaves frees the slot) {
  shared_groups groups;
  auto first = groups.open("g", "a");
  auto second = groups.open("h", "a");
  groups.join(first, member(1));
  groups.join(second, member(1));
  CAF_CHECK(!groups.leave(first, 2));
  CAF_CHECK(groups.leave(first, 1));
  CAF_CHECK(!groups.leave(first, 1));
  CAF_CHECK(!groups.find("g", "a"));
  CAF_CHECK_EQUAL(groups.member_count(first), 0u);
  CAF_CHECK_EQUAL(groups.open("new", "a"), first);
  CAF_CHECK(groups.find("h", "a") == second);
  CAF_CHECK_EQUAL(turns(groups, second, 2), (numbers{1, 1}));
}

CAF_TEST(turns are fair whoever comes and goes) {
  std::mt19937 random{3};
  shared_groups groups;
  auto group = groups.open("g", "a");
  groups.join(group, member(0)); // stays, and keeps the slot
  std::set<uint32_t> members{0};
  // Messages since a member last had one: never more than the most members
  // that could have been before it in the meantime.
  std::map<uint32_t, size_t> waited;
  for (int i = 0; i < 50'000; ++i) {
    uint32_t who = 1 + random() % 20;
    if (random() % 4 == 0) {
      CAF_CHECK_EQUAL(groups.join(group, member(who)),
                      members.insert(who).second);
    } else if (random() % 4 == 0) {
      groups.leave(group, who);
      members.erase(who);
      waited.erase(who);
    }
    auto picked = groups.pick(group, always, always)->subscriber;
    CAF_REQUIRE(members.count(picked) == 1);
    for (auto x : members)
      if (x != picked && ++waited[x] > 20)
        CAF_FAIL("member " << x << " was skipped");
    waited[picked] = 0;
  }
  CAF_CHECK_EQUAL(groups.member_count(group), members.size());
}
