#include "net/service_manager.hpp"

#include "net/socket.hpp"

#include <caf/test/unit_test.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

using namespace troupe;
using net::service_manager;

namespace {

/// Stands for the service manager: a datagram socket at `name`.
struct fixture {
  fixture() {
    char name[] = "/tmp/troupe-net-XXXXXX";
    CAF_REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
    path = folder + "/notify";
    listen(path);
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  void listen(const std::string& name) {
    inbox = net::socket{
        ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@')
      address.sun_path[0] = '\0';
    auto size = offsetof(sockaddr_un, sun_path) + name.size();
    CAF_REQUIRE_EQUAL(::bind(inbox.fd(), reinterpret_cast<sockaddr*>(&address),
                             static_cast<socklen_t>(size)),
                      0);
  }

  std::string next() {
    std::array<uint8_t, 1024> room;
    auto got = inbox.read(room);
    return {room.begin(), room.begin() + got.bytes};
  }

  std::string folder;
  std::string path;
  net::socket inbox;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(service_manager_tests, fixture)

CAF_TEST(the service manager is told how we are) {
  service_manager manager{path};
  CAF_CHECK(manager.is_present());
  manager.ready();
  CAF_CHECK_EQUAL(next(), "READY=1");
  manager.reloading(std::chrono::steady_clock::time_point{
      std::chrono::microseconds{1234567}});
  CAF_CHECK_EQUAL(next(), "RELOADING=1\nMONOTONIC_USEC=1234567");
  manager.status("3 listeners");
  CAF_CHECK_EQUAL(next(), "STATUS=3 listeners");
  manager.alive();
  CAF_CHECK_EQUAL(next(), "WATCHDOG=1");
  manager.stopping();
  CAF_CHECK_EQUAL(next(), "STOPPING=1");
}

CAF_TEST(a status is one line of bounded length) {
  service_manager manager{path};
  manager.status("good\nMAINPID=1");
  CAF_CHECK_EQUAL(next(), "STATUS=good");
  manager.status(std::string(10'000, 'x'));
  CAF_CHECK_EQUAL(next().size(), 256u);
}

CAF_TEST(abstract sockets are reached) {
  auto name = "@troupe-test-" + std::to_string(::getpid());
  listen(name);
  service_manager{name}.ready();
  CAF_CHECK_EQUAL(next(), "READY=1");
}

CAF_TEST(without a service manager nothing happens) {
  service_manager{}.ready();
  for (auto address : {std::string{"relative"}, std::string{"vsock:1"},
                       folder + "/nobody", '/' + std::string(200, 'x')}) {
    service_manager manager{address};
    manager.ready();
    manager.stopping();
  }
  CAF_CHECK_EQUAL(next(), "");
}

CAF_TEST(the environment is read and removed) {
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", "12", 1);
  auto manager = service_manager::from_environment(12);
  CAF_CHECK(manager.is_present());
  CAF_CHECK(manager.watchdog() == std::chrono::seconds{30});
  CAF_CHECK(!service_manager::from_environment(12).is_present());
}

CAF_TEST(the watchdog of another process is not ours) {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", "12", 1);
  CAF_CHECK(service_manager::from_environment(13).watchdog().count() == 0);
  for (auto interval : {"", "0", "-5", "x", "1x"}) {
    ::setenv("WATCHDOG_USEC", interval, 1);
    CAF_CHECK(service_manager::from_environment(13).watchdog().count() == 0);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
