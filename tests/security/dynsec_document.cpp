#include "security/dynsec_document.hpp"

#include "security/dynsec_io.hpp"

#include <caf/test/dsl.hpp>

#include <random>
#include <string>
#include <vector>

using namespace troupe::security::dynsec;

namespace {

/// Documents with anything in them that Mosquitto could have put there.
class generator {
public:
  explicit generator(unsigned seed) : random_(seed) {}

  document make() {
    document made;
    made.change_index = below(1000);
    for (auto& each : made.default_access)
      each = below(2) == 1;
    for (int i = below(5); i > 0; --i)
      made.add_role(name(), make_role());
    for (int i = below(5); i > 0; --i)
      made.add_group(name(), {make_texts(), some_roles(made), {}});
    for (int i = below(8); i > 0; --i)
      add_client(made);
    if (!made.groups().empty() && below(2) == 1)
      made.anonymous_group = made.groups().begin()->first;
    return made;
  }

  int below(int limit) {
    return std::uniform_int_distribution<int>{0, limit - 1}(random_);
  }

private:
  std::string name() {
    static const std::vector<std::string> parts = {
        "a", "B", " ", "\"", "\\", "\u00e9", "\u732b", "\U0001f431",
        "/", "+", "#", "%c", "$",  ",",      "{",      "'"};
    std::string made{"n"};
    for (int i = below(6); i > 0; --i)
      made += parts[static_cast<size_t>(below(static_cast<int>(parts.size())))];
    return made;
  }

  int32_t priority() { return below(5) == 0 ? -1 : below(200001) - 100000; }

  texts make_texts() {
    texts made;
    if (below(2) == 1)
      made.name = name() + "\n\t\x01";
    if (below(2) == 1)
      made.description = below(3) == 0 ? "" : name();
    return made;
  }

  role make_role() {
    role made{make_texts(), below(2) == 1, {}};
    for (int i = below(9); i > 0; --i)
      add_acl(made.list(static_cast<acl_type>(below(acl_type_count))),
              {name(), priority(), below(2) == 1});
    return made;
  }

  references some_roles(const document& from) {
    references made;
    for (const auto& [each, ignored] : from.roles())
      if (below(2) == 1)
        add_by_priority(made, each, priority());
    return made;
  }

  void add_client(document& to) {
    static const std::vector<std::string> passwords = {
        "",
        "$7$101$w6NwfD5GN4KTwBLY$u/17/M7T7+h7bBEbrLP1Nwmh99Ku0VWhiRF723bljBwGgM"
        "pU6k3CwlScs0n4O5nd7wZZxRXMnBFOR7Q7pS9+/g==",
        "$6$w6NwfD5GN4KTwBLY$u/17/M7T7+h7bBEbrLP1Nwmh99Ku0VWhiRF723bljBwGgMpU6k"
        "3CwlScs0n4O5nd7wZZxRXMnBFOR7Q7pS9+/g==",
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdA$aGFzaA"};
    auto called = name();
    client made;
    made.about = make_texts();
    if (below(2) == 1)
      made.client_id = name();
    made.disabled = below(2) == 1;
    made.password = passwords[static_cast<size_t>(below(4))];
    made.roles = some_roles(to);
    if (!to.add_client(called, std::move(made)))
      return;
    for (const auto& [each, ignored] : to.groups())
      if (below(2) == 1)
        to.join(called, each, priority());
  }

  std::mt19937 random_;
};

/// Every list names what is there, and both sides of a membership agree.
bool is_sound(const document& made) {
  bool sound = true;
  for (const auto& [name, each] : made.clients()) {
    for (const auto& one : each->roles)
      sound = sound && made.find_role(one.name) != nullptr;
    for (const auto& one : each->groups) {
      const auto* in = made.find_group(one.name);
      sound = sound && in != nullptr
              && std::count(in->clients.begin(), in->clients.end(),
                            reference{name, one.priority})
                     == 1;
    }
  }
  for (const auto& [name, each] : made.groups())
    for (const auto& one : each->clients) {
      const auto* member = made.find_client(one.name);
      sound = sound && member != nullptr
              && std::count(member->groups.begin(), member->groups.end(),
                            reference{name, one.priority})
                     == 1;
    }
  return sound;
}

/// A name of the map, if there is one.
template <class T>
std::string any_of(const document::named<T>& from, generator& random) {
  if (from.empty())
    return "nobody";
  auto place = from.begin();
  std::advance(place, random.below(static_cast<int>(from.size())));
  return place->first;
}

} // namespace

CAF_TEST(what is written is read back the same) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    auto made = generator{seed}.make();
    auto again = read_document(write_document(made), "test");
    CAF_REQUIRE(again.has_value());
    CAF_REQUIRE(again->warnings.empty());
    CAF_REQUIRE(again->content == made);
    CAF_REQUIRE_EQUAL(write_document(again->content), write_document(made));
  }
}

CAF_TEST(lists never name what is not there) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    generator random{seed};
    auto made = random.make();
    CAF_REQUIRE(is_sound(made));
    for (int i = 0; i < 6; ++i) {
      switch (random.below(4)) {
      case 0:
        made.erase_client(any_of(made.clients(), random));
        break;
      case 1:
        made.erase_role(any_of(made.roles(), random));
        break;
      case 2:
        made.leave(any_of(made.clients(), random),
                   any_of(made.groups(), random));
        break;
      default:
        made.erase_group(any_of(made.groups(), random));
        break;
      }
      CAF_REQUIRE(is_sound(made));
    }
  }
}

CAF_TEST(a change leaves copies as they were) {
  document first;
  first.add_role("r", {});
  first.add_group("g", {});
  first.add_client("c", {});
  auto second = first;
  second.edit_role("r")->allow_wildcard_subscriptions = false;
  second.join("c", "g", 3);
  second.edit_client("c")->disabled = true;
  CAF_CHECK(first.find_role("r")->allow_wildcard_subscriptions);
  CAF_CHECK(first.find_group("g")->clients.empty());
  CAF_CHECK(first.find_client("c")->groups.empty());
  CAF_CHECK(!first.find_client("c")->disabled);
  CAF_CHECK(!(first == second));
  second.erase_client("c");
  CAF_CHECK(first.find_client("c") != nullptr);
}

CAF_TEST(what has a priority stands before what has a lower one) {
  references list;
  CAF_CHECK(add_by_priority(list, "b", 5));
  CAF_CHECK(add_by_priority(list, "a", 5));
  CAF_CHECK(add_by_priority(list, "none", no_priority));
  CAF_CHECK(add_by_priority(list, "low", -2));
  CAF_CHECK(add_by_priority(list, "high", 9));
  CAF_CHECK(!add_by_priority(list, "low", 10));
  std::string order;
  for (const auto& each : list)
    order += each.name + " ";
  CAF_CHECK_EQUAL(order, "high a b none low ");
  CAF_CHECK(remove(list, "a"));
  CAF_CHECK(!remove(list, "a"));
}

CAF_TEST(ACLs of one priority stay in the order in which they came) {
  std::vector<acl> list;
  for (std::string topic : {"x", "a", "m"})
    CAF_CHECK(add_acl(list, {topic, 0, true}));
  CAF_CHECK(add_acl(list, {"top", 1, true}));
  CAF_CHECK(!add_acl(list, {"a", 7, false}));
  std::string order;
  for (const auto& each : list)
    order += each.topic + " ";
  CAF_CHECK_EQUAL(order, "top x a m ");
}
