#pragma once

#include "actors/appender.hpp"
#include "actors/node_context.hpp"
#include "actors/routes.hpp"
#include "actors/subtree.hpp"
#include "broker/store.hpp"

#include <set>
#include <string>
#include <vector>

namespace troupe::actors {

/// Who gets what the database holds.
struct recovery_targets {
  /// By loop.
  std::vector<appender*> appenders;
  /// By index.
  std::vector<subtree*> subtrees;
  const route_table* routes = nullptr;
  /// The sessions that bridges of the configuration keep, by client id.
  std::set<std::string> bridges;
};

/// Brings back sessions, filters, wills and retained messages. Whoever was
/// connected when the node died counts as disconnected since then. What a
/// bridge has left that is not there any more ends at once. Logs how far
/// it is when that takes its time. REQUIRES: no loop runs.
void recover(node_context& node, broker::store& database,
             const recovery_targets& to);

} // namespace troupe::actors
