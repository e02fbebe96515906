#include "protocol/packet.hpp"

namespace troupe::protocol {

namespace {

struct type_visitor {
  packet_type operator()(const connect&) { return packet_type::connect; }
  packet_type operator()(const connack&) { return packet_type::connack; }
  packet_type operator()(const publish&) { return packet_type::publish; }
  packet_type operator()(const acknowledgement& in) { return in.type; }
  packet_type operator()(const subscribe&) { return packet_type::subscribe; }
  packet_type operator()(const suback&) { return packet_type::suback; }
  packet_type operator()(const unsubscribe&) {
    return packet_type::unsubscribe;
  }
  packet_type operator()(const unsuback&) { return packet_type::unsuback; }
  packet_type operator()(const pingreq&) { return packet_type::pingreq; }
  packet_type operator()(const pingresp&) { return packet_type::pingresp; }
  packet_type operator()(const disconnect&) { return packet_type::disconnect; }
  packet_type operator()(const auth&) { return packet_type::auth; }
};

} // namespace

packet_type type_of(const packet& value) noexcept {
  return std::visit(type_visitor{}, value);
}

const char* to_string(packet_type type) noexcept {
  switch (type) {
  case packet_type::connect:
    return "CONNECT";
  case packet_type::connack:
    return "CONNACK";
  case packet_type::publish:
    return "PUBLISH";
  case packet_type::puback:
    return "PUBACK";
  case packet_type::pubrec:
    return "PUBREC";
  case packet_type::pubrel:
    return "PUBREL";
  case packet_type::pubcomp:
    return "PUBCOMP";
  case packet_type::subscribe:
    return "SUBSCRIBE";
  case packet_type::suback:
    return "SUBACK";
  case packet_type::unsubscribe:
    return "UNSUBSCRIBE";
  case packet_type::unsuback:
    return "UNSUBACK";
  case packet_type::pingreq:
    return "PINGREQ";
  case packet_type::pingresp:
    return "PINGRESP";
  case packet_type::disconnect:
    return "DISCONNECT";
  case packet_type::auth:
    return "AUTH";
  }
  return "RESERVED";
}

} // namespace troupe::protocol
