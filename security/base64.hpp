#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security {

/// Whether base64 ends in `=` where its last group is not full.
enum class padding : uint8_t { required, none };

/// RFC 4648, section 4.
std::string to_base64(std::string_view bytes, padding form = padding::required);

/// Nothing unless `text` is exactly what `to_base64` would write: no white
/// space, no other alphabet, no bits that mean nothing.
std::optional<std::string> from_base64(std::string_view text,
                                       padding form = padding::required);

} // namespace troupe::security
