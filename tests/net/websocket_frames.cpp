#include "net/websocket_frames.hpp"

#include "websocket_bytes.hpp"

#include <caf/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::string_view_literals;
using net::close_code;
using net::frame_reader;
using net::websocket_role;
using test::binary;
using test::closing;
using test::frame;
using test::raw_frame;

namespace {

/// What a reader made of a stream.
struct outcome {
  std::string payload;
  std::string pong;
  frame_reader::state state{};
  close_code code{};

  bool operator==(const outcome&) const = default;
};

/// Reads `bytes` in pieces of `step`, each in memory of its own.
outcome read(std::string_view bytes, size_t step = ~size_t{},
             websocket_role role = websocket_role::server,
             uint64_t largest_frame = 0) {
  frame_reader reader{role, largest_frame};
  byte_buffer pong;
  outcome sum;
  while (!bytes.empty()) {
    auto part = bytes.substr(0, step);
    bytes.remove_prefix(part.size());
    std::vector<uint8_t> memory{part.begin(), part.end()};
    auto size = reader.unwrap(memory, pong);
    if (size > memory.size()) // a check per byte would take seconds to print
      CAF_FAIL("more payload than bytes");
    sum.payload.append(memory.begin(), memory.begin() + size);
  }
  sum.pong = pong.view();
  sum.state = reader.current();
  sum.code = reader.code();
  return sum;
}

void check_failure(std::string_view bytes, close_code code,
                   uint64_t largest_frame = 0) {
  for (size_t step : {size_t{1}, size_t{3}, ~size_t{}}) {
    auto got = read(bytes, step, websocket_role::server, largest_frame);
    CAF_CHECK(got.state == frame_reader::state::failed);
    CAF_CHECK_EQUAL(static_cast<int>(got.code), static_cast<int>(code));
  }
}

} // namespace

CAF_TEST(what is in binary frames is given out) {
  CAF_CHECK_EQUAL(read(binary("hello")).payload, "hello");
  CAF_CHECK_EQUAL(read(binary("")).payload, "");
  CAF_CHECK_EQUAL(read(binary("a") + binary("") + binary("bc")).payload, "abc");
}

CAF_TEST(a stream may be cut anywhere) {
  std::string large(70'000, 'x');
  for (size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>(i * 7);
  auto stream = binary("one") + frame(0x02, "two") + frame(0x89, "ping")
                + frame(0x00, std::string(300, '3')) + frame(0x8a, "pong")
                + frame(0x80, "four") + binary(large) + frame(0x89, "last");
  auto whole = read(stream);
  CAF_CHECK_EQUAL(whole.payload,
                  "onetwo" + std::string(300, '3') + "four" + large);
  CAF_CHECK(whole.state == frame_reader::state::open);
  CAF_CHECK_EQUAL(whole.pong, frame(0x8a, "last", false));
  for (size_t step : {1, 2, 3, 5, 7, 13, 127, 4095, 4096, 4097, 65'536})
    CAF_CHECK(read(stream, step) == whole);
}

CAF_TEST(frames of every form of length are read) {
  for (size_t size : {0, 1, 125, 126, 127, 4083, 4096, 65'535, 65'536}) {
    std::string payload(size, 'p');
    CAF_CHECK_EQUAL(read(binary(payload)).payload, payload);
    CAF_CHECK_EQUAL(
        read(binary(payload, false), 100, websocket_role::client).payload,
        payload);
  }
}

CAF_TEST(what is written is read by the other side) {
  for (auto role : {websocket_role::client, websocket_role::server})
    for (size_t size : {1, 125, 126, 65'535, 65'536}) {
      byte_buffer out;
      auto mask = net::make_mask(role);
      CAF_CHECK_EQUAL(mask.has_value(), role == websocket_role::client);
      net::append_binary_header(out, size, mask);
      std::string bytes{out.view()};
      for (size_t i = 0; i < size; ++i)
        bytes += static_cast<char>(mask ? 'y' ^ (*mask)[i % 4] : 'y');
      auto other = role == websocket_role::client ? websocket_role::server
                                                  : websocket_role::client;
      CAF_CHECK_EQUAL(read(bytes, ~size_t{}, other).payload,
                      std::string(size, 'y'));
    }
}

CAF_TEST(a ping is answered with what it brought) {
  std::string longest(125, 'z');
  CAF_CHECK_EQUAL(read(frame(0x89, "")).pong, frame(0x8a, "", false));
  CAF_CHECK_EQUAL(read(frame(0x89, longest), 1).pong,
                  frame(0x8a, longest, false));
  CAF_CHECK_EQUAL(read(frame(0x89, "1") + frame(0x89, "2")).pong,
                  frame(0x8a, "2", false));
  CAF_CHECK_EQUAL(read(frame(0x8a, "unasked")).pong, "");
}

CAF_TEST(a client masks its pongs) {
  auto got = read(frame(0x89, "abc", false), 1, websocket_role::client);
  CAF_CHECK_EQUAL(got.pong.size(), 2u + 4 + 3);
  CAF_CHECK_EQUAL(got.pong.substr(0, 2), "\x8a\x83");
}

CAF_TEST(a close frame ends the stream with its code) {
  for (auto code : {1000, 1001, 1003, 1011, 1014, 3000, 4999}) {
    auto got = read(binary("x") + closing(code, "bye") + binary("ignored"), 1);
    CAF_CHECK(got.state == frame_reader::state::closed);
    CAF_CHECK_EQUAL(static_cast<int>(got.code), code);
    CAF_CHECK_EQUAL(got.payload, "x");
  }
  auto bare = read(frame(0x88, ""));
  CAF_CHECK(bare.state == frame_reader::state::closed);
  CAF_CHECK(bare.code == close_code::normal);
}

CAF_TEST(a close frame may come within a message) {
  auto got = read(frame(0x02, "half") + closing(1001));
  CAF_CHECK(got.state == frame_reader::state::closed);
  CAF_CHECK_EQUAL(got.payload, "half");
}

CAF_TEST(a close frame must have a code that can be sent and a text) {
  check_failure(frame(0x88, "\x03"), close_code::protocol_error);
  for (auto code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65'535})
    check_failure(closing(code), close_code::protocol_error);
  check_failure(closing(1000, "\xff"), close_code::invalid_text);
  check_failure(closing(1000, "\xed\xa0\x80"), close_code::invalid_text);
  check_failure(closing(1000, "cut \xc3"), close_code::invalid_text);
  auto fine = read(closing(1000, "\x01 \xc2\x85 \xc3\xa4 \xe2\x82\xac"));
  CAF_CHECK(fine.state == frame_reader::state::closed);
}

CAF_TEST(text frames are not for MQTT) {
  check_failure(frame(0x81, "text"), close_code::unsupported_data);
  check_failure(frame(0x01, "te") + frame(0x80, "xt"),
                close_code::unsupported_data);
  check_failure(frame(0x81, ""), close_code::unsupported_data);
}

CAF_TEST(what breaks the protocol is refused) {
  using enum close_code;
  check_failure(binary("unmasked", false), protocol_error);
  check_failure(frame(0x89, "", false), protocol_error);
  for (uint8_t reserved : {0x40, 0x20, 0x10, 0x70})
    check_failure(frame(0x82 | reserved, "x"), protocol_error);
  for (uint8_t opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    check_failure(frame(0x80 | opcode, "x"), protocol_error);
  check_failure(frame(0x80, "of nothing"), protocol_error);
  check_failure(frame(0x02, "a") + frame(0x82, "b"), protocol_error);
  check_failure(frame(0x02, "a") + frame(0x81, "b"), protocol_error);
  check_failure(binary("a") + frame(0x80, "b"), protocol_error);
  for (uint8_t control : {0x08, 0x09, 0x0a})
    check_failure(frame(control, "fragmented"), protocol_error);
  for (uint8_t control : {0x88, 0x89, 0x8a})
    check_failure(frame(control, std::string(126, 'x')), protocol_error);
  check_failure(raw_frame(0x82, 125, 2, "x", true), protocol_error);
  check_failure(raw_frame(0x82, 65'535, 8, "x", true), protocol_error);
  check_failure("GET / HTTP/1.1\r\n\r\n", protocol_error);
}

CAF_TEST(what came before a violation is given out) {
  auto got = read(binary("good") + frame(0x81, "bad") + binary("never"));
  CAF_CHECK_EQUAL(got.payload, "good");
}

CAF_TEST(masked frames of a server are refused) {
  auto got = read(binary("x"), 1, websocket_role::client);
  CAF_CHECK(got.state == frame_reader::state::failed);
  CAF_CHECK(got.code == close_code::protocol_error);
}

CAF_TEST(no frame has two to the power of 63 bytes) {
  constexpr uint64_t huge = uint64_t{1} << 63;
  check_failure(raw_frame(0x82, huge, 8, "x", true),
                close_code::protocol_error);
  check_failure(raw_frame(0x82, ~uint64_t{}, 8, "x", true),
                close_code::protocol_error);
}

CAF_TEST(the largest frame there can be is passed on as it comes) {
  constexpr uint64_t largest = (uint64_t{1} << 63) - 1;
  auto bytes = raw_frame(0x82, largest, 8, "begins", true);
  auto got = read(bytes);
  CAF_CHECK(got.state == frame_reader::state::open);
  CAF_CHECK_EQUAL(got.payload, "begins");
  check_failure(bytes, close_code::too_big, largest - 1);
}

CAF_TEST(frames above the limit are refused) {
  auto limited = [](std::string_view bytes) {
    return read(bytes, 1, websocket_role::server, 10).state;
  };
  CAF_CHECK(limited(binary("0123456789")) == frame_reader::state::open);
  CAF_CHECK(limited(frame(0x89, "longer than ten"))
            == frame_reader::state::open);
  check_failure(binary("0123456789a"), close_code::too_big, 10);
  check_failure(frame(0x02, "a") + frame(0x80, "0123456789a"),
                close_code::too_big, 10);
}

CAF_TEST(random bytes do no harm) {
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    std::minstd_rand random{seed};
    std::string bytes(random() % 300, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random());
    // Every other stream begins like one of a client.
    if (seed % 2 != 0)
      bytes.insert(0, frame(seed % 4 == 1 ? 0x02 : 0x82, "x"));
    auto whole = read(bytes, ~size_t{}, websocket_role::server, 100'000);
    CAF_REQUIRE(read(bytes, 1 + seed % 9, websocket_role::server, 100'000)
                == whole);
  }
}

CAF_TEST(a close frame tells the code and why) {
  byte_buffer out;
  net::append_close(out, close_code::too_big, "too much",
                    websocket_role::server);
  CAF_CHECK_EQUAL(out.view(), closing(1009, "too much", false));
  out.clear();
  net::append_close(out, close_code::normal, std::string(200, 'w'),
                    websocket_role::server);
  CAF_CHECK_EQUAL(out.view(), closing(1000, std::string(123, 'w'), false));
}
