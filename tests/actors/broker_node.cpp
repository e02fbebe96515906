#include "actors/broker_node.hpp"

#include "protocol/encoder.hpp"
#include "storage/rocks_store.hpp"

#include <caf/test/dsl.hpp>
#include <caf/test/unit_test.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using protocol::version;

namespace {

/// A client that blocks. Its broker ends while it is there.
class client {
public:
  explicit client(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, path.c_str(), path.size() + 1);
    CAF_REQUIRE_EQUAL(
        ::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  }
  ~client() { ::close(fd_); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// As a durable session with a will.
  void connect(std::string_view client_id) {
    protocol::connect packet;
    packet.version = version::v5;
    packet.client_id = client_id;
    packet.clean_start = true;
    packet.properties.session_expiry_interval = 0xffffffff;
    packet.will.emplace();
    packet.will->topic = "t/will";
    packet.will->payload = "gone";
    packet.will->qos = protocol::qos::at_least_once;
    byte_buffer out;
    protocol::encode(out, packet);
    send(out);
    hear();
  }
  void subscribe(std::string_view filter) {
    protocol::subscribe packet;
    packet.packet_id = 1;
    packet.subscriptions.push_back({filter, {}});
    packet.subscriptions.front().options.qos = protocol::qos::at_least_once;
    byte_buffer out;
    protocol::encode(out, packet, version::v5);
    send(out);
    hear();
  }
  /// So many messages at QoS 1. No answer is waited for.
  void publish(uint16_t count) {
    byte_buffer out;
    for (uint16_t id = 1; id <= count; ++id) {
      protocol::publish packet;
      packet.topic = "t/1";
      packet.payload = "x";
      packet.qos = protocol::qos::at_least_once;
      packet.retain = id % 16 == 0;
      packet.packet_id = id;
      protocol::encode(out, packet, version::v5);
    }
    send(out);
  }

private:
  void send(const byte_buffer& out) {
    auto bytes = out.bytes();
    CAF_REQUIRE_EQUAL(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(bytes.size()));
  }
  void hear() {
    char answer[256];
    CAF_REQUIRE(::recv(fd_, answer, sizeof answer, 0) > 0);
  }

  int fd_;
};

/// A directory for the database and the socket, which goes at the end.
struct fixture {
  fixture() {
    std::string name = "/tmp/troupe-node-XXXXXX";
    CAF_REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    settings.persistence = true;
    settings.persistence_location = folder;
    settings.loops = 2;
    settings.listeners.clear();
    settings.listeners.emplace_back();
    settings.listeners.front().path = path();
    settings.listeners.front().allow_anonymous = true;
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  std::string path() const { return folder + "/socket"; }

  config::settings settings;
  std::string folder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(broker_node_tests, fixture)

CAF_TEST(a node that has stopped has closed its database) {
  for (int round = 0; round < 3; ++round) {
    broker_node node{settings};
    CAF_REQUIRE_EQUAL(node.read_files(), "");
    CAF_REQUIRE_EQUAL(node.open(), "");
    CAF_REQUIRE_EQUAL(node.open_store(), "");
    node.start();
    client bert{path()};
    bert.connect("bert");
    bert.subscribe("t/#");
    client anna{path()};
    anna.connect("anna");
    anna.publish(1000);
    node.stop();
    broker_node next{settings};
    CAF_CHECK_EQUAL(next.open_store(), "");
  }
}

CAF_TEST(a node keeps its name with its database) {
  std::optional<broker::node_id> name;
  for (int round = 0; round < 2; ++round) {
    broker_node node{settings};
    CAF_REQUIRE_EQUAL(node.read_files(), "");
    CAF_REQUIRE_EQUAL(node.open(), "");
    CAF_REQUIRE_EQUAL(node.open_store(), "");
    node.start();
    node.stop();
    storage::open_options options;
    options.directory = folder + "/" + storage::database_name;
    options.read_only = true;
    auto opened = storage::open_store(options);
    CAF_REQUIRE(opened.store);
    CAF_REQUIRE(opened.store->node());
    CAF_CHECK(!name || *name == *opened.store->node());
    name = opened.store->node();
  }
}

CAF_TEST(a node can stop before it was started and more than once) {
  broker_node node{settings};
  CAF_REQUIRE_EQUAL(node.read_files(), "");
  CAF_REQUIRE_EQUAL(node.open(), "");
  node.stop();
  CAF_REQUIRE_EQUAL(node.open_store(), "");
  node.start();
  node.stop();
  node.stop();
}

CAF_TEST_FIXTURE_SCOPE_END()
