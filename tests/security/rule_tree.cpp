#include "security/rule_tree.hpp"

#include <caf/test/dsl.hpp>

#include <deque>
#include <random>
#include <sstream>
#include <string>

using namespace troupe::security;

namespace {

struct fixture {
  void add(std::string filter, uint32_t number, uint8_t mask = 1) {
    texts.push_back(std::move(filter));
    tree.add(root, texts.back(), mask, number, true);
  }
  uint32_t find(std::string_view topic) { return find_in(tree, root, topic); }
  uint32_t find_in(const rule_tree& any, rule_tree::root from,
                   std::string_view topic) {
    auto found = any.find(from, topic, who);
    return found[0];
  }

  rule_tree tree;
  rule_tree::root root = tree.add_root();
  client_identity who{"c1", "ann"};
  std::deque<std::string> texts;
};

/// The grammar of filters once more, slow and by recursion.
bool matches(const std::string& filter, const std::string& topic) {
  if (filter == "#")
    return true;
  auto cut = [](const std::string& text) { return text.find('/'); };
  auto at_filter = cut(filter);
  auto at_topic = cut(topic);
  if (filter.substr(0, at_filter) != "+"
      && filter.substr(0, at_filter) != topic.substr(0, at_topic))
    return false;
  if (at_filter == std::string::npos)
    return at_topic == std::string::npos;
  if (at_topic == std::string::npos)
    return filter.substr(at_filter) == "/#";
  return matches(filter.substr(at_filter + 1), topic.substr(at_topic + 1));
}

std::string random_path(std::mt19937& random, bool is_filter) {
  static const char* names[] = {"a", "b", "", "+", "#"};
  std::string path;
  for (auto levels = random() % 5 + 1; levels > 0; --levels) {
    auto pick = random() % (is_filter ? 5 : 3);
    path += names[pick];
    if (pick == 4)
      return path;
    path += levels > 1 ? "/" : "";
  }
  return path;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(rule_trees, fixture)

CAF_TEST(an empty tree matches nothing) {
  CAF_CHECK_EQUAL(find("a"), 0U);
  CAF_CHECK_EQUAL(find(""), 0U);
}

CAF_TEST(the lowest number wins whatever the order of adding) {
  add("a/#", 7);
  add("a/b", 5);
  add("+/b", 9);
  add("a/b", 6);
  CAF_CHECK_EQUAL(find("a/b"), 5U);
  CAF_CHECK_EQUAL(find("a/c"), 7U);
  CAF_CHECK_EQUAL(find("c/b"), 9U);
}

CAF_TEST(a hash matches the level above it) {
  add("a/#", 1);
  CAF_CHECK_EQUAL(find("a"), 1U);
  CAF_CHECK_EQUAL(find("a/"), 1U);
  CAF_CHECK_EQUAL(find("ab"), 0U);
}

CAF_TEST(wildcards at the front leave dollar topics alone) {
  add("#", 1);
  add("+/x", 2);
  CAF_CHECK_EQUAL(find("$SYS/x"), 0U);
  CAF_CHECK_EQUAL(find("$"), 0U);
  add("$SYS/#", 3);
  CAF_CHECK_EQUAL(find("$SYS/x"), 3U);
  CAF_CHECK_EQUAL(find("a/$SYS"), 1U);
}

CAF_TEST(kinds are kept apart) {
  add("a", 1, 0b0010);
  add("a", 2, 0b1010);
  auto found = tree.find(root, "a", who);
  CAF_CHECK_EQUAL(found, (rule_tree::matches{0, 1, 0, 2}));
}

CAF_TEST(trees do not see each other) {
  auto other = tree.add_root();
  add("a", 1);
  CAF_CHECK_EQUAL(find_in(tree, other, "a"), 0U);
}

CAF_TEST(placeholders match the client alone) {
  add("dev/%c/x", 1);
  add("user/%u", 2);
  CAF_CHECK_EQUAL(find("dev/c1/x"), 1U);
  CAF_CHECK_EQUAL(find("dev/c2/x"), 0U);
  CAF_CHECK_EQUAL(find("dev/%c/x"), 0U);
  CAF_CHECK_EQUAL(find("user/ann"), 2U);
  CAF_CHECK_EQUAL(find("user/c1"), 0U);
}

CAF_TEST(placeholders are text where they are not wanted) {
  tree.add(root, "dev/%c", 1, 1, false);
  CAF_CHECK_EQUAL(find("dev/%c"), 1U);
  CAF_CHECK_EQUAL(find("dev/c1"), 0U);
}

CAF_TEST(no name and an empty name match no placeholder) {
  add("user/%u", 1);
  who.user_name.reset();
  CAF_CHECK_EQUAL(find("user/"), 0U);
  who.user_name = "";
  CAF_CHECK_EQUAL(find("user/"), 0U);
}

CAF_TEST(names with wildcards or separators match no placeholder) {
  add("dev/%c/#", 1);
  for (auto id : {"+", "#", "a/b", "a+", "/"}) {
    who.client_id = id;
    CAF_CHECK_EQUAL(find(std::string{"dev/"} + id + "/x"), 0U);
    CAF_CHECK_EQUAL(find(std::string{"dev/"} + id), 0U);
  }
}

CAF_TEST(a client named like a dollar topic does not get it) {
  add("%c/#", 1);
  who.client_id = "$SYS";
  CAF_CHECK_EQUAL(find("$SYS/broker"), 0U);
  CAF_CHECK_EQUAL(find("$SYS"), 0U);
}

CAF_TEST(a filter is matched by what covers it) {
  add("a/+/c", 1);
  add("b/#", 2);
  CAF_CHECK_EQUAL(find("a/+/c"), 1U);
  CAF_CHECK_EQUAL(find("a/x/c"), 1U);
  CAF_CHECK_EQUAL(find("a/x/+"), 0U);
  CAF_CHECK_EQUAL(find("a/#"), 0U);
  CAF_CHECK_EQUAL(find("a/+/c/#"), 0U);
  CAF_CHECK_EQUAL(find("b/#"), 2U);
  CAF_CHECK_EQUAL(find("b/+/x/#"), 2U);
  CAF_CHECK_EQUAL(find("#"), 0U);
  CAF_CHECK_EQUAL(find("+/x"), 0U);
  add("c/+", 3);
  CAF_CHECK_EQUAL(find("c/+"), 3U);
  CAF_CHECK_EQUAL(find("c/#"), 0U);
}

CAF_TEST(deep topics and filters are walked to their end) {
  std::string deep(200, '/');
  add(deep, 1);
  add(deep.substr(1) + "#", 2);
  CAF_CHECK_EQUAL(find(deep), 1U);
  CAF_CHECK_EQUAL(find(std::string(65'535, '/')), 2U);
}

CAF_TEST(random filters match as the grammar says) {
  std::mt19937 random{7};
  for (int round = 0; round < 300; ++round) {
    rule_tree many;
    auto here = many.add_root();
    std::deque<std::string> filters;
    for (uint32_t i = 1; i < 12; ++i) {
      filters.push_back(random_path(random, true));
      many.add(here, filters.back(), 1, i, false);
    }
    for (int i = 0; i < 20; ++i) {
      auto topic = random_path(random, false);
      uint32_t expected = 0;
      while (expected < filters.size() && !matches(filters[expected], topic))
        ++expected;
      expected = expected == filters.size() ? 0 : expected + 1;
      CAF_CHECK_EQUAL(find_in(many, here, topic), expected);
    }
  }
}

CAF_TEST(what covers a random filter matches all its topics) {
  std::mt19937 random{11};
  size_t covered = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto rule = random_path(random, true);
    auto filter = random_path(random, true);
    auto topic = random_path(random, false);
    rule_tree one;
    auto here = one.add_root();
    one.add(here, rule, 1, 1, false);
    if (find_in(one, here, filter) == 0 || !matches(filter, topic))
      continue;
    ++covered;
    CAF_CHECK(matches(rule, topic));
  }
  CAF_CHECK(covered > 100);
}

CAF_TEST(a hundred thousand rules are all found again) {
  for (uint32_t i = 1; i <= 100'000; ++i)
    add("site/" + std::to_string(i % 300) + "/d" + std::to_string(i), i);
  size_t wrong = 0;
  for (uint32_t i = 1; i <= 100'000; ++i)
    wrong += find(texts[i - 1]) != i;
  CAF_CHECK_EQUAL(wrong, 0U);
}

CAF_TEST_FIXTURE_SCOPE_END()
