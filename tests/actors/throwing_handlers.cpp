// Actors that a loop cannot do without, when there is no memory.
#include "../net/pairs.hpp"
#include "actors/greeter.hpp"
#include "actors/registry.hpp"
#include "actors/subtree.hpp"
#include "actors/sys.hpp"
#include "fixture.hpp"
#include "net/listener.hpp"
#include "protocol/encoder.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

using namespace troupe;
using namespace troupe::actors;
using protocol::version;
using std::chrono::seconds;

namespace {

// 1: the next allocation of this thread throws; 0: none does.
thread_local int countdown = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  if (countdown != 0 && --countdown == 0)
    throw std::bad_alloc{};
  auto* result = alignment == 0 ? std::malloc(size == 0 ? 1 : size)
                                : ::aligned_alloc(alignment, size);
  if (result == nullptr)
    throw std::bad_alloc{};
  return result;
}

} // namespace

// For this whole program: it does what it always does unless a test says so.
void* operator new(std::size_t size) {
  return allocate(size, 0);
}
void operator delete(void* what) noexcept {
  std::free(what);
}
void operator delete(void* what, std::size_t) noexcept {
  std::free(what);
}

namespace {

struct fixture : caf_fixture {
  fixture() {
    node.loops.push_back(std::make_unique<loop>(sys, 0));
    node.subtrees.push_back(std::make_unique<subtree_stats>());
    CAF_REQUIRE_EQUAL(home().open(), "");
    auto topics = record<subtree_actor>(sys, [this](const mail& message) {
      routed += message.get_if<route>() ? 1 : 0;
    });
    home().set_routes(std::make_shared<const route_table>(
        std::vector<subtree_actor>{topics}));
    at = home().now();
  }
  ~fixture() {
    node.registries.clear();
    home().discard_mail();
  }

  loop& home() { return *node.loops.front(); }
  void settle(seconds passed = seconds{0}) {
    at += passed;
    for (int i = 0; i < 5; ++i)
      home().run_one_turn(at);
  }

  node_context node;
  time_point at;
  int routed = 0;
};

/// A greeter at a socket with a name; what it accepts is counted.
struct greeter_fixture : fixture {
  greeter_fixture() {
    std::string name = "/tmp/troupe-greeter-XXXXXX";
    CAF_REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    path = folder + "/socket";
    auto opened = net::listen_unix(path);
    CAF_REQUIRE_EQUAL(opened.error, "");
    sockets.push_back(
        {std::make_shared<const net::socket>(std::move(opened.sockets.front())),
         home().policy().listeners.front()});
    node.registries.push_back(
        record<registry_actor>(sys, [this](const mail& message) {
          accepted += message.get_if<handed_over>() ? 1 : 0;
        }));
    actor = spawn_light<greeter>(sys, node, home(), sockets);
    settle();
  }
  ~greeter_fixture() {
    tell(actor, stop_node{});
    settle();
    ::unlink(path.c_str());
    ::rmdir(folder.c_str());
  }

  /// A client that says CONNECT.
  net::socket dial() {
    net::socket result{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, path.c_str(), path.size() + 1);
    CAF_REQUIRE_EQUAL(::connect(result.fd(),
                                reinterpret_cast<sockaddr*>(&where),
                                sizeof where),
                      0);
    protocol::connect packet;
    packet.version = version::v5;
    packet.client_id = "a client with a name that is not short";
    troupe::byte_buffer out;
    protocol::encode(out, packet);
    result.write(out.bytes());
    return result;
  }

  std::string folder;
  std::string path;
  std::vector<listening_socket> sockets;
  greeter_actor actor;
  int accepted = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(throwing_registry_tests, fixture)

CAF_TEST(a registry that fails at one client serves the next) {
  auto actor = spawn_light<registry>(sys, node, home());
  object_of<registry>(actor)->set_supervisor(
      record<supervisor_actor>(sys, [](const mail&) {}));
  auto connect = [&] {
    auto client = std::make_shared<newcomer>();
    auto [near, far] = net::make_pair();
    client->stream = net::stream{std::move(near)};
    client->version = version::v5;
    client->decision.what = broker::connect_decision::kind::accept;
    client->decision.client_id = "a client with a name that is not short";
    client->decision.parameters.client.version = version::v5;
    client->policy = home().policy().listeners.front();
    client->slot = std::move(*node.admission.take(*client->policy));
    tell(actor, handed_over{std::move(client)});
    return std::move(far);
  };
  std::array<uint8_t, 64> room;
  run_on(home(), [] { countdown = 1; });
  auto lost = connect();
  settle();
  CAF_CHECK_EQUAL(countdown, 0);
  CAF_CHECK(lost.read(room).what == net::io_result::kind::end_of_stream);
  CAF_CHECK_EQUAL(node.admission.connections(), 0);
  CAF_CHECK_EQUAL(node.sessions.load(), 0);
  auto next = connect();
  settle();
  CAF_CHECK(next.read(room).what == net::io_result::kind::done);
  CAF_CHECK_EQUAL(node.admission.connections(), 1);
  next.close();
  settle();
  tell(actor, stop_node{});
  settle(seconds{5});
}

CAF_TEST_FIXTURE_SCOPE_END()
CAF_TEST_FIXTURE_SCOPE(throwing_sys_tests, fixture)

CAF_TEST(what fails to be published once is published the next time) {
  node.settings.sys_interval = seconds{10};
  auto actor = spawn_light<actors::sys>(sys, node, home());
  run_on(home(), [] { countdown = 1; });
  settle();
  CAF_CHECK_EQUAL(countdown, 0);
  CAF_CHECK_EQUAL(routed, 0);
  settle(seconds{11});
  CAF_CHECK_EQUAL(routed, 1);
  tell(actor, stop_node{});
  settle();
}

CAF_TEST_FIXTURE_SCOPE_END()
CAF_TEST_FIXTURE_SCOPE(throwing_greeter_tests, greeter_fixture)

CAF_TEST(whatever fails at one client a greeter serves the next) {
  auto first = dial(); // what the loop itself needs it has from then on
  settle();
  for (int nth = 1; nth <= 12; ++nth) {
    CAF_MESSAGE("allocation " << nth);
    auto before = accepted;
    auto one = dial();
    countdown = nth;
    home().run_one_turn(at);
    countdown = 0;
    settle();
    auto other = dial();
    settle();
    CAF_CHECK(accepted > before);
    CAF_CHECK_EQUAL(node.admission.connections(), 0);
    CAF_CHECK_EQUAL(home().stats().pending.value(), 0u);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
