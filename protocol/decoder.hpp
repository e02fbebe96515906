#pragma once

#include "core/byte_buffer.hpp"
#include "core/result.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace troupe::protocol {

/// One control packet as it lies in a buffer; not looked into yet.
struct frame {
  /// Type and flags.
  uint8_t first_byte = 0;
  /// Variable header and payload: a view into the buffer.
  std::span<const uint8_t> body;
  /// Bytes from the first of this packet to the first of the next.
  size_t size = 0;

  packet_type type() const noexcept {
    return static_cast<packet_type>(first_byte >> 4);
  }
};

/// Finds the first packet in `bytes`. Nothing yet: `nullopt`. A remaining
/// length of more than four bytes, a reserved type or flags that the type
/// forbids fail with malformed_packet, one whose remaining length + 1 exceeds
/// `max_packet_size` with packet_too_large – before its body has arrived.
/// Needs no allocation and never reads past the end.
result<std::optional<frame>> next_frame(std::span<const uint8_t> bytes,
                                        uint32_t max_packet_size) noexcept;

/// Decode the body of a frame; every length, flag, property and string is
/// checked. Views in the result point into the frame.
/// CONNECT carries its version. A name or level that is not MQTT fails with
/// unsupported_protocol_version. A client identifier that is not plain text
/// fails with client_identifier_not_valid in 5.0, with malformed_packet in 3.x.
result<connect> decode_connect(const frame& in);
/// Subscription identifiers and aliases are given as they stand: whether the
/// direction allows them is the caller's business. An empty topic passes only
/// with an alias. A topic name with wildcards fails with topic_name_invalid,
/// one that is empty or has too many slashes with protocol_error. Allocates
/// only for subscription identifiers and for `message::gathered_properties`.
result<publish> decode_publish(const frame& in, version v);
result<acknowledgement> decode_acknowledgement(const frame& in, version v);
/// Any packet. REQUIRES for CONNECT: `v` is ignored.
result<packet> decode(const frame& in, version v);

/// Gathers bytes until they are packets. For clients, tools and tests; a
/// broker's connection calls `next_frame` on its own read buffer.
class decoder {
public:
  explicit decoder(uint32_t max_packet_size = max_remaining_length + 1) noexcept
      : max_packet_size_(max_packet_size) {}

  /// What the packets that follow are read as; CONNECT sets it by itself.
  void set_version(version v) noexcept { version_ = v; }
  version current_version() const noexcept { return version_; }

  /// Appends `bytes`. Invalidates the packets given out before.
  void feed(std::span<const uint8_t> bytes);

  /// The next packet, nothing if more bytes are needed, or why there will be
  /// none: after a failure every call fails the same way. Views in the packet
  /// are valid until the next call of `feed` or `next`.
  result<std::optional<packet>> next();

private:
  byte_buffer buffer_;
  size_t consumed_ = 0;
  uint32_t max_packet_size_;
  version version_ = version::v311;
  std::optional<failure> failed_;
};

} // namespace troupe::protocol
