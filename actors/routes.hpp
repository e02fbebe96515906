#pragma once

#include "actors/messages.hpp"
#include "protocol/topic.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Which subtree has which topics. Immutable; a restart makes a new one.
class route_table {
public:
  explicit route_table(std::vector<subtree_actor> subtrees)
      : subtrees_(std::move(subtrees)) {}

  size_t size() const noexcept { return subtrees_.size(); }
  const subtree_actor& subtree(size_t index) const { return subtrees_[index]; }

  /// The subtree of a topic, or of a filter without its `$share/<name>/` that
  /// does not start with a wildcard.
  size_t index_of(std::string_view topic) const noexcept {
    if (subtrees_.size() == 1)
      return 0;
    return std::hash<std::string_view>{}(protocol::first_level(topic))
           % subtrees_.size();
  }

private:
  std::vector<subtree_actor> subtrees_;
};

} // namespace troupe::actors
