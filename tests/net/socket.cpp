#include "net/socket.hpp"

#include "pairs.hpp"

#include <caf/test/unit_test.hpp>

#include <fcntl.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

using namespace troupe;
using kind = net::io_result::kind;

namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

struct fixture {
  fixture() { std::tie(here, there) = net::make_pair(); }

  net::socket here;
  net::socket there;
  std::array<uint8_t, 16> room{};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(socket_tests, fixture)

CAF_TEST(bytes written on one side are read on the other) {
  auto sent = here.write(bytes("hello"));
  CAF_CHECK(sent.what == kind::done);
  CAF_CHECK_EQUAL(sent.bytes, 5u);
  auto got = there.read(room);
  CAF_CHECK(got.what == kind::done);
  CAF_CHECK_EQUAL(std::string(room.begin(), room.begin() + got.bytes), "hello");
}

CAF_TEST(reading where nothing is does not wait) {
  CAF_CHECK(there.read(room).what == kind::would_block);
}

CAF_TEST(writing to a peer that does not read does not wait) {
  std::vector<uint8_t> much(1 << 20);
  auto sent = here.write(much);
  CAF_CHECK(sent.what == kind::done);
  CAF_CHECK(sent.bytes < much.size());
  while (sent.what == kind::done)
    sent = here.write(much);
  CAF_CHECK(sent.what == kind::would_block);
}

CAF_TEST(what was sent before the end is read before the end) {
  here.write(bytes("x"));
  here.shutdown_write();
  CAF_CHECK(there.read(room).what == kind::done);
  CAF_CHECK(there.read(room).what == kind::end_of_stream);
  CAF_CHECK(there.write(bytes("still")).what == kind::done);
}

CAF_TEST(writing to a peer that is gone breaks and raises no signal) {
  there.close();
  auto sent = here.write(bytes("x"));
  CAF_CHECK(sent.what == kind::broken);
}

CAF_TEST(a socket is closed with its owner) {
  auto fd = here.fd();
  {
    auto owner = std::move(here);
    CAF_CHECK(!here.is_open());
    CAF_CHECK_EQUAL(owner.fd(), fd);
    CAF_CHECK(::fcntl(fd, F_GETFD) >= 0);
  }
  CAF_CHECK_EQUAL(::fcntl(fd, F_GETFD), -1);
}

CAF_TEST(a closed socket is harmless) {
  here.close();
  here.close();
  here.shutdown_write();
  CAF_CHECK(!here.is_open());
  CAF_CHECK_EQUAL(here.peer(), "unknown");
  CAF_CHECK(here.read(room).what == kind::broken);
}

CAF_TEST(the peer of a unix socket has no address) {
  CAF_CHECK_EQUAL(here.peer(), "unix");
}

CAF_TEST_FIXTURE_SCOPE_END()
