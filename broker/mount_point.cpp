#include "broker/mount_point.hpp"

#include "protocol/topic.hpp"

#include <cassert>

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

size_t hidden_prefix(std::string_view mount_point,
                     std::string_view topic) noexcept {
  return topic.size() > mount_point.size() && topic.starts_with(mount_point)
             ? mount_point.size()
             : 0;
}

} // namespace troupe::broker
