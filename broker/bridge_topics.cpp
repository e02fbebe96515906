#include "broker/bridge_topics.hpp"

#include "protocol/topic.hpp"

#include <algorithm>

namespace troupe::broker {

namespace {

/// One end of a rule.
struct rule_end {
  std::string filter; // as it is subscribed to
  std::string inner;  // what of it is matched against topics
  std::string prefix; // what of the prefix is part of topics
};

rule_end make_end(const std::string& prefix, const std::string& pattern) {
  auto filter = prefix + pattern;
  auto parsed = protocol::parse_filter(filter);
  std::string inner{parsed ? parsed->filter : std::string_view{filter}};
  auto share = filter.size() - inner.size();
  return {filter, inner, prefix.substr(std::min(share, prefix.size()))};
}

void merge(std::vector<bridge_filter>& into, const std::string& filter,
           protocol::qos max_qos) {
  auto known = std::find_if(into.begin(), into.end(), [&](const auto& each) {
    return each.filter == filter;
  });
  if (known == into.end())
    into.push_back({filter, max_qos});
  else
    known->max_qos = std::max(known->max_qos, max_qos);
}

bool has_prefix(const bridge_rule& rule) noexcept {
  return !rule.local_prefix.empty() || !rule.remote_prefix.empty();
}

bool holds(const std::vector<bridge_filter>& filters,
           const std::string& wanted) {
  return std::any_of(filters.begin(), filters.end(),
                     [&](const auto& each) { return each.filter == wanted; });
}

/// Length of what all topics that match begin with where that is enough to
/// match, else 0.
size_t fixed_part(std::string_view filter) noexcept {
  return filter.find_first_of("+#") + 1 == filter.size()
                 && filter.ends_with('#')
             ? filter.size() - 1
             : 0;
}

} // namespace

bool is_bridge_state(std::string_view topic) noexcept {
  return protocol::matches("$SYS/broker/connection/+/state", topic);
}

bridge_topics::bridge_topics(const std::vector<bridge_rule>& rules) {
  for (const auto& rule : rules)
    if (has_prefix(rule))
      add(rule);
  for (const auto& rule : rules)
    if (!has_prefix(rule))
      add(rule);
  for (const auto& rule : rules) {
    auto here = rule.local_prefix + rule.pattern;
    auto there = rule.remote_prefix + rule.pattern;
    if (rule.direction != bridge_direction::in)
      merge(local_filters_, here, rule.max_qos);
    if (rule.direction != bridge_direction::out)
      merge(remote_filters_, there, rule.max_qos);
  }
  std::vector<bridge_filter> sent;
  for (const auto& rule : rules)
    if (rule.direction == bridge_direction::out)
      merge(sent, rule.remote_prefix + rule.pattern, rule.max_qos);
  for (auto& each : sent)
    if (!holds(remote_filters_, each.filter))
      unwanted_remote_filters_.push_back(std::move(each.filter));
}

void bridge_topics::add(const bridge_rule& rule) {
  auto here = make_end(rule.local_prefix, rule.pattern);
  auto there = make_end(rule.remote_prefix, rule.pattern);
  if (rule.direction != bridge_direction::in)
    out_.push_back(
        {here.inner, fixed_part(here.inner), here.prefix, there.prefix});
  if (rule.direction != bridge_direction::out)
    in_.push_back(
        {there.inner, fixed_part(there.inner), there.prefix, here.prefix});
}

bool bridge_topics::incoming(std::string_view remote_topic,
                             std::string& out) const {
  auto found = incoming(remote_topic);
  if (found)
    out.assign(found->added).append(remote_topic.substr(found->stripped));
  return found.has_value();
}

bool bridge_topics::mapping::matches(std::string_view topic) const noexcept {
  // Most rules are PREFIX#: one comparison instead of a walk over levels.
  if (fixed != 0
      && topic.starts_with(std::string_view{filter}.substr(0, fixed)))
    return true;
  return protocol::matches(filter, topic);
}

std::optional<topic_change>
bridge_topics::change(const std::vector<mapping>& among,
                      std::string_view topic) noexcept {
  for (const auto& each : among)
    if (each.matches(topic))
      return topic_change{
          topic.starts_with(each.stripped) ? each.stripped.size() : 0,
          each.added};
  return std::nullopt;
}

} // namespace troupe::broker
