#pragma once

#include "core/byte_buffer.hpp"
#include "protocol/types.hpp"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string_view>

// Packets are written by templates over a sink, once into a `byte_counter` to
// learn the remaining length and once into a `byte_writer`: so the length in
// front and what follows cannot disagree.
namespace troupe::protocol {

/// Bytes of `value` as a variable byte integer [MQTT 1.5.5].
constexpr size_t variable_size(uint32_t value) noexcept {
  if (value < 0x80)
    return 1;
  if (value < 0x4000)
    return 2;
  return value < 0x20'0000 ? 3 : 4;
}

/// A sink that only counts.
class byte_counter {
public:
  void u8(uint8_t) noexcept { size_ += 1; }
  void u16(uint16_t) noexcept { size_ += 2; }
  void u32(uint32_t) noexcept { size_ += 4; }
  void variable(uint32_t value) noexcept { size_ += variable_size(value); }
  void raw(std::string_view bytes) noexcept { size_ += bytes.size(); }
  void text(std::string_view bytes) noexcept { size_ += 2 + bytes.size(); }

  size_t size() const noexcept { return size_; }

private:
  size_t size_ = 0;
};

/// A sink that writes to memory which the caller has made room for.
class byte_writer {
public:
  explicit byte_writer(uint8_t* to) noexcept : at_(to) {}

  void u8(uint8_t value) noexcept { *at_++ = value; }
  void u16(uint16_t value) noexcept {
    at_[0] = static_cast<uint8_t>(value >> 8);
    at_[1] = static_cast<uint8_t>(value);
    at_ += 2;
  }
  void u32(uint32_t value) noexcept {
    u16(static_cast<uint16_t>(value >> 16));
    u16(static_cast<uint16_t>(value));
  }
  /// REQUIRES: value <= max_remaining_length.
  void variable(uint32_t value) noexcept {
    assert(value <= max_remaining_length);
    for (; value >= 0x80; value >>= 7)
      u8(static_cast<uint8_t>(value | 0x80));
    u8(static_cast<uint8_t>(value));
  }
  void raw(std::string_view bytes) noexcept {
    if (!bytes.empty())
      std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  /// Two bytes of length, then the bytes. REQUIRES: bytes.size() <= 65,535.
  void text(std::string_view bytes) noexcept {
    assert(bytes.size() <= 0xffff);
    u16(static_cast<uint16_t>(bytes.size()));
    raw(bytes);
  }

  const uint8_t* position() const noexcept { return at_; }

private:
  uint8_t* at_;
};

/// Appends a packet: `first_byte`, the remaining length, and what `put_body`
/// writes into the sink it is handed.
template <class PutBody>
void append_packet(byte_buffer& out, uint8_t first_byte,
                   const PutBody& put_body) {
  byte_counter body;
  put_body(body);
  auto remaining_length = static_cast<uint32_t>(body.size());
  auto size = 1 + variable_size(remaining_length) + body.size();
  auto* begin = out.reserve(size);
  byte_writer writer{begin};
  writer.u8(first_byte);
  writer.variable(remaining_length);
  put_body(writer);
  assert(writer.position() == begin + size);
  out.commit(size);
}

/// The first byte of a packet whose flags the specification fixes
/// [MQTT 2.1.3]: 2 where it expects an answer by packet identifier.
constexpr uint8_t first_byte_of(packet_type type) noexcept {
  auto flags = type == packet_type::pubrel || type == packet_type::subscribe
                       || type == packet_type::unsubscribe
                   ? 2
                   : 0;
  return static_cast<uint8_t>(static_cast<uint8_t>(type) << 4 | flags);
}

} // namespace troupe::protocol
