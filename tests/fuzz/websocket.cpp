// libFuzzer target for WebSocket. Whatever the bytes: cutting them into pieces
// does not change what frames say, never is more payload given than came, and
// requests and responses are judged without a read past their end.
#include "net/websocket_frames.hpp"
#include "net/websocket_upgrade.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::net;

namespace {

using byte_view = std::span<const uint8_t>;

void require(bool condition) {
  if (!condition)
    std::abort();
}

struct story {
  std::string payload;
  std::string pong;
  frame_reader::state end{};
  close_code code{};

  bool operator==(const story&) const = default;
};

/// Reads frames in pieces of `step` bytes, each in memory of its own.
story read(byte_view bytes, size_t step, websocket_role role) {
  frame_reader reader{role, 100'000};
  byte_buffer pong;
  story told;
  while (!bytes.empty()) {
    auto size = std::min(bytes.size(), step);
    std::vector<uint8_t> piece{bytes.begin(), bytes.begin() + size};
    bytes = bytes.subspan(size);
    auto got = reader.unwrap(piece, pong);
    require(got <= piece.size());
    told.payload.append(piece.begin(), piece.begin() + got);
  }
  told.pong = pong.view();
  told.end = reader.current();
  told.code = reader.code();
  return told;
}

/// Pongs of a client are masked at random.
story without_mask(story told, websocket_role role) {
  if (role == websocket_role::client)
    told.pong.resize(std::min<size_t>(told.pong.size(), 2));
  return told;
}

void check_frames(byte_view bytes, uint8_t choice) {
  auto role = choice % 2 != 0 ? websocket_role::client : websocket_role::server;
  auto whole = without_mask(read(bytes, bytes.size(), role), role);
  auto pieces = without_mask(read(bytes, 1 + choice / 2 % 16, role), role);
  require(whole == pieces);
}

void check_handshake(byte_view bytes) {
  std::string text{bytes.begin(), bytes.end()};
  websocket_policy policy;
  auto answer = judge_upgrade(text, policy);
  require((answer.status == 101) == answer.error.empty());
  require(answer.response.starts_with("HTTP/1.1 "));
  // A list of origins admits nobody whom no list refuses.
  policy.origins = {"https://example.org"};
  require(judge_upgrade(text, policy).status != 101 || answer.status == 101);
  auto key = "dGhlIHNhbXBsZSBub25jZQ==";
  auto accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  require(!check_upgrade_response(text, "mqtt", key).empty()
          || text.find(accept) != text.npos);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2)
    return 0;
  check_frames({data + 1, size - 1}, data[0]);
  check_handshake({data + 1, size - 1});
  return 0;
}
