#include "core/error.hpp"

#include "core/result.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace troupe;

CAF_TEST(every error has the name of its value) {
  CAF_CHECK_EQUAL(std::string{to_string(ec::malformed_packet)},
                  "malformed_packet");
  CAF_CHECK_EQUAL(std::string{to_string(ec::protocol_error)}, "protocol_error");
  CAF_CHECK_EQUAL(std::string{to_string(ec::packet_too_large)},
                  "packet_too_large");
  CAF_CHECK_EQUAL(std::string{to_string(ec::unsupported_protocol_version)},
                  "unsupported_protocol_version");
  CAF_CHECK_EQUAL(std::string{to_string(ec::topic_name_invalid)},
                  "topic_name_invalid");
  CAF_CHECK_EQUAL(std::string{to_string(ec::topic_filter_invalid)},
                  "topic_filter_invalid");
  CAF_CHECK_EQUAL(std::string{to_string(ec::client_identifier_not_valid)},
                  "client_identifier_not_valid");
  CAF_CHECK_EQUAL(std::string{to_string(ec::topic_alias_invalid)},
                  "topic_alias_invalid");
  CAF_CHECK_EQUAL(std::string{to_string(ec::bad_configuration)},
                  "bad_configuration");
  CAF_CHECK_EQUAL(std::string{to_string(ec::system_failure)}, "system_failure");
  CAF_CHECK_EQUAL(std::string{to_string(ec{})}, "unknown");
}

CAF_TEST(the numbers of errors never change) {
  CAF_CHECK_EQUAL(static_cast<int>(ec::malformed_packet), 1);
  CAF_CHECK_EQUAL(static_cast<int>(ec::system_failure), 10);
}

CAF_TEST(a result holds either its value or its failure) {
  result<std::string> good{std::string{"value"}};
  CAF_REQUIRE(good.has_value());
  CAF_CHECK_EQUAL(*good, "value");
  CAF_CHECK_EQUAL(good->size(), 5u);
  result<std::string> bad{failure{ec::protocol_error, "why"}};
  CAF_REQUIRE(!bad);
  CAF_CHECK(bad.error().code == ec::protocol_error);
  CAF_CHECK_EQUAL(std::string{bad.error().text}, "why");
}

CAF_TEST(failures are equal if their codes are) {
  CAF_CHECK(
      (failure{ec::protocol_error, "a"} == failure{ec::protocol_error, "b"}));
  CAF_CHECK(!(failure{ec::protocol_error, "a"}
              == failure{ec::malformed_packet, "a"}));
}
