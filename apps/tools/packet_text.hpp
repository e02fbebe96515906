#pragma once

#include "protocol/packet.hpp"

#include <string>
#include <string_view>

namespace troupe::tools {

/// What `-d` shows, line by line, of a packet that client `id` sends. An empty
/// id shows as "(null)", as mosquitto_pub has it.
std::string describe_sent(std::string_view id, const protocol::packet& packet);

/// The same for a packet received.
std::string describe_received(std::string_view id,
                              const protocol::packet& packet);

/// Why the broker refused the connection, in words.
std::string_view refusal_text(uint8_t code, protocol::version version) noexcept;

} // namespace troupe::tools
