#include "net/inherited_sockets.hpp"

#include "pairs.hpp"

#include <caf/test/unit_test.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace troupe;
using net::address_family;
using net::inherited_sockets;
using net::listen_environment;

namespace {

constexpr pid_t self = 4711;
constexpr int first = 200; // far from what the test itself has open

struct fixture {
  fixture() {
    char name[] = "/tmp/troupe-net-XXXXXX";
    CAF_REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
  }
  ~fixture() {
    std::filesystem::remove_all(folder);
    for (int fd = first; fd < next; ++fd)
      ::close(fd);
  }

  /// Passes on `what`, as a service manager does: blocking, open on exec.
  void pass(int what) {
    CAF_REQUIRE_EQUAL(::dup2(what, next), next);
    ::fcntl(next, F_SETFL, 0);
    ++next;
  }

  uint16_t pass_tcp(const std::string& host) {
    auto opened = net::listen_tcp(host, 0, address_family::any);
    CAF_REQUIRE(!opened.sockets.empty());
    sockaddr_in6 address{};
    socklen_t size = sizeof(address);
    ::getsockname(opened.sockets[0].fd(), reinterpret_cast<sockaddr*>(&address),
                  &size);
    pass(opened.sockets[0].fd());
    return ntohs(address.sin6_port);
  }

  std::string pass_unix() {
    auto path = folder + "/socket";
    pass(net::listen_unix(path).sockets.at(0).fd());
    return path;
  }

  checked<inherited_sockets> adopt(const std::string& names = {}) {
    auto result = inherited_sockets::adopt(
        {std::to_string(self), std::to_string(next - first), names}, self,
        first);
    return result;
  }

  std::string folder;
  int next = first;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(inherited_sockets_tests, fixture)

CAF_TEST(sockets passed on are known by port and by path) {
  auto port = pass_tcp("127.0.0.1");
  auto path = pass_unix();
  auto all = adopt("mqtt:local");
  CAF_REQUIRE(all.has_value());
  CAF_REQUIRE_EQUAL(all->rest().size(), 2u);
  CAF_CHECK_EQUAL(all->rest()[0].where(), "127.0.0.1:" + std::to_string(port));
  CAF_CHECK_EQUAL(all->rest()[0].name, "mqtt");
  CAF_CHECK_EQUAL(all->rest()[1].where(), path);
  CAF_CHECK_EQUAL(all->rest()[1].name, "local");
  CAF_CHECK_EQUAL(all->claim_tcp("", port, address_family::any).size(), 1u);
  CAF_CHECK_EQUAL(all->claim_tcp("", port, address_family::any).size(), 0u);
  CAF_CHECK_EQUAL(all->claim_unix(path).size(), 1u);
  CAF_CHECK(all->rest().empty());
}

CAF_TEST(a socket passed on becomes ready for use) {
  auto port = pass_tcp("127.0.0.1");
  auto all = adopt();
  CAF_REQUIRE(all.has_value());
  auto claimed = all->claim_tcp("127.0.0.1", port, address_family::ipv4);
  CAF_REQUIRE_EQUAL(claimed.size(), 1u);
  auto fd = claimed[0].listening.fd();
  CAF_CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  CAF_CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CAF_CHECK(net::accept_from(claimed[0].listening).what
            == net::accepted::kind::none);
}

CAF_TEST(a listener gets no socket that is open to more than it) {
  auto port = pass_tcp("0.0.0.0");
  auto all = adopt();
  CAF_REQUIRE(all.has_value());
  for (auto host : {"127.0.0.1", "localhost", "::", "example.org", "not an ip"})
    CAF_CHECK(all->claim_tcp(host, port, address_family::any).empty());
  CAF_CHECK(all->claim_tcp("", port, address_family::ipv6).empty());
  CAF_CHECK(
      all->claim_tcp("", static_cast<uint16_t>(port + 1), address_family::any)
          .empty());
  CAF_CHECK(all->claim_unix("").empty());
  CAF_CHECK_EQUAL(all->claim_tcp("0.0.0.0", port, address_family::ipv4).size(),
                  1u);
}

CAF_TEST(localhost is both loopback addresses) {
  auto port = pass_tcp("127.0.0.1");
  auto all = adopt();
  CAF_REQUIRE(all.has_value());
  CAF_CHECK_EQUAL(all->claim_tcp("localhost", port, address_family::any).size(),
                  1u);
}

CAF_TEST(what is meant for another process is left alone) {
  auto port = pass_tcp("127.0.0.1");
  for (auto process : {"", "4712", "-1", "x", "4711x", " 4711"}) {
    auto all = inherited_sockets::adopt({process, "1", ""}, self, first);
    CAF_REQUIRE(all.has_value());
    CAF_CHECK(all->rest().empty());
  }
  CAF_CHECK(::fcntl(first, F_GETFD) == 0); // still open, and still on exec
  CAF_CHECK_EQUAL(adopt()->claim_tcp("", port, address_family::any).size(), 1u);
}

CAF_TEST(a count that is none is named) {
  for (auto count : {"", "-1", "x", "1x", "99999", "99999999999999999999"}) {
    auto all = inherited_sockets::adopt({"4711", count, ""}, self, first);
    CAF_REQUIRE(!all.has_value());
    CAF_CHECK(all.error().text.find('"' + std::string{count} + '"')
              != std::string::npos);
  }
  auto none = inherited_sockets::adopt({"4711", "0", ""}, self, first);
  CAF_CHECK(none.has_value());
}

CAF_TEST(a descriptor that is not open is named) {
  auto all = inherited_sockets::adopt({"4711", "1", "mqtt"}, self, first);
  CAF_REQUIRE(!all.has_value());
  CAF_CHECK(all.error().text.find("file descriptor 200 (mqtt)")
            != std::string::npos);
}

CAF_TEST(what does not listen is refused with the remedy) {
  auto refused = [this](int fd) {
    pass(fd);
    auto all = adopt("odd");
    CAF_REQUIRE(!all.has_value());
    CAF_CHECK(all.error().text.find("(odd)") != std::string::npos);
    CAF_CHECK(all.error().text.find("ListenStream=") != std::string::npos);
    ::close(first);
    next = first;
  };
  auto [here, there] = net::make_pair();
  refused(here.fd());
  net::socket datagrams{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  refused(datagrams.fd());
  net::socket unbound{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  refused(unbound.fd());
  net::socket file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  refused(file.fd());
}

CAF_TEST(a list of names may be short) {
  pass_tcp("127.0.0.1");
  pass_tcp("127.0.0.1");
  pass_tcp("127.0.0.1");
  auto all = adopt("one:");
  CAF_REQUIRE(all.has_value());
  CAF_CHECK_EQUAL(all->rest()[0].name, "one");
  CAF_CHECK_EQUAL(all->rest()[1].name, "");
  CAF_CHECK_EQUAL(all->rest()[2].name, "");
}

CAF_TEST(the environment is taken once) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "a:b", 1);
  auto taken = net::take_listen_environment();
  CAF_CHECK_EQUAL(taken.process, "1");
  CAF_CHECK_EQUAL(taken.count, "2");
  CAF_CHECK_EQUAL(taken.names, "a:b");
  CAF_CHECK_EQUAL(net::take_listen_environment().process, "");
}

CAF_TEST_FIXTURE_SCOPE_END()
