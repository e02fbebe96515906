// libFuzzer target for the codec. Whatever the bytes: no read past their end
// (the sanitizers see to that), what decodes survives encoding and decoding
// again, and cutting a stream into pieces does not change what it says.
#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"
#include "protocol/topic.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::protocol;

namespace {

using byte_view = std::span<const uint8_t>;

constexpr uint32_t max_packet_size = 3000;

void require(bool condition) {
  if (!condition)
    std::abort();
}

version version_of(uint8_t choice) {
  return static_cast<version>(3 + choice % 3);
}

/// A copy of its own, so that a read past the end of a frame is seen even
/// where the next packet follows.
struct lone_frame {
  explicit lone_frame(const frame& in)
      : bytes(new uint8_t[in.body.size()]), copy{in.first_byte,
                                                 {bytes.get(), in.body.size()},
                                                 in.size} {
    std::copy(in.body.begin(), in.body.end(), bytes.get());
  }
  std::unique_ptr<uint8_t[]> bytes;
  frame copy;
};

std::string encoded(const packet& value, version v) {
  byte_buffer out;
  encode(out, value, v);
  if (const auto* message = std::get_if<publish>(&value))
    require(encoded_size(*message, v) == out.size());
  return std::string{out.view()};
}

void check_round_trip(const packet& value, version v) {
  auto text = encoded(value, v);
  byte_view bytes{reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  auto again = next_frame(bytes, max_remaining_length + 1);
  require(again && *again && (*again)->size == bytes.size());
  auto decoded = decode(**again, v);
  require(decoded.has_value() && *decoded == value);
  require(encoded(*decoded, v) == text);
}

/// What a stream says: its packets, encoded, and how it ends.
struct story {
  std::vector<std::string> packets;
  ec end{};

  bool operator==(const story&) const = default;
};

/// Reads `bytes` through `next_frame`, as a broker's connection does.
story read_whole(byte_view bytes, version v) {
  story told;
  for (;;) {
    auto found = next_frame(bytes, max_packet_size);
    if (!found || !*found) {
      told.end = found ? ec{} : found.error().code;
      return told;
    }
    lone_frame alone{**found};
    auto decoded = decode(alone.copy, v);
    if (!decoded) {
      told.end = decoded.error().code;
      return told;
    }
    if (const auto* opening = std::get_if<connect>(&*decoded))
      v = opening->version;
    check_round_trip(*decoded, v);
    told.packets.push_back(encoded(*decoded, v));
    bytes = bytes.subspan((*found)->size);
  }
}

/// Reads `bytes` through a decoder in pieces of varying size.
story read_in_pieces(byte_view bytes, version v, size_t step) {
  story told;
  decoder in{max_packet_size};
  in.set_version(v);
  while (!bytes.empty() && told.end == ec{}) {
    auto size = std::min(bytes.size(), 1 + step++ % 7);
    in.feed(bytes.first(size));
    bytes = bytes.subspan(size);
    auto next = in.next();
    for (; next && *next; next = in.next())
      told.packets.push_back(encoded(**next, in.current_version()));
    if (!next)
      told.end = next.error().code;
  }
  return told;
}

void check_text(byte_view bytes) {
  std::string_view text{reinterpret_cast<const char*>(bytes.data()),
                        bytes.size()};
  require(!is_plain_text(text) || is_utf8_string(text));
  require(!is_topic_name(text) || is_topic_filter(text));
  // A topic name matches itself.
  require(!is_topic_name(text) || matches(text, text));
  if (auto parsed = parse_filter(text))
    require(is_topic_filter(parsed->filter));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0)
    return 0;
  byte_view bytes{data + 1, size - 1};
  auto v = version_of(data[0]);
  auto whole = read_whole(bytes, v);
  require(read_in_pieces(bytes, v, data[0] / 3) == whole);
  check_text(bytes);
  return 0;
}
