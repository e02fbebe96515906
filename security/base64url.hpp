#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::security {

/// What base64url (RFC 4648, section 5) without padding stands for. Strict: one
/// text for each value. Nothing where there is any other character, padding,
/// an impossible length, or a bit set behind the last byte.
std::optional<std::string> decode_base64url(std::string_view text);

} // namespace troupe::security
