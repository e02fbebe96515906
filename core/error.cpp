#include "core/error.hpp"

namespace troupe {

std::string_view to_string(ec value) noexcept {
  switch (value) {
  case ec::malformed_packet:
    return "malformed_packet";
  case ec::protocol_error:
    return "protocol_error";
  case ec::packet_too_large:
    return "packet_too_large";
  case ec::unsupported_protocol_version:
    return "unsupported_protocol_version";
  case ec::topic_name_invalid:
    return "topic_name_invalid";
  case ec::topic_filter_invalid:
    return "topic_filter_invalid";
  case ec::client_identifier_not_valid:
    return "client_identifier_not_valid";
  case ec::topic_alias_invalid:
    return "topic_alias_invalid";
  case ec::bad_configuration:
    return "bad_configuration";
  case ec::system_failure:
    return "system_failure";
  }
  return "unknown";
}

} // namespace troupe
