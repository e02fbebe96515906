#include "net/connector.hpp"

#include "listening.hpp"

#include <caf/test/unit_test.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

using namespace troupe;
using net::accepted;
using net::begin_connect;
using net::listen_on;
using net::port_of;
using net::resolve;
using net::unix_candidate;

namespace {

/// The only candidate.
net::endpoint_candidate
sole(const checked<std::vector<net::endpoint_candidate>>& found) {
  CAF_REQUIRE(found);
  CAF_REQUIRE_EQUAL(found->size(), 1u);
  return found->front();
}

/// What became of it.
std::string outcome(const net::socket& connecting) {
  pollfd done{connecting.fd(), POLLOUT, 0};
  CAF_REQUIRE_EQUAL(::poll(&done, 1, -1), 1);
  return net::finish_connect(connecting);
}

int option(const net::socket& of, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  CAF_REQUIRE_EQUAL(getsockopt(of.fd(), level, name, &value, &size), 0);
  return value;
}

/// A byte sent arrives at whoever `listening` accepts.
void check_carries_bytes(net::socket& connected, const net::socket& listening) {
  auto other = net::accept_from(listening);
  CAF_REQUIRE(other.what == accepted::kind::connection);
  std::array<uint8_t, 1> byte{42};
  CAF_CHECK_EQUAL(connected.write(byte).bytes, 1u);
  pollfd ready{other.connection.fd(), POLLIN, 0};
  CAF_REQUIRE_EQUAL(::poll(&ready, 1, -1), 1);
  std::array<uint8_t, 2> read{};
  CAF_CHECK_EQUAL(other.connection.read(read).bytes, 1u);
  CAF_CHECK_EQUAL(read[0], 42);
}

/// A folder of its own that goes with it.
struct folder {
  folder() {
    std::string text = "/tmp/troupe-connector-XXXXXX";
    CAF_REQUIRE(mkdtemp(text.data()) != nullptr);
    path = text;
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::string path;
};

} // namespace

CAF_TEST(a connection to a listener carries bytes) {
  auto listening = listen_on("127.0.0.1");
  auto connecting =
      begin_connect(sole(resolve("127.0.0.1", port_of(listening))));
  CAF_REQUIRE(connecting);
  CAF_CHECK_EQUAL(outcome(*connecting), "");
  check_carries_bytes(*connecting, listening);
}

CAF_TEST(IPv6 connects as well) {
  auto listening = net::listen_tcp("::1", 0, net::address_family::ipv6);
  if (listening.sockets.empty())
    return; // a machine without
  auto there = sole(resolve("::1", port_of(listening.sockets[0]), "::1"));
  auto connecting = begin_connect(there);
  CAF_REQUIRE(connecting);
  CAF_CHECK_EQUAL(outcome(*connecting), "");
  check_carries_bytes(*connecting, listening.sockets[0]);
}

CAF_TEST(sockets do not block and close on exec) {
  auto listening = listen_on("127.0.0.1");
  auto connecting =
      begin_connect(sole(resolve("127.0.0.1", port_of(listening))));
  CAF_REQUIRE(connecting);
  CAF_CHECK((fcntl(connecting->fd(), F_GETFL) & O_NONBLOCK) != 0);
  CAF_CHECK((fcntl(connecting->fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CAF_CHECK_EQUAL(option(*connecting, IPPROTO_TCP, TCP_NODELAY), 1);
  CAF_CHECK_EQUAL(option(*connecting, SOL_SOCKET, SO_KEEPALIVE), 0);
}

CAF_TEST(options reach the socket) {
  auto listening = listen_on("127.0.0.1");
  net::connect_options options;
  options.tcp_nodelay = false;
  options.keepalive_idle = 61;
  options.keepalive_interval = 7;
  options.keepalive_count = 5;
  options.user_timeout = 12345;
  auto connecting =
      begin_connect(sole(resolve("127.0.0.1", port_of(listening))), options);
  CAF_REQUIRE(connecting);
  CAF_CHECK_EQUAL(option(*connecting, IPPROTO_TCP, TCP_NODELAY), 0);
  CAF_CHECK_EQUAL(option(*connecting, SOL_SOCKET, SO_KEEPALIVE), 1);
  CAF_CHECK_EQUAL(option(*connecting, IPPROTO_TCP, TCP_KEEPIDLE), 61);
  CAF_CHECK_EQUAL(option(*connecting, IPPROTO_TCP, TCP_KEEPINTVL), 7);
  CAF_CHECK_EQUAL(option(*connecting, IPPROTO_TCP, TCP_KEEPCNT), 5);
  CAF_CHECK_EQUAL(option(*connecting, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
}

CAF_TEST(an option that the system does not take is named) {
  net::connect_options options;
  options.keepalive_count = 100000;
  auto connecting = begin_connect(sole(resolve("127.0.0.1", 1)), options);
  CAF_REQUIRE(!connecting);
  CAF_CHECK_EQUAL(connecting.error().text,
                  "the system does not take 100000 keep alive probes: Invalid "
                  "argument");
}

CAF_TEST(a port where nobody listens refuses) {
  auto listening = listen_on("127.0.0.1");
  auto there = sole(resolve("127.0.0.1", port_of(listening)));
  listening.close();
  auto connecting = begin_connect(there);
  // The kernel may know at once or a moment later.
  CAF_CHECK_EQUAL(connecting ? outcome(*connecting) : connecting.error().text,
                  "Connection refused");
}

CAF_TEST(a connection comes from the local address asked for) {
  auto listening = listen_on("127.0.0.1");
  auto there = sole(resolve("127.0.0.1", port_of(listening), "127.0.0.2"));
  CAF_CHECK_EQUAL(net::to_string(there),
                  "127.0.0.1:" + std::to_string(port_of(listening))
                      + " from 127.0.0.2");
  auto connecting = begin_connect(there);
  CAF_REQUIRE(connecting);
  CAF_CHECK_EQUAL(outcome(*connecting), "");
  auto other = net::accept_from(listening);
  CAF_REQUIRE(other.what == accepted::kind::connection);
  CAF_CHECK(other.connection.peer().starts_with("127.0.0.2:"));
}

CAF_TEST(a local address that the machine does not have is refused) {
  auto connecting = begin_connect(sole(resolve("127.0.0.1", 1, "192.0.2.1")));
  CAF_REQUIRE(!connecting);
  CAF_CHECK_EQUAL(connecting.error().text, "Cannot assign requested address");
}

CAF_TEST(a local address of another family is refused) {
  auto there = sole(resolve("127.0.0.1", 1, "::1"));
  CAF_CHECK(there.lacks_local_address);
  auto connecting = begin_connect(there);
  CAF_REQUIRE(!connecting);
  CAF_CHECK_EQUAL(connecting.error().text, "Cannot assign requested address");
}

CAF_TEST(of a name only the families of the local address are tried) {
  auto found = resolve("localhost", 1, "127.0.0.1");
  CAF_REQUIRE(found);
  for (const auto& each : *found) {
    CAF_CHECK_EQUAL(each.remote.storage.ss_family, AF_INET);
    CAF_CHECK_EQUAL(net::to_string(each), "127.0.0.1:1 from 127.0.0.1");
  }
}

CAF_TEST(a name that stands for nothing is named) {
  auto nowhere = resolve("no-such-host.invalid", 1883);
  CAF_REQUIRE(!nowhere);
  CAF_CHECK(nowhere.error().text.starts_with(
      "cannot find the address of no-such-host.invalid: "));
  auto from_nowhere = resolve("127.0.0.1", 1883, "no-such-host.invalid");
  CAF_REQUIRE(!from_nowhere);
  CAF_CHECK(from_nowhere.error().text.starts_with(
      "cannot find the address of no-such-host.invalid: "));
  CAF_CHECK(!resolve("", 1883));
}

CAF_TEST(a unix socket connects) {
  folder home;
  auto path = home.path + "/broker.sock";
  auto listening = net::listen_unix(path);
  CAF_REQUIRE_EQUAL(listening.error, "");
  auto there = unix_candidate(path);
  CAF_REQUIRE(there);
  CAF_CHECK_EQUAL(net::to_string(*there), path);
  net::connect_options options;
  options.keepalive_count = 100000; // of no meaning here
  auto connecting = begin_connect(*there, options);
  CAF_REQUIRE(connecting);
  CAF_CHECK_EQUAL(outcome(*connecting), "");
  check_carries_bytes(*connecting, listening.sockets[0]);
}

CAF_TEST(a unix socket that is not there says so) {
  folder home;
  auto there = unix_candidate(home.path + "/none.sock");
  CAF_REQUIRE(there);
  auto connecting = begin_connect(*there);
  CAF_REQUIRE(!connecting);
  CAF_CHECK_EQUAL(connecting.error().text, "No such file or directory");
}

CAF_TEST(a path too long for a unix socket is refused) {
  auto there = unix_candidate('/' + std::string(200, 'a'));
  CAF_REQUIRE(!there);
  CAF_CHECK_EQUAL(there.error().text, "File name too long");
}
