#include "security/ruling_cache.hpp"

#include <caf/test/dsl.hpp>

#include <map>
#include <random>
#include <string>

using namespace troupe::security;

CAF_TEST(an unused cache has no memory) {
  ruling_cache cache;
  CAF_CHECK_EQUAL(cache.capacity(), 0U);
  CAF_CHECK(!cache.find(action::publish, "a"));
  cache.clear();
  CAF_CHECK(!cache.find(action::publish, ""));
}

CAF_TEST(what was put in is found) {
  ruling_cache cache;
  cache.put(action::publish, "a", true);
  cache.put(action::receive, "a", false);
  cache.put(action::receive, "", true);
  CAF_CHECK(cache.find(action::publish, "a") == true);
  CAF_CHECK(cache.find(action::receive, "a") == false);
  CAF_CHECK(cache.find(action::receive, "") == true);
  CAF_CHECK(!cache.find(action::subscribe, "a"));
  CAF_CHECK(!cache.find(action::receive, "b"));
  CAF_CHECK_EQUAL(cache.capacity(), ruling_cache::least_size);
}

CAF_TEST(a cleared cache knows nothing and works on) {
  ruling_cache cache;
  cache.put(action::publish, "a", true);
  cache.clear();
  CAF_CHECK(!cache.find(action::publish, "a"));
  cache.put(action::publish, "a", false);
  CAF_CHECK(cache.find(action::publish, "a") == false);
}

CAF_TEST(memory grows with use up to a limit) {
  ruling_cache cache;
  size_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    cache.put(action::receive, "topic/" + std::to_string(i), i % 2 == 0);
    CAF_CHECK(cache.find(action::receive, "topic/" + std::to_string(i)));
    CAF_CHECK(cache.capacity() >= last);
    last = cache.capacity();
  }
  CAF_CHECK_EQUAL(last, ruling_cache::most_size);
}

CAF_TEST(topics of any length are remembered rightly or not at all) {
  ruling_cache cache;
  for (size_t size : {0U, 1U, 240U, 241U, 512U, 513U, 65'535U}) {
    std::string topic(size, 'x');
    cache.put(action::publish, topic, true);
    auto is_short = size <= ruling_cache::longest_topic;
    CAF_CHECK_EQUAL(cache.find(action::publish, topic).has_value(), is_short);
    CAF_CHECK(!cache.find(action::publish, topic + "y"));
  }
  CAF_CHECK(cache.capacity() <= ruling_cache::most_size);
}

CAF_TEST(a cache never says what it was not told) {
  std::mt19937 random{3};
  ruling_cache cache;
  std::map<std::pair<action, std::string>, bool> model;
  size_t hits = 0;
  for (int i = 0; i < 50'000; ++i) {
    auto what = static_cast<action>(random() % 4);
    std::string topic(random() % (i % 100 == 0 ? 600 : 30), 'a');
    topic += std::to_string(random() % 20);
    auto known = cache.find(what, topic);
    auto expected = model.find({what, topic});
    if (random() % 5000 == 0) {
      cache.clear();
      model.clear();
    } else if (known) {
      ++hits;
      CAF_REQUIRE(expected != model.end());
      CAF_REQUIRE_EQUAL(*known, expected->second);
    } else {
      model[{what, topic}] = random() % 2 == 0;
      cache.put(what, topic, model[{what, topic}]);
    }
  }
  CAF_CHECK(hits > 100);
}
