#include "storage/difference.hpp"

#include "storage/bytes.hpp"

#include <caf/test/unit_test.hpp>

#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace troupe::storage;

namespace {

std::string difference(std::string_view before, std::string_view now) {
  std::string result;
  CAF_REQUIRE(append_difference(result, before, now, 2 * now.size() + 2));
  return result;
}

std::optional<std::string> applied(std::string_view what, std::string before) {
  record_reader in{what};
  if (!apply_difference(in, before.data(), before.size()) || !in.is_done())
    return std::nullopt;
  return before;
}

std::string some_bytes(std::mt19937& random, size_t size) {
  std::string result(size, '\0');
  for (auto& each : result)
    each = static_cast<char>(random());
  return result;
}

} // namespace

CAF_TEST(what is the same costs a byte) {
  CAF_CHECK(difference("", "").empty());
  CAF_CHECK_EQUAL(difference("same", "same"), (std::string{"\0", 1}));
  std::string long_one(600, 'x');
  CAF_CHECK_EQUAL(difference(long_one, long_one).size(), 1u);
}

CAF_TEST(what differs is said with where it is) {
  CAF_CHECK_EQUAL(difference("21.53", "21.54"), std::string{"\x41"
                                                            "4"});
  CAF_CHECK_EQUAL(difference("21.53 C", "22.54 C"), (std::string{"\x11"
                                                                 "2\x21"
                                                                 "4\0",
                                                                 5}));
  // One that is the same between two that are not is not worth a step.
  CAF_CHECK_EQUAL(difference("21.53 C", "22.64 C"), (std::string{"\x14"
                                                                 "2.64\0",
                                                                 6}));
  CAF_CHECK_EQUAL(difference("a12345b", "c12345d"), std::string{"\x01"
                                                                "c\x51"
                                                                "d"});
  // Behind fifteen that are the same the next byte says how many more.
  CAF_CHECK_EQUAL(difference("0123456789abcde-", "0123456789abcde+"),
                  (std::string{"\xf1\0+", 3}));
}

CAF_TEST(any bytes become any others) {
  std::mt19937 random{3};
  for (int i = 0; i < 20'000; ++i) {
    auto before = some_bytes(random, random() % 700);
    auto now = before;
    for (auto changes = random() % 8; changes > 0 && !now.empty(); --changes) {
      auto at = random() % now.size();
      auto size = std::min<size_t>(now.size() - at, random() % 40);
      now.replace(at, size, some_bytes(random, size));
    }
    auto found = applied(difference(before, now), before);
    CAF_REQUIRE(found);
    CAF_REQUIRE_EQUAL(*found, now);
  }
}

CAF_TEST(a difference that is too long leaves nothing behind) {
  std::string to = "before";
  CAF_CHECK(!append_difference(to, "12345", "abcde", 5));
  CAF_CHECK_EQUAL(to, std::string{"before"});
  CAF_CHECK(append_difference(to, "12345", "abcde", 6));
  CAF_CHECK_EQUAL(to, std::string{"before\x05"
                                  "abcde"});
}

CAF_TEST(a difference that does not fit is none) {
  for (std::string_view each : {"", "\x41",
                                "\x51"
                                "5",
                                "\x42"
                                "45",
                                "\x06"
                                "abcdef",
                                "\xf1", "\x10",
                                "\x41"
                                "4x"})
    CAF_CHECK(!applied(each, "21.53"));
  CAF_CHECK(!applied({"\x40\0", 2}, "21.53"));
  CAF_CHECK(applied({"\0", 1}, "21.53"));
}

CAF_TEST(nothing in a difference is trusted) {
  std::mt19937 random{9};
  for (int i = 0; i < 50'000; ++i) {
    auto noise = some_bytes(random, random() % 30);
    // Of their own, so that a sanitizer sees what is read or written behind.
    std::vector<char> what(noise.begin(), noise.end());
    std::vector<char> bytes(random() % 300, 'x');
    record_reader in{{what.data(), what.size()}};
    if (apply_difference(in, bytes.data(), bytes.size()))
      CAF_REQUIRE(!in.failed());
  }
}
