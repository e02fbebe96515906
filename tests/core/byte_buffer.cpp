#include "core/byte_buffer.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <string>

using namespace troupe;

namespace {

std::string text(const byte_buffer& buffer) {
  return std::string{buffer.view()};
}

} // namespace

CAF_TEST(an empty buffer owns no memory) {
  byte_buffer buffer;
  CAF_CHECK(buffer.empty());
  CAF_CHECK_EQUAL(buffer.capacity(), 0u);
  buffer.append("");
  CAF_CHECK_EQUAL(buffer.capacity(), 0u);
}

CAF_TEST(bytes come out in the order they went in) {
  byte_buffer buffer;
  buffer.append("abc");
  buffer.push_back('d');
  const uint8_t more[] = {'e', 'f'};
  buffer.append(more);
  CAF_CHECK_EQUAL(text(buffer), "abcdef");
  buffer.consume(2);
  CAF_CHECK_EQUAL(text(buffer), "cdef");
  CAF_CHECK_EQUAL(buffer.size(), 4u);
}

CAF_TEST(reserved bytes count once they are committed) {
  byte_buffer buffer;
  std::memcpy(buffer.reserve(10), "0123456789", 10);
  CAF_CHECK(buffer.empty());
  buffer.commit(4);
  CAF_CHECK_EQUAL(text(buffer), "0123");
}

CAF_TEST(truncating keeps the front) {
  byte_buffer buffer;
  buffer.append("abcdef");
  buffer.consume(1);
  buffer.truncate(3);
  CAF_CHECK_EQUAL(text(buffer), "bcd");
}

CAF_TEST(clearing keeps the memory and releasing gives it back) {
  byte_buffer buffer;
  buffer.append("abc");
  auto capacity = buffer.capacity();
  buffer.clear();
  CAF_CHECK(buffer.empty());
  CAF_CHECK_EQUAL(buffer.capacity(), capacity);
  buffer.release();
  CAF_CHECK_EQUAL(buffer.capacity(), 0u);
  buffer.append("again");
  CAF_CHECK_EQUAL(text(buffer), "again");
}

CAF_TEST(moving takes the bytes along) {
  byte_buffer from;
  from.append("abc");
  byte_buffer to{std::move(from)};
  CAF_CHECK_EQUAL(text(to), "abc");
  byte_buffer other;
  other.append("other");
  other = std::move(to);
  CAF_CHECK_EQUAL(text(other), "abc");
  CAF_CHECK(to.empty());
}

CAF_TEST(consumed room is used again) {
  byte_buffer buffer;
  buffer.append(std::string(60, 'a'));
  auto capacity = buffer.capacity();
  buffer.consume(58);
  buffer.append(std::string(50, 'b'));
  CAF_CHECK_EQUAL(buffer.capacity(), capacity);
  CAF_CHECK_EQUAL(text(buffer), "aa" + std::string(50, 'b'));
}

CAF_TEST(a queue of bytes keeps its content through any mix of calls) {
  byte_buffer buffer;
  std::string model;
  unsigned state = 1;
  for (int i = 0; i < 5000; ++i) {
    state = state * 1'103'515'245 + 12'345;
    auto count = (state >> 16) % 97;
    if (state >> 31 != 0) {
      std::string piece(count, static_cast<char>('a' + i % 26));
      buffer.append(piece);
      model += piece;
    } else {
      count = std::min<unsigned>(count, static_cast<unsigned>(model.size()));
      buffer.consume(count);
      model.erase(0, count);
    }
    CAF_REQUIRE(buffer.view() == model);
  }
}
