#include "protocol/reason.hpp"

#include <caf/test/unit_test.hpp>

#include <set>
#include <string>

using namespace troupe;
using namespace troupe::protocol;

namespace {

/// The reason codes of one packet, from the section that describes it.
struct packet_codes {
  packet_type type;
  std::set<unsigned> codes;
};

const packet_codes code_table[] = {
    {packet_type::connack,
     {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
      0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f}},
    {packet_type::puback,
     {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {packet_type::pubrec,
     {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {packet_type::pubrel, {0x00, 0x92}},
    {packet_type::pubcomp, {0x00, 0x92}},
    {packet_type::suback,
     {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2}},
    {packet_type::unsuback, {0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91}},
    {packet_type::disconnect,
     {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c,
      0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
      0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2}},
    {packet_type::auth, {0x00, 0x18, 0x19}},
    {packet_type::publish, {}},
    {packet_type::pingreq, {}},
};

std::string name(reason code, packet_type type = packet_type::puback) {
  return std::string{to_string(code, type)};
}

unsigned return_code(reason code) {
  return connect_return_code(code);
}

} // namespace

CAF_TEST(each packet may carry the codes of its section and no other) {
  for (const auto& row : code_table)
    for (unsigned code = 0; code < 256; ++code) {
      auto allowed = row.codes.count(code) != 0;
      if (may_stand_in(static_cast<reason>(code), row.type) != allowed)
        CAF_ERROR(std::string{to_string(row.type)} + " "
                  + std::to_string(code));
    }
  CAF_CHECK(may_stand_in(reason::success, packet_type::connack));
}

CAF_TEST(every code that may stand somewhere has a name of its own) {
  std::set<std::string> names;
  size_t codes = 0;
  for (unsigned code = 0; code < 256; ++code) {
    auto text = name(static_cast<reason>(code));
    if (text == "Unknown reason")
      continue;
    ++codes;
    names.insert(text);
  }
  CAF_CHECK_EQUAL(codes, 43u);
  CAF_CHECK_EQUAL(names.size(), codes);
}

CAF_TEST(zero is called what it means in its packet) {
  CAF_CHECK_EQUAL(name(reason::success), "Success");
  CAF_CHECK_EQUAL(name(reason::success, packet_type::suback), "Granted QoS 0");
  CAF_CHECK_EQUAL(name(reason::success, packet_type::disconnect),
                  "Normal disconnection");
  CAF_CHECK_EQUAL(name(reason::session_taken_over), "Session taken over");
  CAF_CHECK_EQUAL(name(reason::granted_qos_1), "Granted QoS 1");
  CAF_CHECK_EQUAL(name(reason::wildcard_subscriptions_not_supported),
                  "Wildcard Subscriptions not supported");
  CAF_CHECK_EQUAL(name(static_cast<reason>(0x7f)), "Unknown reason");
}

CAF_TEST(codes from 0x80 on are errors) {
  CAF_CHECK(!is_error(reason::success));
  CAF_CHECK(!is_error(reason::reauthenticate));
  CAF_CHECK(is_error(reason::unspecified_error));
  CAF_CHECK(is_error(reason::wildcard_subscriptions_not_supported));
}

CAF_TEST(a failure of the codec has the reason code of the same name) {
  CAF_CHECK(reason_for(ec::malformed_packet) == reason::malformed_packet);
  CAF_CHECK(reason_for(ec::protocol_error) == reason::protocol_error);
  CAF_CHECK(reason_for(ec::packet_too_large) == reason::packet_too_large);
  CAF_CHECK(reason_for(ec::unsupported_protocol_version)
            == reason::unsupported_protocol_version);
  CAF_CHECK(reason_for(ec::topic_name_invalid) == reason::topic_name_invalid);
  CAF_CHECK(reason_for(ec::topic_filter_invalid)
            == reason::topic_filter_invalid);
  CAF_CHECK(reason_for(ec::client_identifier_not_valid)
            == reason::client_identifier_not_valid);
  CAF_CHECK(reason_for(ec::topic_alias_invalid) == reason::topic_alias_invalid);
  CAF_CHECK(reason_for(ec::system_failure) == reason::unspecified_error);
}

CAF_TEST(a refused connection gets the return code Mosquitto gives in 3.x) {
  CAF_CHECK_EQUAL(return_code(reason::success), 0u);
  CAF_CHECK_EQUAL(return_code(reason::unsupported_protocol_version), 1u);
  CAF_CHECK_EQUAL(return_code(reason::client_identifier_not_valid), 2u);
  CAF_CHECK_EQUAL(return_code(reason::server_unavailable), 3u);
  CAF_CHECK_EQUAL(return_code(reason::server_busy), 3u);
  CAF_CHECK_EQUAL(return_code(reason::bad_user_name_or_password), 5u);
  CAF_CHECK_EQUAL(return_code(reason::not_authorized), 5u);
  CAF_CHECK_EQUAL(return_code(reason::packet_too_large), 5u);
}
