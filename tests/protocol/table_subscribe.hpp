#pragma once

#include "tests/protocol/packet_row.hpp"

#include <vector>

namespace troupe::test {

inline subscribe subscribe_to(std::vector<subscription_request> entries,
                              properties props = {}) {
  return {10, std::move(entries), std::move(props)};
}

inline subscription_request request(std::string_view filter,
                                    qos level = qos::at_most_once) {
  subscription_request result;
  result.filter = filter;
  result.options.qos = level;
  return result;
}

inline unsubscribe unsubscribe_from(std::vector<std::string_view> filters,
                                    properties props = {}) {
  return {10, std::move(filters), std::move(props)};
}

inline suback suback_of(std::vector<reason> codes, properties props = {}) {
  return {10, std::move(codes), std::move(props)};
}

inline unsuback unsuback_of(std::vector<reason> codes, properties props = {}) {
  return {10, std::move(codes), std::move(props)};
}

inline std::vector<packet_row> subscribe_rows() {
  return {
      {"SUBSCRIBE 3.1", v31, R"(82 {000a "a/#" 00})",
       subscribe_to({request("a/#")})},
      {"SUBSCRIBE 3.1.1", v311, "82 08 00 0a 00 03 61 2f 23 01",
       subscribe_to({request("a/#", qos::at_least_once)})},
      {"SUBSCRIBE 5.0", v5, R"(82 {000a {} "a/#" 02})",
       subscribe_to({request("a/#", qos::exactly_once)})},
      {"SUBSCRIBE to three filters", v311, R"(82 {000a "a" 00 "+" 01 "#" 02})",
       subscribe_to({request("a"), request("+", qos::at_least_once),
                     request("#", qos::exactly_once)})},
      {"SUBSCRIBE to a filter that breaks the grammar", v311,
       R"(82 {000a "a#" 00})", subscribe_to({request("a#")})},
      {"SUBSCRIBE 3.1 to nothing", v31, "82 {000a}", subscribe_to({})},
      {"SUBSCRIBE with no local and retain as published", v5,
       R"(82 {000a {} "a" 0d})",
       subscribe_to({{"a",
                      {.qos = qos::at_least_once,
                       .no_local = true,
                       .retain_as_published = true,
                       .retain_handling = retain_handling::always}}})},
      {"SUBSCRIBE with each retain handling", v5,
       R"(82 {000a {} "a" 10 "b" 20})",
       subscribe_to({{"a",
                      {.qos = qos::at_most_once,
                       .no_local = false,
                       .retain_as_published = false,
                       .retain_handling = retain_handling::if_new}},
                     {"b",
                      {.qos = qos::at_most_once,
                       .no_local = false,
                       .retain_as_published = false,
                       .retain_handling = retain_handling::no_retained}}})},
      {"SUBSCRIBE with identifier and user property", v5,
       R"(82 {000a {0b 8001 26 "k" "v"} "a" 00})",
       subscribe_to({request("a")}, with([](properties& p) {
                      p.subscription_identifier = 128;
                      p.user_properties = {{"k", "v"}};
                    }))},
      {"UNSUBSCRIBE 3.1", v31, R"(a2 {000a "a/#"})", unsubscribe_from({"a/#"})},
      {"UNSUBSCRIBE 3.1.1", v311, R"(a2 {000a "a/#" "b"})",
       unsubscribe_from({"a/#", "b"})},
      {"UNSUBSCRIBE 5.0", v5, R"(a2 {000a {} "a/#"})",
       unsubscribe_from({"a/#"})},
      {"UNSUBSCRIBE 3.1 from nothing", v31, "a2 {000a}", unsubscribe_from({})},
      {"UNSUBSCRIBE with a user property", v5, R"(a2 {000a {26 "k" "v"} "a"})",
       unsubscribe_from({"a"}, with([](properties& p) {
                          p.user_properties = {{"k", "v"}};
                        }))},
  };
}

inline std::vector<packet_row> suback_rows() {
  auto why = with([](properties& p) {
    p.reason_string = "why";
    p.user_properties = {{"k", "v"}};
  });
  return {
      {"SUBACK 3.1", v31, "90 {000a 00}", suback_of({reason::success})},
      {"SUBACK 3.1 to nothing", v31, "90 {000a}", suback_of({})},
      {"SUBACK 3.1.1", v311, "90 {000a 00 01 02 80}",
       suback_of({reason::success, reason::granted_qos_1, reason::granted_qos_2,
                  reason::unspecified_error})},
      {"SUBACK 5.0", v5, "90 {000a {} 02 8f a1 a2}",
       suback_of({reason::granted_qos_2, reason::topic_filter_invalid,
                  reason::subscription_identifiers_not_supported,
                  reason::wildcard_subscriptions_not_supported})},
      {"SUBACK with properties", v5, R"(90 {000a {1f "why" 26 "k" "v"} 00})",
       suback_of({reason::success}, why)},
      {"UNSUBACK 3.1", v31, "b0 02 000a", unsuback_of({})},
      {"UNSUBACK 3.1.1", v311, "b0 02 000a", unsuback_of({})},
      {"UNSUBACK 5.0", v5, "b0 {000a {} 00 11 87}",
       unsuback_of({reason::success, reason::no_subscription_existed,
                    reason::not_authorized})},
      {"UNSUBACK with properties", v5, R"(b0 {000a {1f "why" 26 "k" "v"} 00})",
       unsuback_of({reason::success}, why)},
      {"SUBACK 3.1.1 with a code of 5.0", v311, "90 {000a 87}",
       ec::protocol_error},
      {"SUBACK 3.1.1 with code 3", v311, "90 {000a 03}", ec::protocol_error},
      {"SUBACK 5.0 with a code of UNSUBACK", v5, "90 {000a {} 11}",
       ec::protocol_error},
      {"SUBACK without codes", v311, "90 {000a}", ec::protocol_error},
      {"SUBACK 5.0 without codes", v5, "90 {000a {}}", ec::protocol_error},
      {"SUBACK 5.0 without properties", v5, "90 {000a}", ec::malformed_packet},
      {"SUBACK with packet identifier 0", v311, "90 {0000 00}",
       ec::protocol_error},
      {"SUBACK with a subscription identifier", v5, "90 {000a {0b 01} 00}",
       ec::malformed_packet},
      {"SUBACK with two reason strings", v5, R"(90 {000a {1f "" 1f ""} 00})",
       ec::protocol_error},
      {"SUBACK with flags", v311, "92 {000a 00}", ec::malformed_packet},
      {"UNSUBACK 3.1.1 with a code", v311, "b0 {000a 00}",
       ec::malformed_packet},
      {"UNSUBACK 5.0 with a code of SUBACK", v5, "b0 {000a {} 01}",
       ec::protocol_error},
      {"UNSUBACK 5.0 without codes", v5, "b0 {000a {}}", ec::protocol_error},
      {"UNSUBACK with packet identifier 0", v5, "b0 {0000 {} 00}",
       ec::protocol_error},
      {"UNSUBACK with flags", v5, "b2 {000a {} 00}", ec::malformed_packet},
  };
}

inline std::vector<packet_row> subscribe_failure_rows() {
  return {
      {"SUBSCRIBE 3.1.1 to nothing", v311, "82 {000a}", ec::protocol_error},
      {"SUBSCRIBE 5.0 to nothing", v5, "82 {000a {}}", ec::protocol_error},
      {"SUBSCRIBE with packet identifier 0", v311, R"(82 {0000 "a" 00})",
       ec::protocol_error},
      {"SUBSCRIBE without packet identifier", v31, "82 {0a}",
       ec::malformed_packet},
      {"SUBSCRIBE to an empty filter", v311, R"(82 {000a "" 00})",
       ec::malformed_packet},
      {"SUBSCRIBE 3.1 to an empty filter", v31, R"(82 {000a "" 00})",
       ec::malformed_packet},
      {"SUBSCRIBE to an ill-formed filter", v311, "82 {000a 0001 ff 00}",
       ec::malformed_packet},
      {"SUBSCRIBE to a filter with U+0000", v5, "82 {000a {} 0001 00 00}",
       ec::malformed_packet},
      {"SUBSCRIBE without options", v311, R"(82 {000a "a"})",
       ec::malformed_packet},
      {"SUBSCRIBE without the options of its second filter", v5,
       R"(82 {000a {} "a" 00 "b"})", ec::malformed_packet},
      {"SUBSCRIBE 3.1.1 with QoS 3", v311, R"(82 {000a "a" 03})",
       ec::malformed_packet},
      {"SUBSCRIBE 5.0 with QoS 3", v5, R"(82 {000a {} "a" 03})",
       ec::protocol_error},
      {"SUBSCRIBE 3.1.1 with an option of 5.0", v311, R"(82 {000a "a" 04})",
       ec::malformed_packet},
      {"SUBSCRIBE with retain handling 3", v5, R"(82 {000a {} "a" 30})",
       ec::protocol_error},
      {"SUBSCRIBE with the first reserved option", v5, R"(82 {000a {} "a" 40})",
       ec::malformed_packet},
      {"SUBSCRIBE with the last reserved option", v5, R"(82 {000a {} "a" 80})",
       ec::malformed_packet},
      {"SUBSCRIBE with identifier 0", v5, R"(82 {000a {0b 00} "a" 00})",
       ec::protocol_error},
      {"SUBSCRIBE with two identifiers", v5,
       R"(82 {000a {0b 01 0b 02} "a" 00})", ec::protocol_error},
      {"SUBSCRIBE with a reason string", v5, R"(82 {000a {1f "r"} "a" 00})",
       ec::malformed_packet},
      {"SUBSCRIBE without its flags", v311, R"(80 {000a "a" 00})",
       ec::malformed_packet},
      {"SUBSCRIBE with all flags", v311, R"(8f {000a "a" 00})",
       ec::malformed_packet},
      {"UNSUBSCRIBE 3.1.1 from nothing", v311, "a2 {000a}", ec::protocol_error},
      {"UNSUBSCRIBE 5.0 from nothing", v5, "a2 {000a {}}", ec::protocol_error},
      {"UNSUBSCRIBE with packet identifier 0", v5, R"(a2 {0000 {} "a"})",
       ec::protocol_error},
      {"UNSUBSCRIBE from an empty filter", v5, R"(a2 {000a {} ""})",
       ec::malformed_packet},
      {"UNSUBSCRIBE from an ill-formed filter", v311, "a2 {000a 0002 c3 28}",
       ec::malformed_packet},
      {"UNSUBSCRIBE from half a filter", v311, "a2 {000a 0002 61}",
       ec::malformed_packet},
      {"UNSUBSCRIBE with a subscription identifier", v5,
       R"(a2 {000a {0b 01} "a"})", ec::malformed_packet},
      {"UNSUBSCRIBE without its flags", v311, R"(a0 {000a "a"})",
       ec::malformed_packet},
  };
}

} // namespace troupe::test
