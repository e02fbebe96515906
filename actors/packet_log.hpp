#pragma once

#include "broker/delivery_encoder.hpp"
#include "broker/publication.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <string_view>

// What `-v` shows of every packet, in the words of `mosquitto -v`. Each
// function costs one load while debug lines are off.
namespace troupe::actors::packet_log {

void received(std::string_view client_id, const protocol::publish& packet);
void received(std::string_view client_id, protocol::packet_type type);
void received(std::string_view client_id, protocol::packet_type type,
              uint16_t packet_id, protocol::reason code);
void sent(std::string_view client_id, const broker::publication& message,
          const broker::delivery_header& header);
void sent(std::string_view client_id, protocol::packet_type type,
          uint16_t packet_id,
          protocol::reason code = protocol::reason::success);
void sent(std::string_view client_id, protocol::packet_type type);

} // namespace troupe::actors::packet_log
