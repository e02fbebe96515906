#include "broker/mount_point.hpp"

#include "protocol/topic.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace troupe::broker {

std::string mounted_topic(std::string_view mount_point,
                          std::string_view topic) {
  std::string result;
  result.reserve(mount_point.size() + topic.size());
  return result.append(mount_point).append(topic);
}

std::string mounted_filter(std::string_view mount_point,
                           std::string_view filter) {
  auto parsed = protocol::parse_filter(filter);
  assert(parsed);
  auto inner = parsed->filter;
  auto head = filter.substr(0, filter.size() - inner.size());
  std::string result;
  result.reserve(mount_point.size() + filter.size());
  return result.append(head).append(mount_point).append(inner);
}

bool fits(std::string_view mounted) noexcept {
  constexpr size_t longest = 65535; // [MQTT-1.5.4]
  return mounted.size() <= longest
         && std::count(mounted.begin(), mounted.end(), '/')
                <= static_cast<ptrdiff_t>(protocol::max_topic_slashes);
}

size_t hidden_prefix(std::string_view mount_point,
                     std::string_view topic) noexcept {
  return topic.size() > mount_point.size() && topic.starts_with(mount_point)
             ? mount_point.size()
             : 0;
}

} // namespace troupe::broker
