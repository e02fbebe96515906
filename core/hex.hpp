#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// The bytes that hexadecimal digits stand for; null if there is anything else.
/// Where their number is odd, the first byte has only one.
std::optional<std::string> from_hex(std::string_view digits);

} // namespace troupe
