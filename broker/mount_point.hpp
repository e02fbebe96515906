#pragma once

#include <string>
#include <string_view>

namespace troupe::broker {

/// `topic`, a topic name, as the broker knows it: below `mount_point`.
std::string mounted_topic(std::string_view mount_point, std::string_view topic);

/// The same for a topic filter: in `$share/NAME/FILTER` only FILTER moves.
/// REQUIRES: the filter is well-formed.
std::string mounted_filter(std::string_view mount_point,
                           std::string_view filter);

/// Whether what a mount point has made of a topic or filter is still one: not
/// too long, and with no more levels than a client's own may have.
bool fits(std::string_view mounted) noexcept;

/// Bytes at the front of `topic` that a client below `mount_point` does not
/// see: 0 where the topic is none of its own.
size_t hidden_prefix(std::string_view mount_point,
                     std::string_view topic) noexcept;

} // namespace troupe::broker
