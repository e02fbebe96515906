#include "actors/packet_log.hpp"

#include "core/log.hpp"

namespace troupe::actors::packet_log {

namespace {

constexpr auto level = log::level::debug;

int number(bool value) {
  return value ? 1 : 0;
}

template <class T>
int number(T value) {
  return static_cast<int>(value);
}

} // namespace

void received(std::string_view client_id, const protocol::publish& packet) {
  if (log::enabled(level))
    log::client(level, client_id,
                "Received PUBLISH from {} (d{}, q{}, r{}, m{}, '{}', ... ({} "
                "bytes))",
                client_id, number(packet.dup), number(packet.qos),
                number(packet.retain), packet.packet_id, packet.topic,
                packet.payload.size());
}

void received(std::string_view client_id, protocol::packet_type type) {
  if (log::enabled(level))
    log::client(level, client_id, "Received {} from {}",
                protocol::to_string(type), client_id);
}

void received(std::string_view client_id, protocol::packet_type type,
              uint16_t packet_id, protocol::reason code) {
  if (log::enabled(level))
    log::client(level, client_id, "Received {} from {} (Mid: {}, RC:{})",
                protocol::to_string(type), client_id, packet_id, number(code));
}

void sent(std::string_view client_id, const broker::publication& message,
          const broker::delivery_header& header) {
  if (log::enabled(level))
    log::client(level, client_id,
                "Sending PUBLISH to {} (d{}, q{}, r{}, m{}, '{}', ... ({} "
                "bytes))",
                client_id, number(header.dup), number(header.qos),
                number(header.retain), header.packet_id, message.topic(),
                message.payload().size());
}

void sent(std::string_view client_id, protocol::packet_type type,
          uint16_t packet_id, protocol::reason code) {
  if (log::enabled(level))
    log::client(level, client_id, "Sending {} to {} (m{}, rc{})",
                protocol::to_string(type), client_id, packet_id, number(code));
}

void sent(std::string_view client_id, protocol::packet_type type) {
  if (log::enabled(level))
    log::client(level, client_id, "Sending {} to {}", protocol::to_string(type),
                client_id);
}

} // namespace troupe::actors::packet_log
