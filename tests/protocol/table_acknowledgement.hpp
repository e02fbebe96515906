#pragma once

#include "tests/protocol/packet_row.hpp"

#include <vector>

namespace troupe::test {

inline acknowledgement ack(packet_type type, reason code = reason::success,
                           properties props = {}) {
  return {type, 10, code, std::move(props)};
}

inline properties why_and_user_property() {
  return with([](properties& p) {
    p.reason_string = "why";
    p.user_properties = {{"k", "v"}};
  });
}

inline std::vector<packet_row> acknowledgement_rows() {
  using enum packet_type;
  auto why = why_and_user_property();
  return {
      {"PUBACK 3.1", v31, "40 02 000a", ack(puback)},
      {"PUBACK 3.1.1", v311, "40 02 000a", ack(puback)},
      {"PUBACK 5.0 of two bytes", v5, "40 02 000a", ack(puback)},
      {"PUBACK 5.0 of three bytes", v5, "40 03 000a 10",
       ack(puback, reason::no_matching_subscribers)},
      {"PUBACK 5.0 of three bytes with success", v5, "40 03 000a 00",
       ack(puback), "40 02 000a"},
      {"PUBACK 5.0 of four bytes", v5, "40 04 000a 87 00",
       ack(puback, reason::not_authorized), "40 03 000a 87"},
      {"PUBACK with properties", v5, R"(40 {000a 87 {1f "why" 26 "k" "v"}})",
       ack(puback, reason::not_authorized, why)},
      {"PUBACK with success and properties", v5,
       R"(40 {000a 00 {1f "why" 26 "k" "v"}})",
       ack(puback, reason::success, why)},
      {"PUBACK of Mosquitto for a payload too large", v5, "40 03 000a 95",
       ack(puback, reason::packet_too_large)},
      {"PUBREC 3.1", v31, "50 02 000a", ack(pubrec)},
      {"PUBREC 3.1.1", v311, "50 02 000a", ack(pubrec)},
      {"PUBREC 5.0 of two bytes", v5, "50 02 000a", ack(pubrec)},
      {"PUBREC 5.0 of three bytes", v5, "50 03 000a 97",
       ack(pubrec, reason::quota_exceeded)},
      {"PUBREC of Mosquitto for a payload too large", v5, "50 03 000a 95",
       ack(pubrec, reason::packet_too_large)},
      {"PUBREC with properties", v5, R"(50 {000a 91 {1f "why" 26 "k" "v"}})",
       ack(pubrec, reason::packet_identifier_in_use, why)},
      {"PUBREL 3.1", v31, "62 02 000a", ack(pubrel)},
      {"PUBREL 3.1.1", v311, "62 02 000a", ack(pubrel)},
      {"PUBREL 5.0 of two bytes", v5, "62 02 000a", ack(pubrel)},
      {"PUBREL 5.0 of three bytes", v5, "62 03 000a 92",
       ack(pubrel, reason::packet_identifier_not_found)},
      {"PUBREL with properties", v5, R"(62 {000a 92 {1f "why" 26 "k" "v"}})",
       ack(pubrel, reason::packet_identifier_not_found, why)},
      {"PUBCOMP 3.1", v31, "70 02 000a", ack(pubcomp)},
      {"PUBCOMP 3.1.1", v311, "70 02 000a", ack(pubcomp)},
      {"PUBCOMP 5.0 of two bytes", v5, "70 02 000a", ack(pubcomp)},
      {"PUBCOMP 5.0 of three bytes", v5, "70 03 000a 92",
       ack(pubcomp, reason::packet_identifier_not_found)},
      {"PUBCOMP with properties", v5, R"(70 {000a 00 {1f "why" 26 "k" "v"}})",
       ack(pubcomp, reason::success, why)},
  };
}

inline std::vector<packet_row> acknowledgement_failure_rows() {
  return {
      {"PUBACK of one byte", v311, "40 01 0a", ec::malformed_packet},
      {"PUBACK without a body", v5, "40 00", ec::malformed_packet},
      {"PUBACK 3.1 with a reason", v31, "40 03 000a 00", ec::malformed_packet},
      {"PUBACK 3.1.1 with a reason", v311, "40 03 000a 00",
       ec::malformed_packet},
      {"PUBACK with packet identifier 0", v311, "40 02 0000",
       ec::protocol_error},
      {"PUBACK 5.0 with packet identifier 0", v5, "40 02 0000",
       ec::protocol_error},
      {"PUBACK with a reason of PUBREL", v5, "40 03 000a 92",
       ec::protocol_error},
      {"PUBACK with a reason that does not exist", v5, "40 03 000a 7f",
       ec::protocol_error},
      {"PUBREC with a reason of SUBACK", v5, "50 03 000a 01",
       ec::protocol_error},
      {"PUBREL with a reason of PUBACK", v5, "62 03 000a 10",
       ec::protocol_error},
      {"PUBCOMP with a reason of PUBACK", v5, "70 03 000a 95",
       ec::protocol_error},
      {"PUBACK with properties longer than the packet", v5,
       "40 {000a 00 02 1f}", ec::malformed_packet},
      {"PUBACK with a byte too many", v5, "40 {000a 00 {} 00}",
       ec::malformed_packet},
      {"PUBACK with two reason strings", v5, R"(40 {000a 00 {1f "a" 1f "a"}})",
       ec::protocol_error},
      {"PUBREC with an expiry interval", v5, "50 {000a 00 {02 00000001}}",
       ec::malformed_packet},
      {"PUBREL with a server reference", v5, R"(62 {000a 00 {1c "s"}})",
       ec::malformed_packet},
      {"PUBCOMP with a topic alias", v5, "70 {000a 00 {23 0001}}",
       ec::malformed_packet},
      {"PUBACK with flags", v311, "42 02 000a", ec::malformed_packet},
      {"PUBREC with flags", v311, "51 02 000a", ec::malformed_packet},
      {"PUBREL without its flags", v311, "60 02 000a", ec::malformed_packet},
      {"PUBCOMP with flags", v311, "72 02 000a", ec::malformed_packet},
  };
}

inline std::vector<packet_row> farewell_rows() {
  auto bye = [](reason code, properties props = {}) {
    return disconnect{code, std::move(props)};
  };
  return {
      {"PINGREQ 3.1", v31, "c0 00", pingreq{}},
      {"PINGREQ 3.1.1", v311, "c0 00", pingreq{}},
      {"PINGREQ 5.0", v5, "c0 00", pingreq{}},
      {"PINGREQ with a length longer than need be", v311, "c0 8000", pingreq{},
       "c0 00"},
      {"PINGREQ with a length of four bytes", v311, "c0 80808000", pingreq{},
       "c0 00"},
      {"PINGRESP 3.1", v31, "d0 00", pingresp{}},
      {"PINGRESP 3.1.1", v311, "d0 00", pingresp{}},
      {"PINGRESP 5.0", v5, "d0 00", pingresp{}},
      {"DISCONNECT 3.1", v31, "e0 00", bye(reason::success)},
      {"DISCONNECT 3.1.1", v311, "e0 00", bye(reason::success)},
      {"DISCONNECT 5.0 without a body", v5, "e0 00", bye(reason::success)},
      {"DISCONNECT 5.0 of one byte", v5, "e0 01 04",
       bye(reason::disconnect_with_will)},
      {"DISCONNECT 5.0 with success", v5, "e0 01 00", bye(reason::success),
       "e0 00"},
      {"DISCONNECT 5.0 of two bytes", v5, "e0 02 8b 00",
       bye(reason::server_shutting_down), "e0 01 8b"},
      {"DISCONNECT with a session expiry", v5, "e0 {00 {11 00000000}}",
       bye(reason::success,
           with([](properties& p) { p.session_expiry_interval = 0; }))},
      {"DISCONNECT to another server", v5,
       R"(e0 {9c {1c "other" 1f "full" 26 "k" "v"}})",
       bye(reason::use_another_server, with([](properties& p) {
             p.server_reference = "other";
             p.reason_string = "full";
             p.user_properties = {{"k", "v"}};
           }))},
      {"AUTH without a body", v5, "f0 00", auth{}},
      {"AUTH to continue", v5, R"(f0 {18 {15 "m" 16 "d"}})",
       auth{reason::continue_authentication, with([](properties& p) {
              p.authentication_method = "m";
              p.authentication_data = "d";
            })}},
      {"AUTH to begin again", v5, R"(f0 {19 {15 "m" 1f "why" 26 "k" "v"}})",
       auth{reason::reauthenticate, with([](properties& p) {
              p.authentication_method = "m";
              p.reason_string = "why";
              p.user_properties = {{"k", "v"}};
            })}},
      {"AUTH with success", v5, R"(f0 {00 {15 "m"}})",
       auth{reason::success,
            with([](properties& p) { p.authentication_method = "m"; })}},
  };
}

inline std::vector<packet_row> farewell_failure_rows() {
  return {
      {"packet of type 0", v311, "00 00", ec::malformed_packet},
      {"PINGREQ with a body", v311, "c0 01 00", ec::malformed_packet},
      {"PINGREQ with flags", v311, "c1 00", ec::malformed_packet},
      {"PINGREQ with a length of five bytes", v311, "c0 8080808000",
       ec::malformed_packet},
      {"PINGRESP with a body", v5, "d0 01 00", ec::malformed_packet},
      {"PINGRESP with flags", v5, "d8 00", ec::malformed_packet},
      {"DISCONNECT 3.1 with a body", v31, "e0 01 00", ec::malformed_packet},
      {"DISCONNECT 3.1.1 with a body", v311, "e0 01 00", ec::malformed_packet},
      {"DISCONNECT with flags", v5, "e1 00", ec::malformed_packet},
      {"DISCONNECT with a reason of CONNACK", v5, "e0 01 84",
       ec::protocol_error},
      {"DISCONNECT with a reason that does not exist", v5, "e0 01 ff",
       ec::protocol_error},
      {"DISCONNECT with a session expiry twice", v5,
       "e0 {00 {11 00000001 11 00000001}}", ec::protocol_error},
      {"DISCONNECT with a receive maximum", v5, "e0 {00 {21 0001}}",
       ec::malformed_packet},
      {"DISCONNECT with a byte too many", v5, "e0 {00 {} 00}",
       ec::malformed_packet},
      {"AUTH in 3.1", v31, "f0 00", ec::malformed_packet},
      {"AUTH in 3.1.1", v311, "f0 00", ec::malformed_packet},
      {"AUTH with flags", v5, "f1 00", ec::malformed_packet},
      {"AUTH with a reason of DISCONNECT", v5, R"(f0 {04 {15 "m"}})",
       ec::protocol_error},
      {"AUTH without properties", v5, "f0 01 18", ec::malformed_packet},
      {"AUTH without a method", v5, "f0 {18 {}}", ec::protocol_error},
      {"AUTH with data and no method", v5, R"(f0 {18 {16 "d"}})",
       ec::protocol_error},
      {"AUTH with two methods", v5, R"(f0 {18 {15 "m" 15 "m"}})",
       ec::protocol_error},
      {"AUTH with a server reference", v5, R"(f0 {18 {15 "m" 1c "s"}})",
       ec::malformed_packet},
      {"AUTH with a byte too many", v5, R"(f0 {18 {15 "m"} 00})",
       ec::malformed_packet},
  };
}

} // namespace troupe::test
