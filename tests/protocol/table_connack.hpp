#pragma once

#include "tests/protocol/packet_row.hpp"

#include <vector>

namespace troupe::test {

inline connack connack_of(uint8_t code, bool session_present = false,
                          properties props = {}) {
  return {session_present, code, std::move(props)};
}

inline std::vector<packet_row> connack_rows() {
  return {
      {"CONNACK 3.1", v31, "20 02 00 00", connack_of(0)},
      {"CONNACK 3.1 with a flag that was not there yet", v31, "20 02 01 00",
       connack_of(0), "20 02 00 00"},
      {"CONNACK 3.1 refused", v31, "20 02 00 02", connack_of(2)},
      {"CONNACK 3.1.1", v311, "20 02 00 00", connack_of(0)},
      {"CONNACK 3.1.1 with session", v311, "20 02 01 00", connack_of(0, true)},
      {"CONNACK 3.1.1 refused", v311, "20 02 00 05", connack_of(5)},
      {"CONNACK 5.0", v5, "20 03 00 00 00", connack_of(0)},
      {"CONNACK 5.0 with session", v5, "20 03 01 00 00", connack_of(0, true)},
      {"CONNACK 5.0 refused", v5, "20 03 00 87 00", connack_of(0x87)},
      {"CONNACK as Mosquitto announces its limits", v5,
       "20 0e 00 00 0b 22 00 0a 27 00 1e 84 80 21 00 14",
       connack_of(0, false, with([](properties& p) {
                    p.topic_alias_maximum = 10;
                    p.maximum_packet_size = 2'000'000;
                    p.receive_maximum = 20;
                  }))},
      {"CONNACK of a server that does not know 5.0", v5, "20 02 00 01",
       connack_of(0x84), "20 03 00 84 00"},
      {"CONNACK 3.1.1 with code 6", v311, "20 02 00 06", ec::protocol_error},
      {"CONNACK 5.0 with a code of 3.1.1", v5, "20 03 00 05 00",
       ec::protocol_error},
      {"CONNACK 5.0 with a code of another packet", v5, "20 03 00 8e 00",
       ec::protocol_error},
      {"CONNACK with reserved flags", v311, "20 02 02 00",
       ec::malformed_packet},
      {"CONNACK 5.0 with reserved flags", v5, "20 03 80 00 00",
       ec::malformed_packet},
      {"CONNACK that refuses and has a session", v311, "20 02 01 05",
       ec::protocol_error},
      {"CONNACK without a body", v311, "20 00", ec::malformed_packet},
      {"CONNACK 3.1.1 with a byte too many", v311, "20 03 00 00 00",
       ec::malformed_packet},
      {"CONNACK 5.0 without properties", v5, "20 02 00 00",
       ec::malformed_packet},
      {"CONNACK 5.0 with a byte too many", v5, "20 04 00 00 00 00",
       ec::malformed_packet},
      {"CONNACK with flags in its first byte", v311, "22 02 00 00",
       ec::malformed_packet},
  };
}

inline std::vector<packet_row> connack_property_rows() {
  auto row = [](const char* name, const std::string& block, auto change) {
    return packet_row{name, v5, "20 {00 00 {" + block + "}}",
                      connack_of(0, false, with(change))};
  };
  auto bad = [](const char* name, const std::string& block, ec why) {
    return packet_row{name, v5, "20 {00 00 {" + block + "}}", why};
  };
  using p = properties;
  return {
      row("CONNACK session expiry", "11 00000e10",
          [](p& x) { x.session_expiry_interval = 3600; }),
      row("CONNACK assigned client identifier", R"(12 "auto-1")",
          [](p& x) { x.assigned_client_id = "auto-1"; }),
      row("CONNACK server keep alive", "13 003c",
          [](p& x) { x.server_keep_alive = 60; }),
      row("CONNACK authentication", R"(15 "m" 16 "d")",
          [](p& x) {
            x.authentication_method = "m";
            x.authentication_data = "d";
          }),
      row("CONNACK response information", R"(1a "i")",
          [](p& x) { x.response_information = "i"; }),
      row("CONNACK server reference", R"(1c "other:1883")",
          [](p& x) { x.server_reference = "other:1883"; }),
      row("CONNACK reason string", R"(1f "why")",
          [](p& x) { x.reason_string = "why"; }),
      row("CONNACK maximum QoS", "24 01", [](p& x) { x.maximum_qos = 1; }),
      row("CONNACK retain available", "25 00",
          [](p& x) { x.retain_available = 0; }),
      row("CONNACK user property", R"(26 "k" "v")",
          [](p& x) {
            x.user_properties = {{"k", "v"}};
          }),
      row("CONNACK wildcard subscriptions", "28 00",
          [](p& x) { x.wildcard_subscription_available = 0; }),
      row("CONNACK subscription identifiers", "29 01",
          [](p& x) { x.subscription_identifier_available = 1; }),
      row("CONNACK shared subscriptions", "2a 00",
          [](p& x) { x.shared_subscription_available = 0; }),
      bad("CONNACK assigned client identifier twice", R"(12 "a" 12 "a")",
          ec::protocol_error),
      bad("CONNACK server keep alive twice", "13 0001 13 0001",
          ec::protocol_error),
      bad("CONNACK response information twice", R"(1a "i" 1a "i")",
          ec::protocol_error),
      bad("CONNACK server reference twice", R"(1c "i" 1c "i")",
          ec::protocol_error),
      bad("CONNACK reason string twice", R"(1f "i" 1f "i")",
          ec::protocol_error),
      bad("CONNACK receive maximum 0", "21 0000", ec::protocol_error),
      bad("CONNACK maximum packet size 0", "27 00000000", ec::protocol_error),
      bad("CONNACK maximum QoS 2", "24 02", ec::protocol_error),
      bad("CONNACK maximum QoS twice", "24 01 24 01", ec::protocol_error),
      bad("CONNACK retain available 2", "25 02", ec::protocol_error),
      bad("CONNACK retain available twice", "25 01 25 01", ec::protocol_error),
      bad("CONNACK wildcard subscriptions 2", "28 02", ec::protocol_error),
      bad("CONNACK wildcard subscriptions twice", "28 01 28 01",
          ec::protocol_error),
      bad("CONNACK subscription identifiers 2", "29 02", ec::protocol_error),
      bad("CONNACK subscription identifiers twice", "29 01 29 01",
          ec::protocol_error),
      bad("CONNACK shared subscriptions 2", "2a ff", ec::protocol_error),
      bad("CONNACK shared subscriptions twice", "2a 01 2a 01",
          ec::protocol_error),
      bad("CONNACK authentication data without method", R"(16 "d")",
          ec::protocol_error),
      bad("CONNACK with a client's property", "17 01", ec::malformed_packet),
  };
}

} // namespace troupe::test
