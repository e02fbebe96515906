#include "net/listener.hpp"

#include "net/interfaces.hpp"

#include <caf/test/unit_test.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace troupe;
using net::accepted;
using net::address_family;

namespace {

uint16_t port_of(const net::socket& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(listening.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family == AF_INET
             ? ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port)
             : ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

int family_of(const net::socket& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(listening.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family;
}

/// Connects to where `listening` listens.
net::socket connect_to(const net::socket& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  getsockname(listening.fd(), generic, &size);
  net::socket result{
      ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  CAF_REQUIRE_EQUAL(::connect(result.fd(), generic, size), 0);
  return result;
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// A socket bound to `path` as by any other program.
net::socket bind_unix(const std::string& path) {
  net::socket result{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto address = unix_address(path);
  CAF_REQUIRE_EQUAL(::bind(result.fd(), reinterpret_cast<sockaddr*>(&address),
                           sizeof(address)),
                    0);
  return result;
}

/// Connects without ever accepting until the backlog is full.
std::vector<net::socket> fill_backlog(const std::string& path) {
  std::vector<net::socket> waiting;
  auto address = unix_address(path);
  for (;;) {
    waiting.emplace_back(
        ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(waiting.back().fd(), reinterpret_cast<sockaddr*>(&address),
                  sizeof(address))
        != 0)
      return waiting;
  }
}

bool has_ipv6_loopback() {
  return net::listen_tcp("::1", 0, address_family::ipv6).error.empty();
}

struct fixture {
  fixture() {
    char name[] = "/tmp/troupe-net-XXXXXX";
    CAF_REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
    path = folder + "/socket";
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  std::string folder;
  std::string path;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(listener_tests, fixture)

CAF_TEST(a client reaches a listener on IPv4) {
  auto opened = net::listen_tcp("127.0.0.1", 0, address_family::any);
  CAF_REQUIRE_EQUAL(opened.error, "");
  CAF_REQUIRE_EQUAL(opened.sockets.size(), 1u);
  auto& door = opened.sockets.front();
  CAF_CHECK(net::accept_from(door).what == accepted::kind::none);
  auto client = connect_to(door);
  auto got = net::accept_from(door);
  CAF_REQUIRE(got.what == accepted::kind::connection);
  CAF_CHECK_EQUAL(got.connection.peer().substr(0, 10), "127.0.0.1:");
}

CAF_TEST(nobody is missed without descriptors where nobody waits) {
  auto opened = net::listen_tcp("127.0.0.1", 0, address_family::ipv4);
  CAF_REQUIRE_EQUAL(opened.error, "");
  auto& door = opened.sockets.front();
  rlimit before{};
  CAF_REQUIRE_EQUAL(::getrlimit(RLIMIT_NOFILE, &before), 0);
  auto allow = [&](rlim_t count) {
    rlimit limit{count, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  };
  allow(3); // no new ones: those below are in use
  auto alone = net::accept_from(door);
  allow(before.rlim_cur);
  auto client = connect_to(door);
  allow(3);
  auto beyond = net::accept_from(door);
  allow(before.rlim_cur);
  CAF_CHECK(alone.what == accepted::kind::none);
  CAF_CHECK(beyond.what == accepted::kind::no_descriptors);
  CAF_CHECK(net::accept_from(door).what == accepted::kind::connection);
}

CAF_TEST(an accepted connection is ready for use) {
  auto opened = net::listen_tcp("127.0.0.1", 0, address_family::ipv4);
  CAF_REQUIRE_EQUAL(opened.error, "");
  auto client = connect_to(opened.sockets.front());
  auto got = net::accept_from(opened.sockets.front());
  auto fd = got.connection.fd();
  CAF_CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  CAF_CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  ::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  CAF_CHECK_NOT_EQUAL(no_delay, 0);
}

CAF_TEST(a client reaches a listener on IPv6 where there is any) {
  if (!has_ipv6_loopback()) {
    CAF_MESSAGE("this machine has no IPv6");
    return;
  }
  auto opened = net::listen_tcp("::1", 0, address_family::any);
  CAF_REQUIRE_EQUAL(opened.sockets.size(), 1u);
  auto client = connect_to(opened.sockets.front());
  auto got = net::accept_from(opened.sockets.front());
  CAF_REQUIRE(got.what == accepted::kind::connection);
  CAF_CHECK_EQUAL(got.connection.peer().substr(0, 6), "[::1]:");
}

CAF_TEST(an empty host is every address of the wanted family) {
  auto v4 = net::listen_tcp("", 0, address_family::ipv4);
  CAF_REQUIRE_EQUAL(v4.sockets.size(), 1u);
  CAF_CHECK_EQUAL(family_of(v4.sockets.front()), AF_INET);
  auto any = net::listen_tcp("", 0, address_family::any);
  CAF_CHECK_EQUAL(any.error, "");
  CAF_CHECK_EQUAL(any.sockets.size(), has_ipv6_loopback() ? 2u : 1u);
}

CAF_TEST(both families may have the same port) {
  if (!has_ipv6_loopback())
    return;
  auto v4 = net::listen_tcp("", 0, address_family::ipv4);
  auto port = port_of(v4.sockets.front());
  auto v6 = net::listen_tcp("", port, address_family::ipv6);
  CAF_CHECK_EQUAL(v6.error, "");
}

CAF_TEST(an address in use is named with the reason) {
  auto first = net::listen_tcp("127.0.0.1", 0, address_family::ipv4);
  auto port = port_of(first.sockets.front());
  auto second = net::listen_tcp("127.0.0.1", port, address_family::ipv4);
  CAF_CHECK(second.sockets.empty());
  CAF_CHECK_EQUAL(second.error,
                  "cannot listen on 127.0.0.1:" + std::to_string(port)
                      + ": Address already in use");
}

CAF_TEST(one of several addresses in use is final) {
  auto first = net::listen_tcp("127.0.0.1", 0, address_family::ipv4);
  auto port = port_of(first.sockets.front());
  auto every = net::listen_tcp("", port, address_family::any);
  CAF_CHECK(every.sockets.empty());
  CAF_CHECK_EQUAL(every.error, "cannot listen on *:" + std::to_string(port)
                                   + ": Address already in use");
}

CAF_TEST(a port may be used again at once) {
  uint16_t port;
  {
    auto opened = net::listen_tcp("127.0.0.1", 0, address_family::ipv4);
    port = port_of(opened.sockets.front());
    auto client = connect_to(opened.sockets.front());
    // Closed here first: this end is what waits in TIME_WAIT.
    net::accept_from(opened.sockets.front());
  }
  auto again = net::listen_tcp("127.0.0.1", port, address_family::ipv4);
  CAF_CHECK_EQUAL(again.error, "");
}

CAF_TEST(an address of another machine is refused with the reason) {
  auto opened = net::listen_tcp("192.0.2.1", 1883, address_family::any);
  CAF_CHECK(opened.sockets.empty());
  CAF_CHECK_EQUAL(opened.error, "cannot listen on 192.0.2.1:1883: Cannot "
                                "assign requested address");
}

CAF_TEST(a host that is no name is refused with the reason) {
  auto opened = net::listen_tcp("not a name", 1883, address_family::any);
  CAF_CHECK(opened.sockets.empty());
  CAF_CHECK(opened.error.starts_with("cannot listen on not a name:1883: "));
}

CAF_TEST(a listener on an interface takes what comes in there) {
  auto opened = net::listen_tcp("", 0, address_family::ipv4, "lo");
  CAF_REQUIRE_EQUAL(opened.error, "");
  CAF_REQUIRE_EQUAL(opened.sockets.size(), 1u);
  auto client = connect_to(opened.sockets.front());
  CAF_CHECK(net::accept_from(opened.sockets.front()).what
            == accepted::kind::connection);
  auto both = net::listen_tcp("127.0.0.1", 0, address_family::any, "lo");
  CAF_CHECK_EQUAL(both.error, "");
  CAF_CHECK_EQUAL(both.sockets.size(), 1u);
}

CAF_TEST(an interface that does not exist is named with those that do) {
  for (auto name : {"eth99", "lo ", "a name far too long for an interface"}) {
    auto opened = net::listen_tcp("", 1883, address_family::any, name);
    CAF_CHECK(opened.sockets.empty());
    CAF_CHECK(opened.error.starts_with("cannot listen on *:1883: there is no "
                                       "network interface \""
                                       + std::string{name} + "\""));
    CAF_CHECK(opened.error.find(" lo") != std::string::npos);
  }
}

CAF_TEST(the addresses of an interface are known) {
  auto found = net::interface_addresses("lo");
  CAF_REQUIRE(found.has_value());
  auto is_loopback = [](const sockaddr_storage& address) {
    return address.ss_family == AF_INET
           && reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr
                  == htonl(INADDR_LOOPBACK);
  };
  CAF_CHECK_EQUAL(std::count_if(found->begin(), found->end(), is_loopback), 1);
}

CAF_TEST(the addresses of an interface stand for those wanted) {
  auto of_lo = net::interface_addresses("lo");
  CAF_REQUIRE(of_lo.has_value());
  sockaddr_storage wanted{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(wanted);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(1883);
  auto every = net::matching_addresses(wanted, *of_lo);
  CAF_REQUIRE(!every.empty());
  for (const auto& each : every) {
    CAF_CHECK_EQUAL(each.ss_family, AF_INET);
    CAF_CHECK_EQUAL(reinterpret_cast<const sockaddr_in&>(each).sin_port,
                    htons(1883));
  }
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CAF_CHECK_EQUAL(net::matching_addresses(wanted, *of_lo).size(), 1u);
  v4.sin_addr.s_addr = htonl(0xc0000201); // 192.0.2.1
  CAF_CHECK(net::matching_addresses(wanted, *of_lo).empty());
}

CAF_TEST(a client reaches a listener on a unix socket) {
  auto opened = net::listen_unix(path);
  CAF_REQUIRE_EQUAL(opened.error, "");
  auto client = connect_to(opened.sockets.front());
  auto got = net::accept_from(opened.sockets.front());
  CAF_REQUIRE(got.what == accepted::kind::connection);
  CAF_CHECK_EQUAL(got.connection.peer(), "unix");
}

CAF_TEST(a unix socket has the permissions asked for) {
  for (mode_t mode : {0600, 0660, 0777}) {
    auto opened = net::listen_unix(path, mode);
    CAF_REQUIRE_EQUAL(opened.error, "");
    struct stat info {};
    CAF_REQUIRE_EQUAL(::stat(path.c_str(), &info), 0);
    CAF_CHECK_EQUAL(info.st_mode & 0777, mode);
  }
}

CAF_TEST(the socket file of a dead process is replaced) {
  bind_unix(path).close();
  CAF_REQUIRE(std::filesystem::exists(path));
  auto opened = net::listen_unix(path);
  CAF_REQUIRE_EQUAL(opened.error, "");
  connect_to(opened.sockets.front());
}

CAF_TEST(a unix socket that somebody listens on is left alone) {
  auto first = net::listen_unix(path);
  auto second = net::listen_unix(path);
  CAF_CHECK(second.sockets.empty());
  CAF_CHECK_EQUAL(second.error,
                  "cannot listen on " + path + ": Address already in use");
  connect_to(first.sockets.front());
}

// Nor does the start hang there.
CAF_TEST(a unix socket whose backlog is full is left alone) {
  auto first = bind_unix(path);
  ::listen(first.fd(), 1);
  auto waiting = fill_backlog(path);
  auto second = net::listen_unix(path);
  CAF_CHECK_EQUAL(second.error,
                  "cannot listen on " + path + ": Address already in use");
}

CAF_TEST(a file that is no socket is left alone) {
  std::ofstream{path} << "precious";
  auto opened = net::listen_unix(path);
  CAF_CHECK_EQUAL(opened.error,
                  "cannot listen on " + path + ": Address already in use");
  CAF_CHECK_EQUAL(std::filesystem::file_size(path), 8u);
}

CAF_TEST(a path that is too long for a unix socket is refused) {
  std::string longest(sizeof(sockaddr_un::sun_path), 'x');
  auto opened = net::listen_unix(longest);
  CAF_CHECK(opened.sockets.empty());
  CAF_CHECK(opened.error.ends_with("may have at most 107 bytes"));
}

CAF_TEST_FIXTURE_SCOPE_END()
