#include "apps/tools/packet_text.hpp"

#include <fmt/format.h>

#include <variant>

namespace troupe::tools {
namespace {

using protocol::acknowledgement;
using protocol::packet_type;

std::string client(std::string_view id) {
  return fmt::format("Client {} ", id.empty() ? "(null)" : id);
}

std::string publish_text(const protocol::publish& packet, unsigned id) {
  return fmt::format("PUBLISH (d{}, q{}, r{}, m{}, '{}', ... ({} bytes))",
                     packet.dup ? 1 : 0, static_cast<int>(packet.qos),
                     packet.retain ? 1 : 0, id, packet.topic,
                     packet.payload.size());
}

std::string_view name(const acknowledgement& packet) {
  return to_string(packet.type);
}

unsigned options_byte(const protocol::subscription_options& options) {
  return (options.no_local ? 0x04U : 0U)
         | (options.retain_as_published ? 0x08U : 0U)
         | static_cast<unsigned>(options.retain_handling) << 4;
}

struct sent_describer {
  std::string_view id;

  std::string operator()(const protocol::publish& packet) const {
    return line(publish_text(packet, packet.packet_id));
  }
  std::string operator()(const acknowledgement& packet) const {
    auto has_code = packet.type == packet_type::puback
                    || packet.type == packet_type::pubrec;
    return line(fmt::format(
        "{} (m{}{})", name(packet), packet.packet_id,
        has_code ? fmt::format(", rc{}", static_cast<int>(packet.reason))
                 : ""));
  }
  std::string operator()(const protocol::subscribe& packet) const {
    std::string result;
    for (const auto& [filter, options] : packet.subscriptions)
      result += line(fmt::format(
          "SUBSCRIBE (Mid: {}, Topic: {}, QoS: {}, Options: {:#04x})",
          packet.packet_id, filter, static_cast<int>(options.qos),
          options_byte(options)));
    return result;
  }
  std::string operator()(const protocol::unsubscribe& packet) const {
    std::string result;
    for (auto filter : packet.filters)
      result += line(fmt::format("UNSUBSCRIBE (Mid: {}, Topic: {})",
                                 packet.packet_id, filter));
    return result;
  }
  template <class Packet>
  std::string operator()(const Packet& packet) const {
    return line(std::string{to_string(type_of(protocol::packet{packet}))});
  }

  std::string line(const std::string& what) const {
    return client(id) + "sending " + what + "\n";
  }
};

struct received_describer {
  std::string_view id;

  std::string operator()(const protocol::connack& packet) const {
    return line(fmt::format("CONNACK ({})", packet.code));
  }
  std::string operator()(const protocol::publish& packet) const {
    return line(publish_text(packet, packet.packet_id));
  }
  std::string operator()(const acknowledgement& packet) const {
    auto has_code = packet.type == packet_type::puback
                    || packet.type == packet_type::pubcomp;
    return line(fmt::format(
        "{} (Mid: {}{})", name(packet), packet.packet_id,
        has_code ? fmt::format(", RC:{}", static_cast<int>(packet.reason))
                 : ""));
  }
  std::string operator()(const protocol::suback& packet) const {
    auto result = line("SUBACK");
    result += fmt::format("Subscribed (mid: {}):", packet.packet_id);
    std::string_view separator = " ";
    for (auto code : packet.codes) {
      result += fmt::format("{}{}", separator, static_cast<int>(code));
      separator = ", ";
    }
    return result + "\n";
  }
  std::string operator()(const protocol::disconnect& packet) const {
    return fmt::format("Received DISCONNECT ({})\n",
                       static_cast<int>(packet.reason));
  }
  template <class Packet>
  std::string operator()(const Packet& packet) const {
    return line(std::string{to_string(type_of(protocol::packet{packet}))});
  }

  std::string line(const std::string& what) const {
    return client(id) + "received " + what + "\n";
  }
};

} // namespace

std::string describe_sent(std::string_view id, const protocol::packet& packet) {
  return std::visit(sent_describer{id}, packet);
}

std::string describe_received(std::string_view id,
                              const protocol::packet& packet) {
  return std::visit(received_describer{id}, packet);
}

std::string_view refusal_text(uint8_t code,
                              protocol::version version) noexcept {
  if (version == protocol::version::v5)
    return to_string(static_cast<protocol::reason>(code), packet_type::connack);
  switch (code) {
  case 1:
    return "Connection Refused: unacceptable protocol version.";
  case 2:
    return "Connection Refused: identifier rejected.";
  case 3:
    return "Connection Refused: broker unavailable.";
  case 4:
    return "Connection Refused: bad user name or password.";
  case 5:
    return "Connection Refused: not authorised.";
  default:
    return "Connection Refused: unknown reason.";
  }
}

} // namespace troupe::tools
