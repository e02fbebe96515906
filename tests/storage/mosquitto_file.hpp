#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::test {

/// Bytes as Mosquitto writes them.
class mosquitto_bytes {
public:
  mosquitto_bytes& u8(unsigned value) {
    bytes_ += static_cast<char>(value);
    return *this;
  }
  mosquitto_bytes& u16(unsigned value) { return u8(value >> 8).u8(value); }
  mosquitto_bytes& u32(uint32_t value) {
    return u16(value >> 16).u16(value & 0xffff);
  }
  /// As it lies in memory.
  mosquitto_bytes& memory_u64(uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8)
      u8(static_cast<uint8_t>(value >> shift));
    return *this;
  }
  mosquitto_bytes& raw(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  mosquitto_bytes& text(std::string_view text) {
    return u16(static_cast<uint16_t>(text.size())).raw(text);
  }
  const std::string& str() const noexcept { return bytes_; }

private:
  std::string bytes_;
};

inline std::string mosquitto_header(uint32_t format) {
  using namespace std::string_view_literals;
  return mosquitto_bytes{}
      .raw("\0\xb5\0mosquitto db"sv)
      .u32(0)
      .u32(format)
      .str();
}

/// One record of formats 5 and 6.
inline std::string mosquitto_chunk(uint32_t type, const mosquitto_bytes& body) {
  return mosquitto_bytes{}
      .u32(type)
      .u32(static_cast<uint32_t>(body.str().size()))
      .raw(body.str())
      .str();
}

/// One record of formats 2 to 4.
inline std::string old_mosquitto_chunk(uint16_t type,
                                       const mosquitto_bytes& body) {
  return mosquitto_bytes{}
      .u16(type)
      .u32(static_cast<uint32_t>(body.str().size()))
      .raw(body.str())
      .str();
}

inline std::span<const uint8_t> as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// Writes formats 5 and 6.
class mosquitto_file {
public:
  explicit mosquitto_file(uint32_t format = 6) : format_(format) {
    text_ = mosquitto_header(format);
    add(1, mosquitto_bytes{}.memory_u64(9).u8(1).u8(8).u32(0).u16(0));
  }

  mosquitto_file& add(uint32_t type, const mosquitto_bytes& body) {
    text_ += mosquitto_chunk(type, body);
    return *this;
  }

  struct message_form {
    unsigned qos = 1;
    bool retain = false;
    uint64_t expires_at = 0;
    /// With their length in front.
    std::string_view properties = {};
  };
  mosquitto_file& message(uint64_t id, std::string_view topic,
                          std::string_view payload) {
    return message(id, topic, payload, message_form{});
  }
  mosquitto_file& message(uint64_t id, std::string_view topic,
                          std::string_view payload, const message_form& how) {
    return add(2, mosquitto_bytes{}
                      .memory_u64(id)
                      .memory_u64(how.expires_at)
                      .u32(static_cast<uint32_t>(payload.size()))
                      .u16(7)
                      .u16(3)
                      .u16(4)
                      .u16(static_cast<uint16_t>(topic.size()))
                      .u16(1883)
                      .u8(how.qos)
                      .u8(how.retain ? 1 : 0)
                      .raw("pub")
                      .raw("user")
                      .raw(topic)
                      .raw(payload)
                      .raw(how.properties));
  }

  mosquitto_file& client(std::string_view id, uint32_t expiry = 0xffff'ffff,
                         uint64_t expires_at = 0) {
    mosquitto_bytes body;
    body.memory_u64(expires_at).u32(expiry).u16(5);
    body.u16(static_cast<uint16_t>(id.size()));
    if (format_ == 6)
      body.u16(1883).u16(4).u32(0);
    body.raw(id);
    if (format_ == 6)
      body.raw("user");
    return add(6, body);
  }

  struct entry_form {
    unsigned packet_id = 0;
    unsigned qos = 1;
    unsigned state = 11;
    bool retain = false;
    bool is_incoming = false;
    std::string_view properties = {};
  };
  mosquitto_file& entry(std::string_view client, uint64_t message,
                        const entry_form& how) {
    return add(3, mosquitto_bytes{}
                      .memory_u64(message)
                      .u16(how.packet_id)
                      .u16(static_cast<uint16_t>(client.size()))
                      .u8(how.qos)
                      .u8(how.state)
                      .u8(how.retain ? 0x11 : 0x01)
                      .u8(how.is_incoming ? 0 : 1)
                      .raw(client)
                      .raw(how.properties));
  }

  mosquitto_file& subscription(std::string_view client, std::string_view filter,
                               unsigned qos, unsigned options = 0,
                               uint32_t identifier = 0) {
    return add(5, mosquitto_bytes{}
                      .u32(identifier)
                      .u16(static_cast<uint16_t>(client.size()))
                      .u16(static_cast<uint16_t>(filter.size()))
                      .u8(qos)
                      .u8(options)
                      .u16(0)
                      .raw(client)
                      .raw(filter));
  }

  mosquitto_file& retained(uint64_t message) {
    return add(4, mosquitto_bytes{}.memory_u64(message));
  }

  const std::string& str() const noexcept { return text_; }
  std::span<const uint8_t> bytes() const noexcept { return as_bytes(text_); }

private:
  uint32_t format_;
  std::string text_;
};

} // namespace troupe::test
