#include "security/secret.hpp"

#include <caf/test/dsl.hpp>

#include <string>
#include <utility>

using namespace troupe::security;

CAF_TEST(wiping leaves no byte in the memory of a string) {
  // Short ones are kept in the string itself.
  for (size_t size : {4, 15, 16, 1000}) {
    std::string text(size, 'x');
    const auto* bytes = text.data();
    wipe(text);
    CAF_CHECK(text.empty());
    CAF_CHECK(text.data() == bytes);
    CAF_CHECK_EQUAL(std::string(bytes, size), std::string(size, '\0'));
  }
}

CAF_TEST(what is made secret is gone where it came from) {
  for (size_t size : {4, 1000}) {
    std::string text(size, 'x');
    secret kept{std::move(text)};
    CAF_CHECK(text.empty());
    CAF_CHECK_EQUAL(kept.view(), std::string(size, 'x'));
    secret moved{std::move(kept)};
    CAF_CHECK(kept.empty());
    kept = std::move(moved);
    CAF_CHECK(moved.empty());
    CAF_CHECK_EQUAL(kept.view(), std::string(size, 'x'));
  }
}

CAF_TEST(only the same bytes are equal) {
  CAF_CHECK(equal_in_constant_time("", ""));
  CAF_CHECK(equal_in_constant_time({"a\0b", 3}, {"a\0b", 3}));
  CAF_CHECK(!equal_in_constant_time({"a\0b", 3}, {"a\0c", 3}));
  CAF_CHECK(!equal_in_constant_time("a", "ab"));
  CAF_CHECK(!equal_in_constant_time("a", ""));
}
