#pragma once

#include "apps/tools/received_message.hpp"
#include "apps/tools/wall_time.hpp"

#include <string>
#include <string_view>

namespace troupe::tools {

/// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends the message as one JSON object, its payload a string.
void append_json(std::string& out, const received_message& message,
                 wall_time now, bool pretty);

/// The same with the payload as the JSON that it is. If it is none nothing is
/// appended and the result is false.
bool append_json_with_json_payload(std::string& out,
                                   const received_message& message,
                                   wall_time now, bool pretty);

} // namespace troupe::tools
