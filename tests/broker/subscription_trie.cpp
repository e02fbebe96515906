#include "broker/subscription_trie.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

namespace {

using strings = std::vector<std::string>;

strings split(const std::string& text) {
  strings levels{""};
  for (auto c : text)
    if (c == '/')
      levels.emplace_back();
    else
      levels.back() += c;
  return levels;
}

// The rules of MQTT 4.7 written down as naively as possible.
bool naive_match(const strings& filter, size_t f, const strings& topic,
                 size_t t) {
  if (f == filter.size())
    return t == topic.size();
  if (filter[f] == "#")
    return true;
  if (t == topic.size())
    return false;
  return (filter[f] == "+" || filter[f] == topic[t])
         && naive_match(filter, f + 1, topic, t + 1);
}

bool naive_match(const std::string& filter, const std::string& topic) {
  if (topic.starts_with('$') && (filter[0] == '+' || filter[0] == '#'))
    return false;
  return naive_match(split(filter), 0, split(topic), 0);
}

trie_entry subscriber(uint32_t number) {
  trie_entry entry;
  entry.subscriber = number;
  return entry;
}

std::vector<uint32_t> matches(const subscription_trie& trie,
                              const std::string& topic) {
  std::vector<uint32_t> found;
  trie.match(topic,
             [&](const trie_entry& x) { found.push_back(x.subscriber); });
  return found;
}

bool matches(const std::string& filter, const std::string& topic) {
  subscription_trie trie;
  trie.insert(filter, subscriber(1));
  return matches(trie, topic).size() == 1;
}

std::string pick(std::mt19937& random, const strings& from) {
  return from[random() % from.size()];
}

// Few names, so that filters and topics meet often.
std::string random_topic(std::mt19937& random) {
  static const strings names{"",
                             "a",
                             "b",
                             "c",
                             "$a",
                             "long-name-of-a-level-ab",
                             "0123456789012345678901"};
  auto text = pick(random, names);
  for (auto more = random() % 5; more > 0; --more)
    text.append("/").append(pick(random, names));
  return text.empty() ? "a" : text;
}

std::string random_filter(std::mt19937& random) {
  auto levels = split(random_topic(random));
  for (auto& level : levels)
    if (random() % 3 == 0)
      level.assign(1, '+');
  if (random() % 3 == 0)
    levels.back().assign(1, '#');
  auto text = levels[0];
  for (size_t i = 1; i < levels.size(); ++i)
    text.append("/").append(levels[i]);
  return text.empty() ? "+" : text;
}

// What a broker that scans a list would hold, next to the trie.
struct twin {
  subscription_trie trie;
  std::map<std::tuple<std::string, uint32_t, bool>, uint32_t> list;

  void insert(const std::string& filter, trie_entry entry) {
    auto is_new =
        list.insert_or_assign({filter, entry.subscriber, entry.is_group},
                              entry.identifier)
            .second;
    CAF_CHECK_EQUAL(trie.insert(filter, entry), is_new);
  }
  void erase(const std::string& filter, uint32_t subscriber, bool is_group) {
    auto was_there = list.erase({filter, subscriber, is_group}) != 0;
    CAF_CHECK_EQUAL(trie.erase(filter, subscriber, is_group), was_there);
  }
  void compare(const std::string& topic) const {
    using seen = std::tuple<uint32_t, bool, uint32_t>;
    std::vector<seen> expected;
    for (const auto& [key, identifier] : list)
      if (naive_match(std::get<0>(key), topic))
        expected.emplace_back(std::get<1>(key), std::get<2>(key), identifier);
    std::vector<seen> found;
    trie.match(topic, [&](const trie_entry& x) {
      found.emplace_back(x.subscriber, x.is_group, x.identifier);
    });
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    if (found != expected)
      CAF_FAIL("other subscriptions than expected match " << topic);
  }
};

struct row {
  const char* filter;
  const char* topic;
  bool is_match;
};

const row table[] = {
    {"a", "a", true},           {"a", "b", false},
    {"a", "aa", false},         {"aa", "a", false},
    {"a", "A", false},          {"a", "a/", false},
    {"a/", "a", false},         {"a/", "a/", true},
    {"/a", "a", false},         {"/a", "/a", true},
    {"/", "/", true},           {"/", "//", false},
    {"a//b", "a//b", true},     {"a//b", "a/b", false},
    {"a/b", "a//b", false},     {"+", "a", true},
    {"+", "a/b", false},        {"+", "/", false},
    {"+", "/a", false},         {"+/+", "/a", true},
    {"+/+", "/", true},         {"/+", "/a", true},
    {"+/", "a/", true},         {"+/", "a", false},
    {"a/+/c", "a/b/c", true},   {"a/+/c", "a//c", true},
    {"a/+/c", "a/b/d", false},  {"a/+/c", "a/b/b/c", false},
    {"a/+", "a", false},        {"a/+", "a/", true},
    {"a/+", "a/b", true},       {"#", "a", true},
    {"#", "a/b/c", true},       {"#", "/", true},
    {"a/#", "a", true},         {"a/#", "a/", true},
    {"a/#", "a/b/c", true},     {"a/#", "ab", false},
    {"a/#", "b/a", false},      {"/#", "/", true},
    {"/#", "a", false},         {"+/#", "a", true},
    {"+/#", "a/b/c", true},     {"+/b/#", "a/b", true},
    {"+/b/#", "a/c", false},    {"a/+/#", "a", false},
    {"a/+/#", "a/b", true},     {"#", "$SYS/a", false},
    {"+/a", "$SYS/a", false},   {"+", "$SYS", false},
    {"+/#", "$SYS/a", false},   {"$SYS/#", "$SYS/a", true},
    {"$SYS/#", "$SYS", true},   {"$SYS/+", "$SYS/a", true},
    {"$SYS/a", "$SYS/a", true}, {"a/+", "a/$b", true},
    {"a/#", "a/$b", true},      {"#", "a/$b", true},
    {"a/$b", "a/$b", true},
};

std::string repeat(const std::string& what, size_t count,
                   const std::string& last) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += what;
  return text + last;
}

} // namespace

CAF_TEST(filters match the topics that the specification says) {
  for (const auto& [filter, topic, is_match] : table) {
    if (matches(filter, topic) != is_match)
      CAF_FAIL(filter << (is_match ? " does not match " : " matches ")
                      << topic);
    CAF_CHECK_EQUAL(naive_match(filter, topic), is_match);
  }
}

CAF_TEST(an empty trie matches nothing) {
  subscription_trie trie;
  CAF_CHECK(matches(trie, "a").empty());
  CAF_CHECK(matches(trie, "$SYS").empty());
  CAF_CHECK(!trie.erase("a", 1, false));
  CAF_CHECK_EQUAL(trie.size(), 0u);
}

CAF_TEST(overlapping filters of one subscriber give one call each) {
  subscription_trie trie;
  for (auto filter : {"a/b", "a/+", "a/#", "+/b", "#"})
    CAF_CHECK(trie.insert(filter, subscriber(7)));
  CAF_CHECK_EQUAL(matches(trie, "a/b"), std::vector<uint32_t>(5, 7));
}

CAF_TEST(a second subscription to the same filter replaces the first) {
  subscription_trie trie;
  auto entry = subscriber(1);
  CAF_CHECK(trie.insert("a", entry));
  entry.identifier = 5;
  entry.qos = protocol::qos::exactly_once;
  entry.no_local = entry.retain_as_published = true;
  CAF_CHECK(!trie.insert("a", entry));
  CAF_CHECK_EQUAL(trie.size(), 1u);
  trie.match("a", [&](const trie_entry& x) { CAF_CHECK(x == entry); });
}

CAF_TEST(a session and a group with the same number are different) {
  subscription_trie trie;
  auto group = subscriber(1);
  group.is_group = true;
  CAF_CHECK(trie.insert("a", subscriber(1)));
  CAF_CHECK(trie.insert("a", group));
  CAF_CHECK_EQUAL(matches(trie, "a").size(), 2u);
  CAF_CHECK(trie.erase("a", 1, false));
  CAF_CHECK(!trie.erase("a", 1, false));
  trie.match("a", [&](const trie_entry& x) { CAF_CHECK(x.is_group); });
  CAF_CHECK_EQUAL(trie.size(), 1u);
}

CAF_TEST(erasing needs the very filter and not one that matches the same) {
  subscription_trie trie;
  trie.insert("a/+", subscriber(1));
  for (auto other : {"a/b", "a/#", "a", "+/+", "a/+/c", "a/+/"})
    CAF_CHECK(!trie.erase(other, 1, false));
  CAF_CHECK(!trie.erase("a/+", 2, false));
  CAF_CHECK_EQUAL(matches(trie, "a/b").size(), 1u);
}

CAF_TEST(erasing a filter leaves those above and below it alone) {
  subscription_trie trie;
  for (auto filter : {"a", "a/b", "a/b/c", "a/+", "a/#"})
    trie.insert(filter, subscriber(1));
  CAF_CHECK(trie.erase("a/b", 1, false));
  CAF_CHECK_EQUAL(matches(trie, "a").size(), 2u);
  CAF_CHECK_EQUAL(matches(trie, "a/b").size(), 2u);
  CAF_CHECK_EQUAL(matches(trie, "a/b/c").size(), 2u);
  CAF_CHECK(trie.erase("a/b/c", 1, false));
  CAF_CHECK(trie.erase("a/#", 1, false));
  CAF_CHECK_EQUAL(matches(trie, "a/b/c").size(), 0u);
  CAF_CHECK_EQUAL(matches(trie, "a/x").size(), 1u);
}

CAF_TEST(subscribers of one filter come in the order of subscription) {
  subscription_trie trie;
  std::vector<uint32_t> expected;
  for (uint32_t i = 0; i < 1000; ++i) {
    trie.insert("a", subscriber(i * 7919 % 1000));
    expected.push_back(i * 7919 % 1000);
  }
  CAF_CHECK(matches(trie, "a") == expected);
  for (uint32_t gone = 0; gone < 995; ++gone) {
    CAF_CHECK(trie.erase("a", gone, false));
    std::erase(expected, gone);
    if (gone % 50 == 0 || gone > 950)
      CAF_CHECK(matches(trie, "a") == expected);
  }
}

CAF_TEST(a node with many children finds each of them) {
  subscription_trie trie;
  constexpr uint32_t count = 20'000;
  for (uint32_t i = 0; i < count; ++i)
    trie.insert("a/" + std::to_string(i) + "/v", subscriber(i));
  CAF_CHECK_EQUAL(trie.size(), count);
  for (uint32_t i = 0; i < count; ++i)
    if (matches(trie, "a/" + std::to_string(i) + "/v")
        != std::vector<uint32_t>{i})
      CAF_FAIL("lost child " << i);
  for (uint32_t i = 0; i < count; i += 2)
    trie.erase("a/" + std::to_string(i) + "/v", i, false);
  for (uint32_t i = 0; i < count; ++i)
    if (matches(trie, "a/" + std::to_string(i) + "/v").size() != i % 2)
      CAF_FAIL("wrong child " << i);
}

CAF_TEST(levels of every length are told apart by their last byte) {
  subscription_trie trie;
  for (uint32_t size = 0; size < 100; ++size)
    trie.insert("x/" + std::string(size, 'y') + "a", subscriber(size));
  trie.insert("x/" + std::string(65'000, 'y'), subscriber(1000));
  for (uint32_t size = 0; size < 100; ++size) {
    auto topic = "x/" + std::string(size, 'y');
    CAF_CHECK_EQUAL(matches(trie, topic + "a"), std::vector<uint32_t>{size});
    CAF_CHECK(matches(trie, topic + "b").empty());
  }
  CAF_CHECK_EQUAL(matches(trie, "x/" + std::string(65'000, 'y')).size(), 1u);
}

CAF_TEST(filters and topics of 201 levels work) {
  subscription_trie trie;
  trie.insert(repeat("+/", 200, "+"), subscriber(1));
  trie.insert(repeat("a/", 200, "#"), subscriber(2));
  trie.insert(repeat("a/", 200, "a"), subscriber(3));
  trie.insert(repeat("/", 200, ""), subscriber(4));
  CAF_CHECK_EQUAL(matches(trie, repeat("a/", 200, "a")).size(), 3u);
  CAF_CHECK_EQUAL(matches(trie, repeat("a/", 199, "a")).size(), 1u);
  CAF_CHECK_EQUAL(matches(trie, repeat("/", 200, "")).size(), 2u);
}

CAF_TEST(a topic or filter of more than 201 levels is turned down) {
  subscription_trie trie;
  trie.insert("#", subscriber(1));
  CAF_CHECK(!trie.insert(repeat("a/", 201, "a"), subscriber(2)));
  CAF_CHECK(!trie.erase(repeat("a/", 201, "a"), 2, false));
  CAF_CHECK(matches(trie, repeat("a/", 201, "a")).empty());
  CAF_CHECK_EQUAL(trie.size(), 1u);
}

CAF_TEST(a filter of many wildcards costs no more than the nodes it has) {
  // 2^16 paths of `a` and `+` through the topic, of which 17 exist.
  subscription_trie trie;
  constexpr size_t depth = 150;
  for (size_t i = 0; i <= depth; ++i)
    trie.insert(repeat("+/", i, repeat("a/", depth - i, "x")),
                subscriber(static_cast<uint32_t>(i)));
  CAF_CHECK_EQUAL(matches(trie, repeat("a/", depth, "x")).size(), depth + 1);
  CAF_CHECK_EQUAL(matches(trie, repeat("a/", depth, "y")).size(), 0u);
}

CAF_TEST(the trie agrees with a list that is scanned) {
  std::mt19937 random{42};
  for (int round = 0; round < 20; ++round) {
    twin both;
    for (int i = 0; i < 600; ++i) {
      trie_entry entry;
      entry.subscriber = random() % 8;
      entry.is_group = random() % 4 == 0;
      entry.identifier = random() % 1000;
      auto filter = random_filter(random);
      if (random() % 5 < 3)
        both.insert(filter, entry);
      else
        both.erase(filter, entry.subscriber, entry.is_group);
      if (i % 4 == 0)
        both.compare(random_topic(random));
    }
    CAF_CHECK_EQUAL(both.trie.size(), both.list.size());
    while (!both.list.empty()) {
      auto victim = std::next(both.list.begin(), random() % both.list.size());
      auto [filter, subscriber, is_group] = victim->first;
      both.erase(filter, subscriber, is_group);
      if (both.list.size() % 16 == 0)
        both.compare(random_topic(random));
    }
    CAF_CHECK_EQUAL(both.trie.size(), 0u);
  }
}

CAF_TEST(many subscribers of one filter agree with a list that is scanned) {
  std::mt19937 random{7};
  twin both;
  for (int i = 0; i < 20'000; ++i) {
    trie_entry entry;
    // Swells and shrinks between a handful and some hundred.
    auto range = 1 + (i / 1000 % 2 == 0 ? 400u : 30u);
    entry.subscriber = random() % range;
    entry.identifier = random() % 1000;
    if (random() % 2 == 0)
      both.insert("a/b", entry);
    else
      both.erase("a/b", random() % 400, false);
    if (i % 50 == 0)
      both.compare("a/b");
  }
}
