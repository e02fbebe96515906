#pragma once

#include "protocol/packet.hpp"
#include "protocol/property.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// One property given with `-D`.
struct property_argument {
  protocol::property id{};
  uint32_t number = 0;
  /// Text, binary data, or the name of a user property.
  std::string text;
  /// The value of a user property.
  std::string second_text;
};

using property_list = std::vector<property_argument>;

/// Reads `-D COMMAND NAME VALUE [SECOND]` for a packet of type `place`
/// (`protocol::in_will` for a will) and appends it to `list`. Returns why it
/// cannot, or nothing.
std::string add_property(property_list& list, protocol::packet_type place,
                         std::string_view name, std::string_view value,
                         std::string_view second);

/// The properties as the codec takes them, for any packet but PUBLISH and
/// wills. The views in the result point into `list`.
protocol::properties to_properties(const property_list& list);

/// Puts the properties of a PUBLISH or a will into `out`; those with a place of
/// their own elsewhere are left out. `forwarded` receives the encoded ones and
/// must outlive `out`.
void to_message(const property_list& list, std::string& forwarded,
                protocol::message& out);

/// The number in the first property `id` of `list`, or `otherwise`.
uint32_t number_in(const property_list& list, protocol::property id,
                   uint32_t otherwise) noexcept;

} // namespace troupe::tools
