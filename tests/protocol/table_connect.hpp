#pragma once

#include "tests/protocol/packet_row.hpp"

#include <vector>

namespace troupe::test {

inline connect plain_connect(version v, std::string_view client_id) {
  connect result;
  result.version = v;
  result.keep_alive = 60;
  result.client_id = client_id;
  return result;
}

template <class Change>
connect connect_with(version v, Change change) {
  auto result = plain_connect(v, "c");
  change(result);
  return result;
}

inline will simple_will(qos level = qos::at_most_once, bool retain = false) {
  will result;
  result.topic = "w";
  result.payload = "bye";
  result.qos = level;
  result.retain = retain;
  return result;
}

inline std::vector<packet_row> connect_rows() {
  using c = connect;
  return {
      {"CONNECT 3.1", v31, R"(10 {"MQIsdp" 03 02 003c "c"})",
       plain_connect(v31, "c")},
      {"CONNECT 3.1.1", v311, "10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 63",
       plain_connect(v311, "c")},
      {"CONNECT 5.0", v5, R"(10 {"MQTT" 05 02 003c {} "c"})",
       plain_connect(v5, "c")},
      {"CONNECT of a 3.1 bridge", v31, R"(10 {"MQIsdp" 83 02 003c "c"})",
       connect_with(v31, [](c& p) { p.is_bridge = true; })},
      {"CONNECT of a 3.1.1 bridge", v311, R"(10 {"MQTT" 84 02 003c "c"})",
       connect_with(v311, [](c& p) { p.is_bridge = true; })},
      {"CONNECT of a 5.0 bridge", v5, R"(10 {"MQTT" 85 02 003c {} "c"})",
       connect_with(v5, [](c& p) { p.is_bridge = true; })},
      {"CONNECT that resumes", v311, R"(10 {"MQTT" 04 00 003c "c"})",
       connect_with(v311, [](c& p) { p.clean_start = false; })},
      {"CONNECT with the longest keep alive", v311,
       R"(10 {"MQTT" 04 02 ffff "c"})",
       connect_with(v311, [](c& p) { p.keep_alive = 65535; })},
      {"CONNECT without client identifier", v311,
       R"(10 {"MQTT" 04 02 003c ""})", plain_connect(v311, "")},
      {"CONNECT with a client identifier in Greek", v311,
       R"(10 {"MQTT" 04 02 003c 0004 ceb1ceb2})",
       plain_connect(v311, "\xce\xb1\xce\xb2")},
      {"CONNECT 3.1 with a long client identifier", v31,
       R"(10 {"MQIsdp" 03 02 003c "a client identifier beyond 23 bytes"})",
       plain_connect(v31, "a client identifier beyond 23 bytes")},
      {"CONNECT with user name and password", v311,
       R"(10 {"MQTT" 04 c2 003c "c" "user" "pass"})",
       connect_with(v311,
                    [](c& p) {
                      p.user_name = "user";
                      p.password = "pass";
                    })},
      {"CONNECT with user name only", v311,
       R"(10 {"MQTT" 04 82 003c "c" "user"})",
       connect_with(v311, [](c& p) { p.user_name = "user"; })},
      {"CONNECT with empty user name and binary password", v5,
       R"(10 {"MQTT" 05 c2 003c {} "c" "" 0003 00ff80})",
       connect_with(v5,
                    [](c& p) {
                      p.user_name = "";
                      p.password = raw("\0\xff\x80");
                    })},
      {"CONNECT 5.0 with password only", v5,
       R"(10 {"MQTT" 05 42 003c {} "c" "token"})",
       connect_with(v5, [](c& p) { p.password = "token"; })},
      {"CONNECT 3.1 that announces a user name and sends none", v31,
       R"(10 {"MQIsdp" 03 82 003c "c"})", plain_connect(v31, "c"),
       R"(10 {"MQIsdp" 03 02 003c "c"})"},
      {"CONNECT 3.1 that announces a password and sends none", v31,
       R"(10 {"MQIsdp" 03 c2 003c "c" "user"})",
       connect_with(v31, [](c& p) { p.user_name = "user"; }),
       R"(10 {"MQIsdp" 03 82 003c "c" "user"})"},
      {"CONNECT 3.1 with flags that meant nothing then", v31,
       R"(10 {"MQIsdp" 03 2b 003c "c"})", plain_connect(v31, "c"),
       R"(10 {"MQIsdp" 03 02 003c "c"})"},
      {"CONNECT 3.1 with everything", v31,
       R"(10 {"MQIsdp" 03 f6 003c "c" "w" "bye" "user" "pass"})",
       connect_with(v31,
                    [](c& p) {
                      p.will = simple_will(qos::exactly_once, true);
                      p.user_name = "user";
                      p.password = "pass";
                    })},
  };
}

inline std::vector<packet_row> will_rows() {
  using c = connect;
  return {
      {"CONNECT with a will", v311, R"(10 {"MQTT" 04 06 003c "c" "w" "bye"})",
       connect_with(v311, [](c& p) { p.will = simple_will(); })},
      {"CONNECT with a retained will of QoS 1", v311,
       R"(10 {"MQTT" 04 2e 003c "c" "w" "bye"})",
       connect_with(
           v311, [](c& p) { p.will = simple_will(qos::at_least_once, true); })},
      {"CONNECT with an empty will", v311,
       R"(10 {"MQTT" 04 06 003c "c" "w" ""})",
       connect_with(v311,
                    [](c& p) {
                      p.will = simple_will();
                      p.will->payload = "";
                    })},
      {"CONNECT 5.0 with a will", v5,
       R"(10 {"MQTT" 05 16 003c {} "c" {} "w" "bye"})",
       connect_with(v5, [](c& p) { p.will = simple_will(qos::exactly_once); })},
      {"CONNECT with every property of a will", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {18 0000000a 02 00000064
 01 01 03 "t" 08 "r" 09 "d" 26 "k" "v"} "w" "bye"})",
       connect_with(v5,
                    [](c& p) {
                      p.will = simple_will();
                      p.will->delay_interval = 10;
                      p.will->message_expiry_interval = 100;
                      p.will->forwarded_properties = raw(
                          "\x01\x01\x03\0\1t\x08\0\1r\x09\0\1d\x26\0\1k\0\1v");
                    })},
      {"CONNECT with the properties of a will in disorder", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {01 01 02 00000064 03 "t" 18 0000000a
 26 "k" "v"} "w" "bye"})",
       connect_with(v5,
                    [](c& p) {
                      p.will = simple_will();
                      p.will->delay_interval = 10;
                      p.will->message_expiry_interval = 100;
                      p.will->forwarded_properties =
                          raw("\x01\x01\x03\0\1t\x26\0\1k\0\1v");
                    }),
       R"(10 {"MQTT" 05 06 003c {} "c" {18 0000000a 02 00000064
 01 01 03 "t" 26 "k" "v"} "w" "bye"})"},
      {"CONNECT with a will delay of 0", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {18 00000000} "w" "bye"})",
       connect_with(v5, [](c& p) { p.will = simple_will(); }),
       R"(10 {"MQTT" 05 06 003c {} "c" {} "w" "bye"})"},
      {"will with QoS 3", v311, R"(10 {"MQTT" 04 1e 003c "c" "w" "bye"})",
       ec::malformed_packet},
      {"will with QoS 3 in 3.1", v31,
       R"(10 {"MQIsdp" 03 1e 003c "c" "w" "bye"})", ec::malformed_packet},
      {"QoS of a will without a will", v311, R"(10 {"MQTT" 04 0a 003c "c"})",
       ec::malformed_packet},
      {"retain of a will without a will", v5,
       R"(10 {"MQTT" 05 22 003c {} "c"})", ec::malformed_packet},
      {"will with an empty topic", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {} "" "bye"})", ec::protocol_error},
      {"will with a wildcard in its topic", v311,
       R"(10 {"MQTT" 04 06 003c "c" "w/#" "bye"})", ec::topic_name_invalid},
      {"will with U+0000 in its topic", v311,
       R"(10 {"MQTT" 04 06 003c "c" 0002 7700 "bye"})", ec::malformed_packet},
      {"will with 201 slashes in its topic", v311,
       R"(10 {"MQTT" 04 06 003c "c" 00c9 2f*201 "bye"})", ec::protocol_error},
      {"will without a payload", v311, R"(10 {"MQTT" 04 06 003c "c" "w"})",
       ec::malformed_packet},
      {"will with a topic alias", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {23 0001} "w" "bye"})",
       ec::malformed_packet},
      {"will with two delays", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {18 00000001 18 00000001} "w" "bye"})",
       ec::protocol_error},
      {"will with two expiry intervals", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {02 00000001 02 00000001} "w" "bye"})",
       ec::protocol_error},
      {"will with payload format 2", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {01 02} "w" "bye"})",
       ec::protocol_error},
      {"will with a wildcard in its response topic", v5,
       R"(10 {"MQTT" 05 06 003c {} "c" {08 "a/+"} "w" "bye"})",
       ec::protocol_error},
  };
}

inline std::vector<packet_row> connect_property_rows() {
  using c = connect;
  auto row = [](const char* name, const std::string& block, auto change) {
    return packet_row{name, v5,
                      R"(10 {"MQTT" 05 02 003c {)" + block + R"(} "c"})",
                      connect_with(v5, [&](c& p) { change(p.properties); })};
  };
  auto bad = [](const char* name, const std::string& block, ec why) {
    return packet_row{name, v5,
                      R"(10 {"MQTT" 05 02 003c {)" + block + R"(} "c"})", why};
  };
  using p = properties;
  return {
      row("CONNECT session expiry", "11 ffffffff",
          [](p& x) { x.session_expiry_interval = 0xffffffff; }),
      row("CONNECT authentication method", R"(15 "m")",
          [](p& x) { x.authentication_method = "m"; }),
      row("CONNECT authentication data", R"(15 "m" 16 0002 00ff)",
          [](p& x) {
            x.authentication_method = "m";
            x.authentication_data = raw("\0\xff");
          }),
      row("CONNECT request problem information", "17 00",
          [](p& x) { x.request_problem_information = 0; }),
      row("CONNECT request response information", "19 01",
          [](p& x) { x.request_response_information = 1; }),
      row("CONNECT receive maximum", "21 0014",
          [](p& x) { x.receive_maximum = 20; }),
      row("CONNECT topic alias maximum", "22 000a",
          [](p& x) { x.topic_alias_maximum = 10; }),
      row("CONNECT topic alias maximum 0", "22 0000",
          [](p& x) { x.topic_alias_maximum = 0; }),
      row("CONNECT maximum packet size", "27 00000100",
          [](p& x) { x.maximum_packet_size = 256; }),
      row("CONNECT user properties", R"(26 "k" "v" 26 "k" "")",
          [](p& x) {
            x.user_properties = {{"k", "v"}, {"k", ""}};
          }),
      row("CONNECT all of 200 bytes of properties", R"(26 "k" 00c0 78*192)",
          [](p& x) {
            static const std::string value(192, 'x');
            x.user_properties = {{"k", value}};
          }),
      bad("CONNECT session expiry twice", "11 00000001 11 00000001",
          ec::protocol_error),
      bad("CONNECT authentication method twice", R"(15 "m" 15 "m")",
          ec::protocol_error),
      bad("CONNECT authentication data twice", R"(15 "m" 16 "d" 16 "d")",
          ec::protocol_error),
      bad("CONNECT authentication data without method", R"(16 "d")",
          ec::protocol_error),
      bad("CONNECT request problem information 2", "17 02", ec::protocol_error),
      bad("CONNECT request problem information twice", "17 01 17 01",
          ec::protocol_error),
      bad("CONNECT request response information 2", "19 02",
          ec::protocol_error),
      bad("CONNECT request response information twice", "19 01 19 01",
          ec::protocol_error),
      bad("CONNECT receive maximum 0", "21 0000", ec::protocol_error),
      bad("CONNECT receive maximum twice", "21 0001 21 0001",
          ec::protocol_error),
      bad("CONNECT topic alias maximum twice", "22 0001 22 0001",
          ec::protocol_error),
      bad("CONNECT maximum packet size 0", "27 00000000", ec::protocol_error),
      bad("CONNECT maximum packet size twice", "27 00000001 27 00000001",
          ec::protocol_error),
      bad("CONNECT with a property that does not exist", "7f 00",
          ec::malformed_packet),
      bad("CONNECT with property 0", "00 00", ec::malformed_packet),
      bad("CONNECT with a property identifier of two bytes", "80 01 00",
          ec::malformed_packet),
      bad("CONNECT with a property identifier longer than need be",
          "91 00 00*4", ec::malformed_packet),
      bad("CONNECT with a server's property", R"(12 "id")",
          ec::malformed_packet),
      bad("CONNECT with a will's property", "18 00000001",
          ec::malformed_packet),
      bad("CONNECT with a reason string", R"(1f "r")", ec::malformed_packet),
      bad("CONNECT with a property cut short", "11 000000",
          ec::malformed_packet),
      bad("CONNECT with ill-formed text in a property", "15 0001 ff",
          ec::malformed_packet),
      bad("CONNECT with U+0000 in a user property", R"(26 0001 00 "v")",
          ec::malformed_packet),
      bad("CONNECT with half a user property", R"(26 "k")",
          ec::malformed_packet),
      {"CONNECT with properties longer than the packet", v5,
       R"(10 {"MQTT" 05 02 003c 7f})", ec::malformed_packet},
      {"CONNECT with a property length longer than need be", v5,
       R"(10 {"MQTT" 05 02 003c 8000 "c"})", ec::malformed_packet},
      {"CONNECT with a property length of five bytes", v5,
       R"(10 {"MQTT" 05 02 003c 8080808001 "c"})", ec::malformed_packet},
  };
}

inline std::vector<packet_row> connect_failure_rows() {
  return {
      {"CONNECT with another name", v311, R"(10 {"MQTX" 04 02 003c "c"})",
       ec::unsupported_protocol_version},
      {"CONNECT with the name in lower case", v311,
       R"(10 {"mqtt" 04 02 003c "c"})", ec::unsupported_protocol_version},
      {"CONNECT without a name", v311, R"(10 {"" 04 02 003c "c"})",
       ec::unsupported_protocol_version},
      {"CONNECT of level 3 as MQTT", v311, R"(10 {"MQTT" 03 02 003c "c"})",
       ec::unsupported_protocol_version},
      {"CONNECT of level 4 as MQIsdp", v311, R"(10 {"MQIsdp" 04 02 003c "c"})",
       ec::unsupported_protocol_version},
      {"CONNECT of level 6", v311, R"(10 {"MQTT" 06 02 003c "c"})",
       ec::unsupported_protocol_version},
      {"CONNECT of level 0", v311, R"(10 {"MQTT" 00 02 003c "c"})",
       ec::unsupported_protocol_version},
      {"CONNECT of a bridge of level 6", v311, R"(10 {"MQTT" 86 02 003c "c"})",
       ec::unsupported_protocol_version},
      {"CONNECT without a body", v311, "10 00", ec::malformed_packet},
      {"CONNECT with half a name", v311, "10 {0004 'MQ'}",
       ec::malformed_packet},
      {"CONNECT without keep alive", v311, R"(10 {"MQTT" 04 02})",
       ec::malformed_packet},
      {"CONNECT without payload", v311, R"(10 {"MQTT" 04 02 003c})",
       ec::malformed_packet},
      {"CONNECT 5.0 without properties", v5, R"(10 {"MQTT" 05 02 003c})",
       ec::malformed_packet},
      {"CONNECT with its reserved flag set", v311,
       R"(10 {"MQTT" 04 03 003c "c"})", ec::malformed_packet},
      {"CONNECT 5.0 with its reserved flag set", v5,
       R"(10 {"MQTT" 05 03 003c {} "c"})", ec::malformed_packet},
      {"CONNECT with flags in its first byte", v311,
       R"(11 {"MQTT" 04 02 003c "c"})", ec::malformed_packet},
      {"CONNECT with a byte too many", v311, R"(10 {"MQTT" 04 02 003c "c" 00})",
       ec::malformed_packet},
      {"CONNECT 5.0 with a byte too many", v5,
       R"(10 {"MQTT" 05 02 003c {} "c" 00})", ec::malformed_packet},
      {"CONNECT with an announced user name missing", v311,
       R"(10 {"MQTT" 04 82 003c "c"})", ec::malformed_packet},
      {"CONNECT with an announced password missing", v311,
       R"(10 {"MQTT" 04 c2 003c "c" "user"})", ec::malformed_packet},
      {"CONNECT 3.1.1 with password only", v311,
       R"(10 {"MQTT" 04 42 003c "c" "pass"})", ec::protocol_error},
      {"CONNECT 3.1 with password only", v31,
       R"(10 {"MQIsdp" 03 42 003c "c" "pass"})", ec::protocol_error},
      {"CONNECT with an ill-formed user name", v311,
       R"(10 {"MQTT" 04 82 003c "c" 0001 ff})", ec::malformed_packet},
      {"CONNECT 3.1.1 with an ill-formed client identifier", v311,
       R"(10 {"MQTT" 04 02 003c 0001 ff})", ec::malformed_packet},
      {"CONNECT 3.1.1 with U+0000 in its client identifier", v311,
       R"(10 {"MQTT" 04 02 003c 0001 00})", ec::malformed_packet},
      {"CONNECT 3.1.1 with a control character in its client identifier", v311,
       R"(10 {"MQTT" 04 02 003c 0001 01})", ec::malformed_packet},
      {"CONNECT 5.0 with an ill-formed client identifier", v5,
       R"(10 {"MQTT" 05 02 003c {} 0001 ff})", ec::client_identifier_not_valid},
      {"CONNECT 5.0 with a control character in its client identifier", v5,
       R"(10 {"MQTT" 05 02 003c {} 0001 07})", ec::client_identifier_not_valid},
      {"CONNECT 5.0 with U+FFFF in its client identifier", v5,
       R"(10 {"MQTT" 05 02 003c {} 0003 efbfbf})",
       ec::client_identifier_not_valid},
  };
}

} // namespace troupe::test
