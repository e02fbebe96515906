#include "broker/topic_aliases.hpp"

namespace troupe::broker {

result<bool> incoming_aliases::resolve(protocol::publish& packet) {
  auto alias = packet.topic_alias;
  if (alias == 0)
    return true;
  if (alias > maximum_)
    return failure{ec::topic_alias_invalid,
                   "topic alias above the announced maximum"};
  if (!packet.topic.empty()) {
    if (topics_.size() < alias)
      topics_.resize(alias);
    topics_[alias - 1] = packet.topic;
  } else if (alias > topics_.size() || topics_[alias - 1].empty()) {
    // [MQTT-3.3.2-7] leaves no other reading: an unknown alias has no topic.
    return failure{ec::protocol_error, "topic alias without a topic"};
  } else {
    packet.topic = topics_[alias - 1];
  }
  return true;
}

outgoing_aliases::choice outgoing_aliases::choose(std::string_view topic) {
  if (auto i = known_.find(topic); i != known_.end())
    return {i->second, true};
  if (known_.size() >= maximum_)
    return {};
  auto alias = static_cast<uint16_t>(known_.size() + 1);
  known_.emplace(topic, alias);
  return {alias, false};
}

} // namespace troupe::broker
