#pragma once

#include "core/byte_buffer.hpp"
#include "protocol/packet.hpp"

namespace troupe::protocol {

/// Append `packet` to `out` as version `v` writes it; properties are left out
/// where the version has none. The caller answers for what it passes: text
/// longer than 65,535 bytes, for one, REQUIRES to have been refused before.
void encode(byte_buffer& out, const connect& packet);
void encode(byte_buffer& out, const connack& packet, version v);
void encode(byte_buffer& out, const publish& packet, version v);
void encode(byte_buffer& out, const acknowledgement& packet, version v);
void encode(byte_buffer& out, const subscribe& packet, version v);
void encode(byte_buffer& out, const suback& packet, version v);
void encode(byte_buffer& out, const unsubscribe& packet, version v);
void encode(byte_buffer& out, const unsuback& packet, version v);
void encode(byte_buffer& out, const pingreq& packet, version v);
void encode(byte_buffer& out, const pingresp& packet, version v);
void encode(byte_buffer& out, const disconnect& packet, version v);
void encode(byte_buffer& out, const auth& packet, version v);
/// CONNECT is written in its own version.
void encode(byte_buffer& out, const packet& packet, version v);

/// Appends an acknowledgement without properties: what a broker sends most.
/// In 5.0 a reason of success is left out [MQTT-3.4.2.1].
void encode_acknowledgement(byte_buffer& out, packet_type type,
                            uint16_t packet_id, reason code, version v);

/// Bytes that `encode` appends for this PUBLISH, fixed header included.
size_t encoded_size(const publish& packet, version v) noexcept;

/// Appends one property of a PUBLISH in its encoded form, for use in
/// `message::forwarded_properties`.
void append_payload_format(byte_buffer& out, uint8_t value);
void append_content_type(byte_buffer& out, std::string_view value);
void append_response_topic(byte_buffer& out, std::string_view value);
void append_correlation_data(byte_buffer& out, std::string_view value);
void append_user_property(byte_buffer& out, std::string_view name,
                          std::string_view value);

} // namespace troupe::protocol
