#include "actors/pending_changes.hpp"

#include <algorithm>

namespace troupe::actors {

namespace {

void subscribe(const broker::stored_subscription& what,
               std::vector<broker::stored_subscription>& to) {
  auto known = std::find_if(to.begin(), to.end(), [&](const auto& each) {
    return each.filter == what.filter;
  });
  if (known != to.end())
    *known = what;
  else
    to.push_back(what);
}

void release(const remember::entry& what, broker::queue_slice& to) {
  for (auto& each : to.entries)
    if (each.sequence == what.sequence) {
      each.message = nullptr;
      each.options = {};
      each.options.packet_id = what.packet_id;
      each.options.qos = protocol::qos::exactly_once;
    }
}

} // namespace

void apply(const remember& what, broker::stored_session& to) {
  if (what.erases_session)
    to = {};
  if (what.will)
    to.will = what.will->will;
  for (const auto& each : what.subscribed)
    subscribe(each, to.subscriptions);
  for (const auto& filter : what.unsubscribed)
    std::erase_if(to.subscriptions,
                  [&](const auto& each) { return each.filter == filter; });
  if (what.window)
    to.window = *what.window;
  for (auto packet_id : what.incoming_erased)
    std::erase(to.incoming_ids, packet_id);
}

void apply(const remember& what, broker::queue_slice& to) {
  if (what.erases_session) {
    to.entries.clear();
    to.at_end = true;
  }
  for (const auto& each : what.released)
    release(each, to);
  std::erase_if(to.entries, [&](const auto& entry) {
    return entry.sequence <= what.erased_until;
  });
  for (const auto& each : what.erased)
    std::erase_if(to.entries, [&](const auto& entry) {
      return entry.sequence == each.sequence;
    });
}

} // namespace troupe::actors
