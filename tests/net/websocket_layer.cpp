#include "net/websocket_layer.hpp"

#include "pairs.hpp"
#include "websocket_bytes.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::string_view_literals;
using kind = net::io_result::kind;
using net::io_result;
using test::binary;
using test::closing;
using test::frame;
using test::good_request;
using test::replaced;

namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// Everything that waits in `from`.
std::string all_of(net::socket& from) {
  std::string text;
  std::array<uint8_t, 4096> room;
  for (;;) {
    auto got = from.read(room);
    if (got.what != kind::done)
      return text;
    text.append(room.begin(), room.begin() + got.bytes);
  }
}

struct fixture {
  fixture() { open(net::websocket_policy{}); }

  void open(net::websocket_policy policy, bool small = false,
            std::unique_ptr<net::layer> below = nullptr) {
    auto [here, there] = net::make_pair(small);
    server = net::stream{
        std::move(here),
        net::accept_websocket(
            std::make_shared<net::websocket_policy>(std::move(policy)),
            std::move(below))};
    peer = std::move(there);
  }

  /// A connection whose handshake is over.
  void shake_hands() {
    send(good_request);
    CAF_REQUIRE(read().what == kind::would_block);
    CAF_REQUIRE(all_of(peer).starts_with("HTTP/1.1 101 "));
  }

  void send(std::string_view text) {
    CAF_REQUIRE_EQUAL(peer.write(bytes(text)).bytes, text.size());
  }

  /// One read; what it gave is in `got`.
  io_result read(size_t room = 65'536) {
    std::vector<uint8_t> into(room);
    auto result = server.read(into);
    got.assign(into.begin(), into.begin() + result.bytes);
    return result;
  }

  std::string read_all(size_t room = 65'536) {
    std::string sum;
    while (read(room).what == kind::done)
      sum += got;
    return sum;
  }

  net::stream server;
  net::socket peer;
  std::string got;
};

/// Stands for TLS: takes and gives at most `step` bytes, says `would_block`
/// every other time and checks that what it did not take is offered again.
class stubborn_layer final : public net::layer {
public:
  explicit stubborn_layer(size_t step) : step_(step) {}

  io_result read(net::socket& from, std::span<uint8_t> into) noexcept override {
    return from.read(into.first(std::min(into.size(), step_)));
  }
  io_result write(net::socket& to,
                  std::span<const uint8_t> from) noexcept override {
    if (from.empty()) {
      has_own_output = false;
      return {kind::done, 0};
    }
    auto part = from.first(std::min(from.size(), step_));
    is_blocked_ = !is_blocked_;
    if (is_blocked_) {
      refused_.assign(part.begin(), part.end());
      return {kind::would_block, 0};
    }
    is_consistent &=
        part.size() >= refused_.size()
        && std::equal(refused_.begin(), refused_.end(), part.begin());
    return to.write(part);
  }
  bool has_input() const noexcept override { return false; }
  bool has_output() const noexcept override { return has_own_output; }
  void shutdown(net::socket&) noexcept override { ++shutdowns; }
  const net::peer_identity* identity() const noexcept override { return &who; }
  std::string_view error() const noexcept override { return "from below"; }

  net::peer_identity who;
  bool is_consistent = true;
  bool has_own_output = false;
  int shutdowns = 0;

private:
  size_t step_;
  std::vector<uint8_t> refused_;
  bool is_blocked_ = false;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(websocket_layer_tests, fixture)

CAF_TEST(a request is answered and frames follow it) {
  shake_hands();
  send(binary("from the client"));
  CAF_CHECK(read().what == kind::done);
  CAF_CHECK_EQUAL(got, "from the client");
  CAF_CHECK_EQUAL(server.write(bytes("from the server")).bytes, 15u);
  CAF_CHECK_EQUAL(all_of(peer), binary("from the server", false));
}

CAF_TEST(a handshake byte by byte is as good as one at once) {
  for (char each : good_request) {
    CAF_CHECK(all_of(peer).empty());
    send({&each, 1});
    CAF_CHECK(read().what == kind::would_block);
  }
  CAF_CHECK(all_of(peer).starts_with("HTTP/1.1 101 "));
  send(binary("x"));
  CAF_CHECK(read().what == kind::done);
}

CAF_TEST(nothing is sent before the handshake) {
  CAF_CHECK(!server.is_ready());
  CAF_CHECK(server.write(bytes("early")).what == kind::would_block);
  CAF_CHECK(all_of(peer).empty());
  shake_hands();
  CAF_CHECK(server.is_ready());
}

CAF_TEST(frames in one segment with the request are not lost) {
  send(std::string{good_request} + binary("one") + binary("two"));
  CAF_CHECK(read().what == kind::done);
  CAF_CHECK_EQUAL(got, "onetwo");
}

CAF_TEST(a stream with its handshake may be cut anywhere) {
  auto stream = std::string{good_request} + binary("one") + frame(0x89, "p")
                + frame(0x02, "tw") + frame(0x80, "o");
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    open({});
    send(stream.substr(0, cut));
    auto sum = read_all();
    send(stream.substr(cut));
    sum += read_all();
    CAF_REQUIRE_EQUAL(sum, "onetwo");
  }
}

CAF_TEST(a reader with little room loses nothing) {
  for (size_t room : {1, 2, 3, 7}) {
    open({});
    send(std::string{good_request} + binary("hello ") + binary("world"));
    std::string sum;
    for (int i = 0; i < 1000; ++i)
      if (read(room).what == kind::done)
        sum += got;
    CAF_CHECK_EQUAL(sum, "hello world");
  }
}

CAF_TEST(a second request is no frame) {
  send(std::string{good_request}.append(good_request));
  CAF_CHECK(read().what == kind::broken);
  auto answer = all_of(peer);
  CAF_CHECK(answer.find(closing(1002, server.error(), false))
            != std::string::npos);
}

CAF_TEST(a refused request is answered before the end) {
  net::websocket_policy policy;
  policy.origins = {"https://example.org"};
  open(policy);
  send(good_request);
  CAF_CHECK(read().what == kind::broken);
  CAF_CHECK(all_of(peer).starts_with("HTTP/1.1 403 Forbidden\r\n"));
  CAF_CHECK(!server.error().empty());
  CAF_CHECK(!server.has_input());
  CAF_CHECK(!server.has_output());
  CAF_CHECK(server.write(bytes("x")).what == kind::broken);
}

CAF_TEST(a request has a limit) {
  net::websocket_policy policy;
  policy.largest_request = good_request.size();
  open(policy);
  shake_hands();
  --policy.largest_request;
  open(policy);
  send(good_request);
  CAF_CHECK(read().what == kind::broken);
  CAF_CHECK(all_of(peer).starts_with("HTTP/1.1 431 "));
  open({});
  send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
  CAF_CHECK(read().what == kind::broken);
  CAF_CHECK(all_of(peer).starts_with("HTTP/1.1 431 "));
  open({});
  for (int i = 0; i < 4096; ++i) {
    CAF_REQUIRE(server.is_open());
    send("G");
    CAF_CHECK(read().what == (i < 4095 ? kind::would_block : kind::broken));
  }
}

CAF_TEST(whoever does not speak HTTP is not answered in HTTP) {
  for (auto first : {"\x10\x0c\0\4MQTT"sv, "\x16\x03\x01"sv, "\0"sv, "\r\n"sv,
                     "get / HTTP/1.1\r\n\r\n"sv, "\x82\x80"sv}) {
    open({});
    send(first);
    CAF_CHECK(read().what == kind::broken);
    CAF_CHECK_EQUAL(all_of(peer), "");
    CAF_CHECK(!server.error().empty());
  }
}

CAF_TEST(a ping is answered at once) {
  shake_hands();
  send(frame(0x89, "are you there"));
  CAF_CHECK(read().what == kind::would_block);
  CAF_CHECK_EQUAL(all_of(peer), frame(0x8a, "are you there", false));
}

CAF_TEST(a close is answered with its code and ends the stream) {
  shake_hands();
  send(binary("last words") + closing(1001));
  CAF_CHECK(read().what == kind::done);
  CAF_CHECK_EQUAL(got, "last words");
  CAF_CHECK(server.has_input()); // the end, of which polling does not tell
  CAF_CHECK(read().what == kind::end_of_stream);
  CAF_CHECK(!server.has_input());
  CAF_CHECK_EQUAL(all_of(peer), closing(1001, {}, false));
  server.shutdown_write();
  CAF_CHECK_EQUAL(all_of(peer), "");
}

CAF_TEST(every violation is answered with its code) {
  const std::pair<std::string, uint16_t> rows[] = {
      {frame(0x81, "text"), 1003},
      {binary("unmasked", false), 1002},
      {frame(0xc2, "reserved bit"), 1002},
      {frame(0x83, "opcode"), 1002},
      {frame(0x80, "continuation"), 1002},
      {frame(0x09, "fragmented ping"), 1002},
      {test::raw_frame(0x82, uint64_t{1} << 63, 8, "x", true), 1002},
      {test::raw_frame(0x82, ~uint64_t{} >> 1, 8, "x", true), 1009},
      {closing(1000, "\xff"), 1007},
      {closing(1005), 1002},
  };
  for (const auto& [stream, code] : rows) {
    open({});
    shake_hands();
    send(binary("before") + stream);
    CAF_CHECK(read().what == kind::done);
    CAF_CHECK_EQUAL(got, "before");
    CAF_CHECK(server.has_input());
    CAF_CHECK(read().what == kind::broken);
    CAF_CHECK_EQUAL(all_of(peer), closing(code, server.error(), false));
  }
}

CAF_TEST(an end without a close frame is an end) {
  shake_hands();
  peer.shutdown_write();
  CAF_CHECK(read().what == kind::end_of_stream);
  open({});
  send("GET ");
  peer.shutdown_write();
  CAF_CHECK(read().what == kind::would_block);
  CAF_CHECK(read().what == kind::end_of_stream);
}

CAF_TEST(closing says farewell once) {
  shake_hands();
  server.shutdown_write();
  CAF_CHECK_EQUAL(all_of(peer), closing(1000, {}, false));
  server.shutdown_write();
  CAF_CHECK_EQUAL(all_of(peer), "");
  CAF_CHECK(server.write(bytes("x")).what == kind::broken);
}

CAF_TEST(after our farewell only that of the peer counts) {
  shake_hands();
  send(binary("on its way") + frame(0x89, "ping"));
  server.shutdown_write();
  CAF_CHECK(read().what == kind::would_block);
  send(binary("still") + closing(1000) + "garbage");
  CAF_CHECK(read().what == kind::end_of_stream);
  CAF_CHECK_EQUAL(all_of(peer), closing(1000, {}, false));
  open({});
  shake_hands();
  server.shutdown_write();
  all_of(peer);
  peer.close();
  CAF_CHECK(read().what == kind::end_of_stream);
}

CAF_TEST(nobody is told farewell who was not welcomed) {
  server.shutdown_write();
  CAF_CHECK_EQUAL(all_of(peer), "");
}

CAF_TEST(large writes through a small socket arrive whole) {
  std::string large(300'000, '\0');
  for (size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>(i * 31);
  open({}, true);
  shake_hands();
  auto rest = bytes(large);
  std::string wire;
  while (!rest.empty()) {
    auto sent = server.write(rest);
    CAF_REQUIRE(sent.what != kind::broken);
    CAF_CHECK_EQUAL(sent.bytes == 0, sent.what == kind::would_block);
    rest = rest.subspan(sent.bytes);
    wire += all_of(peer);
  }
  CAF_CHECK(wire == binary(large, false));
}

CAF_TEST(a pong waits for the end of the frame under way) {
  std::string large(100'000, 'l');
  open({}, true);
  shake_hands();
  auto rest = bytes(large);
  rest = rest.subspan(server.write(rest).bytes);
  CAF_REQUIRE(!rest.empty());
  for (int i = 0; i < 100; ++i)
    send(frame(0x89, std::to_string(i)));
  CAF_CHECK(read().what == kind::would_block);
  CAF_CHECK(!server.has_output());
  auto wire = all_of(peer);
  while (!rest.empty()) {
    rest = rest.subspan(server.write(rest).bytes);
    wire += all_of(peer);
  }
  CAF_CHECK(server.has_output());
  read();
  wire += all_of(peer);
  CAF_CHECK(!server.has_output());
  CAF_CHECK(wire == binary(large, false) + frame(0x8a, "99", false));
}

CAF_TEST(whoever pings without reading costs one pong) {
  open({}, true);
  shake_hands();
  size_t pings = 0;
  auto ping = frame(0x89, std::string(125, 'p'));
  for (; pings < 20'000; ++pings) {
    peer.write(bytes(ping));
    read();
  }
  CAF_CHECK(server.has_output());
  size_t pongs = 0;
  while (server.has_output()) {
    pongs += all_of(peer).size() / 127;
    read();
  }
  CAF_CHECK_LESS(pongs, 2000u); // what the socket took, and one or two
}

CAF_TEST(a frame that cannot be finished is not followed by a close) {
  open({}, true);
  shake_hands();
  std::string large(100'000, 'l');
  auto sent = server.write(bytes(large));
  CAF_REQUIRE_LESS(sent.bytes, large.size());
  send(frame(0x81, "text"));
  CAF_CHECK(read().what == kind::broken);
  auto wire = all_of(peer);
  CAF_CHECK(wire == binary(large, false).substr(0, wire.size()));
}

CAF_TEST(a layer below is offered again what it did not take) {
  for (size_t step : {1, 2, 3, 5, 100, 100'000}) {
    auto below = std::make_unique<stubborn_layer>(step);
    auto& watched = *below;
    open({}, false, std::move(below));
    CAF_CHECK(server.identity() == &watched.who);
    send(good_request);
    std::string text(20'000, 't');
    std::string sum;
    std::string wire;
    auto rest = bytes(text);
    send(frame(0x89, "ping") + binary("in"));
    for (int i = 0; i < 100'000 && !rest.empty(); ++i) {
      if (read(64).what == kind::done)
        sum += got;
      rest = rest.subspan(server.write(rest).bytes);
      wire += all_of(peer);
    }
    CAF_CHECK(watched.is_consistent);
    CAF_CHECK_EQUAL(sum, "in");
    CAF_CHECK(wire.find(binary(text, false)) != wire.npos);
    server.shutdown_write();
    CAF_CHECK_EQUAL(watched.shutdowns, 1);
  }
}

CAF_TEST(a layer below may go on with its own output) {
  auto below = std::make_unique<stubborn_layer>(10);
  auto& watched = *below;
  open({}, false, std::move(below));
  watched.has_own_output = true;
  CAF_CHECK(server.has_output());
  CAF_CHECK(server.write({}).what != kind::broken);
  CAF_CHECK(!server.has_output());
}

CAF_TEST(an error below is told where there is none above) {
  open({}, false, std::make_unique<stubborn_layer>(10));
  CAF_CHECK_EQUAL(server.error(), "from below");
}

CAF_TEST(random requests do no harm) {
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    std::minstd_rand random{seed};
    std::string text{good_request};
    for (auto changes = random() % 4; changes > 0; --changes)
      text[random() % text.size()] = static_cast<char>(random());
    text += binary("tail");
    open({});
    send(text);
    auto what = read().what;
    CAF_REQUIRE(what == kind::done || what == kind::would_block
                || what == kind::broken);
    CAF_REQUIRE(what == kind::broken || what == kind::would_block
                || got == "tail");
  }
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

/// Our client against our server.
struct both_sides {
  both_sides() {
    auto [here, there] = net::make_pair(true);
    server = net::stream{
        std::move(here),
        net::accept_websocket(std::make_shared<net::websocket_policy>())};
    net::websocket_target target;
    target.host = "localhost";
    client = net::stream{std::move(there), net::connect_websocket(target)};
  }

  /// `from` writes `text` to `to` until all has come.
  std::string pass(net::stream& from, net::stream& to, std::string_view text) {
    std::string sum;
    std::array<uint8_t, 1000> room;
    auto rest = bytes(text);
    for (int i = 0; i < 100'000 && sum.size() < text.size(); ++i) {
      rest = rest.subspan(from.write(rest).bytes);
      auto back = from.read(room);
      CAF_REQUIRE(back.what == kind::would_block);
      auto got = to.read(room);
      CAF_REQUIRE(got.what == kind::done || got.what == kind::would_block);
      sum.append(room.begin(), room.begin() + got.bytes);
    }
    return sum;
  }

  net::stream server;
  net::stream client;
};

} // namespace

CAF_TEST(our client and our server understand each other) {
  both_sides sides;
  CAF_CHECK(sides.client.has_output());
  std::string large(100'000, '\0');
  for (size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>(i * 13);
  CAF_CHECK(sides.pass(sides.client, sides.server, large) == large);
  CAF_CHECK(sides.pass(sides.server, sides.client, large) == large);
  CAF_CHECK_EQUAL(sides.pass(sides.client, sides.server, "again"), "again");
  sides.client.shutdown_write();
  std::array<uint8_t, 10> room;
  CAF_CHECK(sides.server.read(room).what == kind::end_of_stream);
}

CAF_TEST(a client waits for the answer and not for room) {
  auto [here, there] = net::make_pair();
  net::websocket_target target;
  target.host = "localhost";
  net::stream client{std::move(here), net::connect_websocket(target)};
  CAF_CHECK(client.write(bytes("x")).what == kind::would_block);
  CAF_CHECK(!client.is_ready());
  CAF_CHECK(!client.has_output());
  CAF_CHECK(all_of(there).starts_with("GET /mqtt HTTP/1.1\r\n"));
  there.write(bytes("HTTP/1.1 404 Not Found\r\n\r\n"));
  std::array<uint8_t, 100> room;
  CAF_CHECK(client.read(room).what == kind::broken);
  CAF_CHECK(client.error().find("404") != std::string_view::npos);
}

CAF_TEST(a client refuses endless answers) {
  auto [here, there] = net::make_pair();
  net::websocket_target target;
  target.host = "localhost";
  net::stream client{std::move(here), net::connect_websocket(target)};
  there.write(bytes("HTTP/1.1 101 x\r\nX: " + std::string(9000, 'x')));
  std::vector<uint8_t> room(65'536);
  CAF_CHECK(client.read(room).what == kind::broken);
  CAF_CHECK(!client.error().empty());
}

CAF_TEST(there is no client for a host that cannot be in a request) {
  net::websocket_target target;
  target.host = "a\r\nb";
  CAF_CHECK(net::connect_websocket(target) == nullptr);
}
