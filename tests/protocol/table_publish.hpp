#pragma once

#include "tests/protocol/packet_row.hpp"

#include <vector>

namespace troupe::test {

inline publish simple_publish(qos level = qos::at_most_once,
                              uint16_t packet_id = 0) {
  publish result;
  result.topic = "a/b";
  result.payload = "hi";
  result.qos = level;
  result.packet_id = packet_id;
  return result;
}

template <class Change>
publish publish_with(Change change) {
  auto result = simple_publish();
  change(result);
  return result;
}

inline std::vector<packet_row> publish_rows() {
  using p = publish;
  return {
      {"PUBLISH 3.1", v31, R"(30 {"a/b" 'hi'})", simple_publish()},
      {"PUBLISH 3.1.1", v311, "30 07 00 03 61 2f 62 68 69", simple_publish()},
      {"PUBLISH 5.0", v5, R"(30 {"a/b" {} 'hi'})", simple_publish()},
      {"PUBLISH QoS 1", v311, R"(32 {"a/b" 0001 'hi'})",
       simple_publish(qos::at_least_once, 1)},
      {"PUBLISH QoS 2", v311, R"(34 {"a/b" ffff 'hi'})",
       simple_publish(qos::exactly_once, 0xffff)},
      {"PUBLISH QoS 1 in 3.1", v31, R"(32 {"a/b" 0001 'hi'})",
       simple_publish(qos::at_least_once, 1)},
      {"PUBLISH QoS 2 in 5.0", v5, R"(34 {"a/b" 0102 {} 'hi'})",
       simple_publish(qos::exactly_once, 0x0102)},
      {"PUBLISH retained", v311, R"(31 {"a/b" 'hi'})",
       publish_with([](p& x) { x.retain = true; })},
      {"PUBLISH with DUP", v311, R"(3a {"a/b" 0007 'hi'})",
       made<publish>([](p& x) {
         x = simple_publish(qos::at_least_once, 7);
         x.dup = true;
       })},
      {"PUBLISH with all flags", v5, R"(3d {"a/b" 0007 {} 'hi'})",
       made<publish>([](p& x) {
         x = simple_publish(qos::exactly_once, 7);
         x.dup = x.retain = true;
       })},
      {"PUBLISH without payload", v311, R"(30 {"a/b"})",
       publish_with([](p& x) { x.payload = ""; })},
      {"PUBLISH 5.0 without payload", v5, R"(30 {"a/b" {}})",
       publish_with([](p& x) { x.payload = ""; })},
      {"PUBLISH with a binary payload", v311, R"(30 {"a/b" 00ff80c0})",
       publish_with([](p& x) { x.payload = raw("\0\xff\x80\xc0"); })},
      {"PUBLISH to a topic in UTF-8", v311,
       R"(30 {000a 'x/' e282ac f09f9889 '/' 'hi'})",
       publish_with([](p& x) { x.topic = "x/\xe2\x82\xac\xf0\x9f\x98\x89/"; })},
      {"PUBLISH to the topic of a slash", v311, R"(30 {"/" 'hi'})",
       publish_with([](p& x) { x.topic = "/"; })},
      {"PUBLISH to a topic of 200 slashes", v311, R"(30 {00c8 2f*200 'hi'})",
       publish_with([](p& x) {
         static const std::string topic(200, '/');
         x.topic = topic;
       })},
      {"PUBLISH with a remaining length of two bytes", v311,
       R"(30 8301 "a/b" 78*126)", publish_with([](p& x) {
         static const std::string payload(126, 'x');
         x.payload = payload;
       })},
      {"PUBLISH with a remaining length of three bytes", v311,
       R"(30 808001 "a/b" 78*16379)", publish_with([](p& x) {
         static const std::string payload(16379, 'x');
         x.payload = payload;
       })},
      {"PUBLISH with a remaining length longer than need be", v311,
       R"(30 878000 "a/b" 'hi')", simple_publish(), R"(30 {"a/b" 'hi'})"},
  };
}

inline std::vector<packet_row> publish_property_rows() {
  auto row = [](const char* name, const std::string& block, auto change) {
    return packet_row{name, v5, R"(30 {"a/b" {)" + block + "} 'hi'}",
                      publish_with(change)};
  };
  auto moved = [&](const char* name, const std::string& block,
                   const std::string& canonical, auto change) {
    auto result = row(name, block, change);
    result.canonical = R"(30 {"a/b" {)" + canonical + "} 'hi'}";
    return result;
  };
  using p = publish;
  return {
      row("PUBLISH payload format", "01 01",
          [](p& x) { x.forwarded_properties = "\x01\x01"; }),
      row("PUBLISH message expiry", "02 0000003c",
          [](p& x) { x.message_expiry_interval = 60; }),
      row("PUBLISH message expiry 0", "02 00000000",
          [](p& x) { x.message_expiry_interval = 0; }),
      row("PUBLISH content type", R"(03 "text")",
          [](p& x) { x.forwarded_properties = raw("\x03\0\4text"); }),
      row("PUBLISH response topic", R"(08 "r/t")",
          [](p& x) { x.forwarded_properties = raw("\x08\0\3r/t"); }),
      row("PUBLISH correlation data", "09 0002 00ff",
          [](p& x) { x.forwarded_properties = raw("\x09\0\2\0\xff"); }),
      row("PUBLISH user properties", R"(26 "k" "v" 26 "k" "w")",
          [](p& x) {
            x.forwarded_properties = raw("\x26\0\1k\0\1v\x26\0\1k\0\1w");
          }),
      row("PUBLISH topic alias", "23 ffff",
          [](p& x) { x.topic_alias = 65535; }),
      row("PUBLISH subscription identifier", "0b ffffff7f",
          [](p& x) { x.subscription_ids = {max_remaining_length}; }),
      row("PUBLISH subscription identifiers", "0b 01 0b 8001 0b 01",
          [](p& x) {
            x.subscription_ids = {1, 128, 1};
          }),
      row("PUBLISH all properties",
          R"(02 0000003c 23 0001 0b 05 01 00 03 "t" 08 "r" 09 "d" 26 "k" "v")",
          [](p& x) {
            x.message_expiry_interval = 60;
            x.topic_alias = 1;
            x.subscription_ids = {5};
            x.forwarded_properties =
                raw("\x01\0\x03\0\1t\x08\0\1r\x09\0\1d\x26\0\1k\0\1v");
          }),
      moved("PUBLISH user properties in front of the others",
            R"(26 "k" "v" 01 01 23 0001)", R"(23 0001 26 "k" "v" 01 01)",
            [](p& x) {
              x.topic_alias = 1;
              x.forwarded_properties = raw("\x26\0\1k\0\1v\x01\x01");
            }),
      moved("PUBLISH user properties around the others",
            R"(26 "a" "1" 02 0000003c 26 "b" "2" 23 0001 26 "c" "3")",
            R"(02 0000003c 23 0001 26 "a" "1" 26 "b" "2" 26 "c" "3")",
            [](p& x) {
              x.message_expiry_interval = 60;
              x.topic_alias = 1;
              x.forwarded_properties =
                  raw("\x26\0\1a\0\1\x31\x26\0\1b\0\1\x32\x26\0\1c\0\1\x33");
            }),
      {"PUBLISH to an alias", v5, R"(30 {"" {23 0003} 'hi'})",
       publish_with([](p& x) {
         x.topic = "";
         x.topic_alias = 3;
       })},
  };
}

inline std::vector<packet_row> publish_bad_property_rows() {
  auto bad = [](const char* name, const std::string& block, ec why) {
    return packet_row{name, v5, R"(30 {"a/b" {)" + block + "} 'hi'}", why};
  };
  return {
      bad("PUBLISH payload format 2", "01 02", ec::protocol_error),
      bad("PUBLISH payload format twice", "01 01 01 01", ec::protocol_error),
      bad("PUBLISH message expiry twice", "02 00000001 02 00000001",
          ec::protocol_error),
      bad("PUBLISH content type twice", R"(03 "t" 03 "t")", ec::protocol_error),
      bad("PUBLISH ill-formed content type", "03 0001 ff",
          ec::malformed_packet),
      bad("PUBLISH response topic twice", R"(08 "t" 08 "t")",
          ec::protocol_error),
      bad("PUBLISH response topic with plus", R"(08 "a/+/b")",
          ec::protocol_error),
      bad("PUBLISH response topic with hash", R"(08 "#")", ec::protocol_error),
      bad("PUBLISH empty response topic", R"(08 "")", ec::protocol_error),
      bad("PUBLISH ill-formed response topic", "08 0002 c080",
          ec::malformed_packet),
      bad("PUBLISH correlation data twice", R"(09 "d" 09 "d")",
          ec::protocol_error),
      bad("PUBLISH subscription identifier 0", "0b 00", ec::protocol_error),
      bad("PUBLISH subscription identifier of five bytes", "0b 8080808001",
          ec::malformed_packet),
      bad("PUBLISH subscription identifier longer than need be", "0b 8100",
          ec::malformed_packet),
      bad("PUBLISH topic alias 0", "23 0000", ec::topic_alias_invalid),
      bad("PUBLISH topic alias twice", "23 0001 23 0001", ec::protocol_error),
      bad("PUBLISH ill-formed user property", R"(26 "k" 0001 80)",
          ec::malformed_packet),
      bad("PUBLISH with a reason string", R"(1f "r")", ec::malformed_packet),
      bad("PUBLISH with a will's delay", "18 00000001", ec::malformed_packet),
      bad("PUBLISH with a property that does not exist", "2b 00",
          ec::malformed_packet),
      bad("PUBLISH with a property behind the block", R"(03 0004 'te')",
          ec::malformed_packet),
      {"PUBLISH 5.0 without property length", v5, R"(30 {"a/b"})",
       ec::malformed_packet},
      {"PUBLISH with properties longer than the packet", v5,
       R"(30 {"a/b" 05 01 01})", ec::malformed_packet},
  };
}

inline std::vector<packet_row> publish_failure_rows() {
  return {
      {"PUBLISH QoS 3", v311, R"(36 {"a/b" 0001 'hi'})", ec::malformed_packet},
      {"PUBLISH QoS 3 in 5.0", v5, R"(36 {"a/b" 0001 {} 'hi'})",
       ec::malformed_packet},
      {"PUBLISH QoS 0 with DUP", v311, R"(38 {"a/b" 'hi'})",
       ec::malformed_packet},
      {"PUBLISH QoS 0 with DUP in 5.0", v5, R"(38 {"a/b" {} 'hi'})",
       ec::malformed_packet},
      {"PUBLISH with packet identifier 0", v311, R"(32 {"a/b" 0000 'hi'})",
       ec::protocol_error},
      {"PUBLISH 5.0 with packet identifier 0", v5, R"(34 {"a/b" 0000 {} 'hi'})",
       ec::protocol_error},
      {"PUBLISH QoS 1 without packet identifier", v311, R"(32 {"a/b" 00})",
       ec::malformed_packet},
      {"PUBLISH without a body", v311, "30 00", ec::malformed_packet},
      {"PUBLISH with half a topic", v311, "30 {0004 'a/b'}",
       ec::malformed_packet},
      {"PUBLISH with an empty topic", v311, R"(30 {"" 'hi'})",
       ec::protocol_error},
      {"PUBLISH 5.0 with neither topic nor alias", v5, R"(30 {"" {} 'hi'})",
       ec::protocol_error},
      {"PUBLISH to a plus", v311, R"(30 {"a/+" 'hi'})", ec::topic_name_invalid},
      {"PUBLISH to a hash", v5, R"(30 {"#" {} 'hi'})", ec::topic_name_invalid},
      {"PUBLISH to a wildcard behind eight letters", v31,
       R"(30 {"letters/+" 'hi'})", ec::topic_name_invalid},
      {"PUBLISH to a topic with U+0000", v311, "30 {0003 610062 'hi'}",
       ec::malformed_packet},
      {"PUBLISH to an ill-formed topic", v5, "30 {0001 80 {} 'hi'}",
       ec::malformed_packet},
      {"PUBLISH to a topic with a surrogate", v311, "30 {0003 eda080 'hi'}",
       ec::malformed_packet},
      {"PUBLISH to a topic of 201 slashes", v311, "30 {00c9 2f*201 'hi'}",
       ec::protocol_error},
  };
}

} // namespace troupe::test
