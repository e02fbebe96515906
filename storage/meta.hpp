#pragma once

#include "storage/keys.hpp"

#include <string>
#include <string_view>

// The keys of the family `meta`; each holds a number.
namespace troupe::storage {

inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view alive_key = "alive";
inline constexpr std::string_view body_ids_key = "body_ids";
/// The id of the node whose database it is.
inline constexpr std::string_view node_key = "node";
/// Followed by a session key: its queue ended or was dealt with up to this
/// sequence number.
inline constexpr std::string_view ended_prefix = "ended/";

inline std::string ended_key(broker::session_key key) {
  return std::string{ended_prefix}.append(session_id{key}.view());
}

} // namespace troupe::storage
