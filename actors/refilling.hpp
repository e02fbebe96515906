#pragma once

#include "actors/messages.hpp"
#include "actors/tell.hpp"

#include <utility>

namespace troupe::actors {

/// Held by everybody who has something to tell a subtree that was started anew.
/// When the last one has let go, whether it told or died, the subtree serves:
/// what it was told is in its mailbox before that.
class refilling {
public:
  explicit refilling(subtree_actor which) : which_(std::move(which)) {}
  ~refilling() { tell(which_, refilled{}); }
  refilling(const refilling&) = delete;
  refilling& operator=(const refilling&) = delete;

private:
  subtree_actor which_;
};

} // namespace troupe::actors
