#pragma once

#include "actors/authentication.hpp"
#include "actors/policy.hpp"
#include "broker/retained_message.hpp"

#include <string_view>
#include <vector>

namespace troupe::actors {

/// Who publishes as `who` through the listener `at`.
broker::author_ptr make_author(const listener_policy& at, const login& who,
                               std::string_view client_id);

/// Whether `by` may publish to `topic` under `now`, now that he is gone. One
/// whose listener is gone, too, needs the consent of all there are. Null:
/// nobody knows who it was, so nobody objects.
bool may_still_publish(const node_policy& now, const broker::author* by,
                       std::string_view topic);

/// The same for a will; if it may not, the log says so.
bool may_publish_will(const node_policy& now, const broker::author* by,
                      std::string_view topic);

/// Takes out what its author may no longer publish, as `check_retain_source`
/// has it.
void withhold_disowned(const node_policy& now,
                       std::vector<broker::retained_message>& messages);

} // namespace troupe::actors
