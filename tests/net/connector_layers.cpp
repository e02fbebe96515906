// Connections made from here, with what lies between MQTT and TCP, driven by
// nothing but a poller.
#include "listening.hpp"
#include "net/poller.hpp"
#include "net/websocket_layer.hpp"
#include "tls_pair.hpp"

#include <caf/test/unit_test.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>

using namespace troupe;
using namespace std::chrono_literals;
using net::interest;
using kind = net::io_result::kind;

namespace {

/// Polls for what the stream asks for, sends `output` once it may, and keeps
/// what comes.
class endpoint final : public net::poll_target {
public:
  endpoint(net::poller& poller, net::socket connection, interest first)
      : poller_(poller), stream_(std::move(connection)) {
    poll_for(first);
  }
  ~endpoint() { poll_for(interest::none); }

  void on_ready(bool, bool) noexcept override {
    ++calls;
    if (is_connecting)
      on_connected();
    go_on();
  }

  void go_on() {
    if (is_connecting)
      return;
    if (!stream_.is_ready() || stream_.has_output())
      stream_.write({});
    read();
    // What comes may end a handshake.
    if (stream_.is_ready() && !output.empty())
      output.erase(0, stream_.write(net::as_bytes(output)).bytes);
    auto writes =
        stream_.has_output() || (stream_.is_ready() && !output.empty());
    poll_for(is_over  ? interest::none
             : writes ? interest::both
                      : interest::read);
  }

  void add(std::unique_ptr<net::layer> above) {
    stream_.set_layer(std::move(above));
  }
  const net::socket& connection() const { return stream_.socket(); }
  const net::stream& stream() const { return stream_; }

  std::function<void()> on_connected;
  bool is_connecting = false;
  std::string output;
  std::string received;
  bool is_over = false;
  int calls = 0;

private:
  void read() {
    std::array<uint8_t, 4096> room;
    do {
      auto got = stream_.read(room);
      received.append(room.begin(), room.begin() + got.bytes);
      is_over = got.what == kind::broken || got.what == kind::end_of_stream;
    } while (!is_over && stream_.has_input());
  }

  void poll_for(interest next) {
    if (next != interest_)
      CAF_REQUIRE(poller_.change(stream_.fd(), this, interest_, next));
    interest_ = next;
  }

  net::poller& poller_;
  net::stream stream_;
  interest interest_ = interest::none;
};

/// A listener, and a client of ours that goes there.
struct fixture : net::tls_fixture {
  fixture() {
    CAF_REQUIRE(poller.open());
    listening = net::listen_on("127.0.0.1");
  }

  void connect() {
    auto places = net::resolve("127.0.0.1", port_of(listening));
    CAF_REQUIRE(places);
    auto begun = net::begin_connect(places->front());
    CAF_REQUIRE(begun);
    here =
        std::make_unique<endpoint>(poller, std::move(*begun), interest::write);
    here->is_connecting = true;
    here->on_connected = [this] {
      CAF_REQUIRE_EQUAL(net::finish_connect(here->connection()), "");
      here->is_connecting = false;
      here->add(client_layers());
    };
    while (here->is_connecting)
      turn();
  }

  std::unique_ptr<net::layer> client_layers() {
    std::unique_ptr<net::layer> result;
    if (with_tls)
      result = net::tls_connect(must(net::make_client_context(client)),
                                here->connection(), name);
    if (!with_websocket)
      return result;
    net::websocket_target target;
    target.host = "localhost:9001";
    return net::connect_websocket(target, std::move(result));
  }

  void accept() {
    auto came = net::accept_from(listening);
    CAF_REQUIRE(came.what == net::accepted::kind::connection);
    there = std::make_unique<endpoint>(poller, std::move(came.connection),
                                       interest::read);
    std::unique_ptr<net::layer> layers;
    if (with_tls)
      layers = net::tls_accept(must(net::make_server_context(server)),
                               there->connection());
    if (with_websocket)
      layers = net::accept_websocket(std::make_shared<net::websocket_policy>(),
                                     std::move(layers));
    there->add(std::move(layers));
  }

  void turn() {
    poller.wait(-1ms);
    poller.dispatch();
  }

  net::poller poller;
  net::socket listening;
  std::unique_ptr<endpoint> here;
  std::unique_ptr<endpoint> there;
  bool with_tls = false;
  bool with_websocket = false;
  std::string name = "localhost";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(connector_layers_tests, fixture)

CAF_TEST(every stack of layers stands up and carries bytes both ways) {
  std::string large(1'000'000, 'x');
  for (auto tls : {false, true})
    for (auto websocket : {false, true}) {
      with_tls = tls;
      with_websocket = websocket;
      connect();
      accept();
      here->output = "from here" + large;
      here->go_on();
      while (there->received.size() < large.size() + 9)
        turn();
      CAF_CHECK(there->received == "from here" + large);
      there->output = "from there";
      there->go_on();
      while (here->received.size() < 10)
        turn();
      CAF_CHECK_EQUAL(here->received, "from there");
      CAF_CHECK(here->stream().is_ready());
    }
}

CAF_TEST(whoever waits for an answer is not woken by room to write) {
  for (auto tls : {false, true})
    for (auto websocket : {false, true}) {
      if (!tls && !websocket)
        continue;
      with_tls = tls;
      with_websocket = websocket;
      connect();
      auto calls = here->calls;
      poller.wait(0ms);
      poller.dispatch();
      CAF_CHECK_EQUAL(here->calls, calls);
      CAF_CHECK(!here->stream().is_ready());
      CAF_CHECK(!here->stream().has_output());
      accept(); // for the next one
    }
}

CAF_TEST(a certificate for another name ends the connection with the reason) {
  with_tls = with_websocket = true;
  name = "elsewhere.example";
  connect();
  accept();
  while (!here->is_over)
    turn();
  CAF_CHECK(!here->stream().error().empty());
  CAF_CHECK(!here->stream().is_ready());
}

CAF_TEST(a peer that leaves during the handshake is an end) {
  with_tls = with_websocket = true;
  connect();
  accept();
  there.reset();
  while (!here->is_over)
    turn();
  CAF_CHECK(!here->stream().is_ready());
}

CAF_TEST_FIXTURE_SCOPE_END()
