#include "net/tls_layer.hpp"

#include "tls_pair.hpp"

#include <caf/test/unit_test.hpp>

#include <random>

using namespace troupe;
using net::tls_end;
using net::tls_pair;
using kind = net::io_result::kind;

namespace {

struct fixture : net::tls_fixture {
  /// A server that hears `bytes` on its socket, and nothing else.
  tls_end server_that_hears(std::string_view bytes) {
    if (!context)
      context = must(make_server_context(server));
    tls_end end;
    std::tie(end.connection, other_side) = net::make_pair();
    end.tls = tls_accept(context, end.connection);
    other_side.write(net::as_bytes(bytes));
    other_side.shutdown_write();
    for (int i = 0; i < 5 && !end.is_over(); ++i)
      end.step();
    return end;
  }
  /// The first flight of a client.
  std::string hello() {
    auto pair = open();
    pair.client.step();
    return raw_from(pair.server.connection);
  }
  static std::string raw_from(net::socket& from) {
    std::vector<uint8_t> room(65536);
    auto got = from.read(room);
    return {room.begin(), room.begin() + static_cast<ptrdiff_t>(got.bytes)};
  }

  net::context_ptr context;
  net::socket other_side;
};

std::string pattern(size_t size) {
  std::string result(size, '\0');
  for (size_t i = 0; i < size; ++i)
    result[i] = static_cast<char>(i * 7 + i / 251);
  return result;
}

/// Sends `text` from one end to the other with rooms of these sizes.
void transfer(tls_end& from, tls_end& to, const std::string& text,
              size_t write_size, size_t read_size) {
  size_t sent = 0;
  to.received.clear();
  for (int idle = 0; idle < 100 && to.received.size() < text.size(); ++idle) {
    if (sent < text.size()) {
      auto done = from.say(std::string_view{text}.substr(sent, write_size));
      CAF_REQUIRE(done.what == kind::done || done.what == kind::would_block);
      sent += done.bytes;
      idle = done.bytes > 0 ? 0 : idle;
    }
    do {
      auto before = to.received.size();
      to.step(read_size);
      idle = to.received.size() > before ? 0 : idle;
    } while (to.tls->has_input());
  }
  CAF_CHECK(to.received == text);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_layer_tests, fixture)

CAF_TEST(bytes go both ways once the handshake is done) {
  auto pair = talk();
  CAF_REQUIRE(pair.stands());
  CAF_CHECK_EQUAL(pair.client.say("ping").bytes, 4u);
  CAF_CHECK_EQUAL(pair.server.say("pong!").bytes, 5u);
  pair.talk(1);
  CAF_CHECK_EQUAL(pair.server.received, "ping");
  CAF_CHECK_EQUAL(pair.client.received, "pong!");
}

CAF_TEST(a write before the handshake is done takes nothing and begins it) {
  auto pair = open();
  CAF_CHECK(!pair.client.tls->is_ready());
  CAF_CHECK(pair.client.say("x").what == kind::would_block);
  CAF_CHECK(!pair.client.tls->has_output());
  pair.talk();
  CAF_CHECK(pair.stands());
  CAF_CHECK_EQUAL(pair.server.received, "");
}

CAF_TEST(a write of nothing goes on with the handshake) {
  auto pair = open();
  for (int i = 0; i < 5; ++i) {
    pair.client.tls->write(pair.client.connection, {});
    pair.server.tls->write(pair.server.connection, {});
  }
  CAF_CHECK(pair.client.tls->is_ready());
  CAF_CHECK(pair.server.tls->is_ready());
}

CAF_TEST(what does not fit into the room for it is told as input) {
  auto pair = talk();
  pair.client.say("0123456789");
  CAF_CHECK(pair.server.step(4) == kind::done);
  CAF_CHECK(pair.server.tls->has_input());
  CAF_CHECK(pair.server.step(6) == kind::done);
  CAF_CHECK(!pair.server.tls->has_input());
  CAF_CHECK_EQUAL(pair.server.received, "0123456789");
  CAF_CHECK(pair.server.step() == kind::would_block);
}

CAF_TEST(many records are read with one call) {
  auto pair = talk();
  std::string all;
  for (int i = 0; i < 100; ++i) {
    pair.client.say("message " + std::to_string(i));
    all += "message " + std::to_string(i);
  }
  CAF_CHECK(pair.server.step() == kind::done);
  CAF_CHECK_EQUAL(pair.server.received, all);
}

CAF_TEST(a part of a record is no input) {
  auto pair = talk();
  pair.client.say("a");
  // Cut the second record in two by hand.
  auto first = raw_from(pair.server.connection);
  pair.client.say("b");
  auto second = raw_from(pair.server.connection);
  auto [feed, victim] = net::make_pair();
  ::dup2(victim.fd(), pair.server.connection.fd());
  feed.write(net::as_bytes(first + second.substr(0, 10)));
  CAF_CHECK(pair.server.step() == kind::done);
  CAF_CHECK_EQUAL(pair.server.received, "a");
  CAF_CHECK(!pair.server.tls->has_input());
  CAF_CHECK(pair.server.step() == kind::would_block);
  CAF_CHECK(!pair.server.tls->has_input());
  feed.write(net::as_bytes(second.substr(10)));
  CAF_CHECK(pair.server.step() == kind::done);
  CAF_CHECK_EQUAL(pair.server.received, "ab");
}

CAF_TEST(the handshake may come byte by byte) {
  auto pair = open();
  // The client talks to one socket, the server hears from another.
  tls_end slow;
  net::socket feed;
  std::tie(slow.connection, feed) = net::make_pair();
  slow.tls = tls_accept(must(make_server_context(server)), slow.connection);
  for (int turn = 0; turn < 10 && !slow.tls->is_ready(); ++turn) {
    pair.client.step();
    for (auto byte : raw_from(pair.server.connection)) {
      feed.write(net::as_bytes({&byte, 1}));
      CAF_REQUIRE(slow.step() == kind::would_block);
    }
    pair.server.connection.write(net::as_bytes(raw_from(feed)));
  }
  CAF_CHECK(slow.tls->is_ready());
}

CAF_TEST(large transfers arrive whole through small buffers) {
  auto pair = talk();
  auto text = pattern(3'000'000);
  transfer(pair.client, pair.server, text, 1'000'000, 1000);
  transfer(pair.server, pair.client, text, 70'000, 65'536);
  transfer(pair.server, pair.client, pattern(3000), 1, 1);
}

CAF_TEST(a write that was cut short goes on from another place in memory) {
  auto pair = talk();
  auto text = pattern(4'000'000);
  auto done = pair.server.say(text);
  CAF_REQUIRE(done.what == kind::done);
  CAF_REQUIRE(done.bytes < text.size());
  CAF_CHECK(pair.server.say(text.substr(done.bytes)).what == kind::would_block);
  auto sent = done.bytes;
  while (sent < text.size()) {
    pair.client.step(65536);
    auto copy = text.substr(sent);
    sent += pair.server.say(copy).bytes;
  }
  while (pair.client.step(65536) == kind::done)
    ;
  CAF_CHECK(pair.client.received == text);
}

CAF_TEST(reading goes on while a write waits for room) {
  auto pair = talk();
  std::string much(1'000'000, 'x');
  size_t sent = 0;
  for (auto done = pair.server.say(much); done.what == kind::done;
       done = pair.server.say(std::string_view{much}.substr(sent)))
    sent += done.bytes;
  pair.client.say("still here");
  CAF_CHECK(pair.server.step() == kind::done);
  CAF_CHECK_EQUAL(pair.server.received, "still here");
}

CAF_TEST(a farewell ends the stream behind what was said) {
  auto pair = talk();
  pair.client.say("last words");
  pair.client.tls->shutdown(pair.client.connection);
  CAF_CHECK(pair.server.step() == kind::done);
  CAF_CHECK_EQUAL(pair.server.received, "last words");
  // The socket itself is still open: nothing else would wake a poller.
  CAF_CHECK(pair.server.tls->has_input());
  CAF_CHECK(pair.server.step() == kind::end_of_stream);
  CAF_CHECK(pair.server.say("answer").what == kind::done);
}

CAF_TEST(a peer that leaves without a farewell is gone) {
  auto pair = talk();
  pair.client.say("x");
  pair.client.connection.close();
  CAF_CHECK(pair.server.step() == kind::done);
  CAF_CHECK(pair.server.step() == kind::end_of_stream);
  CAF_CHECK_EQUAL(pair.server.error(), "");
  CAF_CHECK(pair.server.say("y").what == kind::broken);
  pair.server.tls->shutdown(pair.server.connection);
}

CAF_TEST(a peer that leaves during the handshake is named) {
  auto end = server_that_hears(hello());
  CAF_CHECK(end.last == kind::broken);
  CAF_CHECK_EQUAL(end.error(), "the peer closed the connection in the middle "
                               "of the TLS handshake");
}

CAF_TEST(a peer that closes at once breaks the connection) {
  auto end = server_that_hears("");
  CAF_CHECK(end.last == kind::broken);
  CAF_CHECK(end.step() == kind::broken);
}

CAF_TEST(MQTT on a port for TLS is named) {
  std::string_view connect{"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04name",
                           18};
  auto end = server_that_hears(connect);
  CAF_CHECK(end.last == kind::broken);
  CAF_CHECK_EQUAL(end.error(), "the peer does not speak TLS");
}

CAF_TEST(HTTP on a port for TLS is named) {
  auto end = server_that_hears("GET / HTTP/1.1\r\nHost: broker\r\n\r\n");
  CAF_CHECK(end.last == kind::broken);
  CAF_CHECK_EQUAL(end.error(), "the peer sent an HTTP request, not TLS");
}

CAF_TEST(a server without TLS is named) {
  auto pair = open();
  pair.client.step();
  pair.server.connection.write(
      net::as_bytes(std::string_view{"\x20\x02\x00\x05", 4}));
  pair.server.connection.write(net::as_bytes("and more of this"));
  pair.client.step();
  CAF_CHECK(pair.client.last == kind::broken);
  CAF_CHECK_EQUAL(pair.client.error(), "the peer does not speak TLS");
}

CAF_TEST(a hello that ends anywhere is refused) {
  auto whole = hello();
  for (size_t size = 0; size < whole.size(); ++size)
    CAF_REQUIRE(server_that_hears(whole.substr(0, size)).last == kind::broken);
}

CAF_TEST(a hello with any one byte changed never brings a connection about) {
  auto whole = hello();
  for (size_t at = 0; at < whole.size(); ++at) {
    auto garbled = whole;
    garbled[at] = static_cast<char>(garbled[at] ^ 0x55);
    auto end = server_that_hears(garbled);
    CAF_REQUIRE(end.last == kind::broken);
    CAF_REQUIRE(!end.tls->is_ready());
  }
}

CAF_TEST(random bytes are refused) {
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    std::mt19937 random{seed};
    std::string bytes(1 + random() % 300, '\0');
    for (auto& each : bytes)
      each = static_cast<char>(random());
    // Every second one looks like a record of a handshake at first.
    if (seed % 2 == 0)
      bytes.insert(0, "\x16\x03\x01");
    auto end = server_that_hears(bytes);
    CAF_REQUIRE(end.last == kind::broken);
    CAF_REQUIRE(end.received.empty());
  }
}

CAF_TEST(a record that was changed on its way breaks the connection) {
  for (size_t at : {0U, 1U, 3U, 5U, 20U}) {
    auto pair = talk();
    pair.client.say("pay 10 to nobody");
    auto record = raw_from(pair.server.connection);
    record[at] = static_cast<char>(record[at] ^ 1);
    pair.client.connection.write(net::as_bytes(record));
    auto [feed, victim] = net::make_pair();
    ::dup2(victim.fd(), pair.server.connection.fd());
    feed.write(net::as_bytes(record));
    feed.shutdown_write();
    for (int i = 0; i < 3 && !pair.server.is_over(); ++i)
      pair.server.step();
    CAF_CHECK(pair.server.is_over());
    CAF_CHECK_EQUAL(pair.server.received, "");
  }
}

CAF_TEST(layers of one context do not know each other) {
  auto from = must(make_server_context(server));
  auto to = must(make_client_context(client));
  std::vector<tls_pair> pairs;
  for (int i = 0; i < 20; ++i)
    pairs.push_back(connect_pair(from, to));
  for (int i = 0; i < 20; ++i)
    for (auto& each : pairs)
      each.talk(1);
  pairs[3].client.connection.close();
  for (size_t i = 0; i < pairs.size(); ++i)
    if (i != 3)
      pairs[i].client.say(std::to_string(i));
  for (auto& each : pairs)
    each.server.step();
  for (size_t i = 0; i < pairs.size(); ++i)
    CAF_CHECK_EQUAL(pairs[i].server.received, i == 3 ? "" : std::to_string(i));
}

CAF_TEST(connections outlive the context they began with) {
  auto from = must(make_server_context(server));
  auto pair = connect_pair(from, must(make_client_context(client)));
  from.reset();
  pair.talk();
  CAF_REQUIRE(pair.stands());
  pair.client.say("x");
  pair.server.step();
  CAF_CHECK_EQUAL(pair.server.received, "x");
}

CAF_TEST_FIXTURE_SCOPE_END()
