// What lies on disk of a session that ends and came through shared
// subscriptions: other members get it.
#include "actors/routes.hpp"
#include "actors/store.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::actors {

namespace {

/// What one session leaves to others at most, in bytes of payload: the subtrees
/// get it without credit.
constexpr size_t inheritance_limit = 32 * 1024 * 1024;

constexpr size_t slice_messages = 256;
constexpr size_t slice_bytes = 256 * 1024;

/// `stored_subscription::shared` -> filter.
std::vector<std::string>
shared_filters(std::vector<broker::stored_subscription>&& all) {
  std::vector<std::string> result;
  for (auto& each : all) {
    if (each.shared == 0)
      continue;
    if (result.size() <= each.shared)
      result.resize(each.shared + size_t{1});
    result[each.shared] = std::move(each.filter);
  }
  return result;
}

/// QoS 2 that was sent goes to nobody else [MQTT-4.8.2-5].
bool may_pass_on(const broker::stored_entry& what,
                 const std::vector<broker::launch_run>& window) {
  if (!what.message)
    return false;
  return what.options.qos != protocol::qos::exactly_once
         || (what.options.packet_id == 0
             && broker::launched_id(window, what.sequence) == 0);
}

} // namespace

/// REQUIRES: the session has left its subtrees, and erasing it has yet to be
/// gathered.
void store::pass_on_shared(broker::session_key key) {
  if (!routes_)
    return;
  // What it has dealt with is gone then, what came last is there.
  commit_group();
  auto now = instant::now();
  auto session = with_changes(key, database_->load(key, now));
  auto filters = shared_filters(std::move(session.subscriptions));
  if (filters.empty())
    return;
  size_t bytes = 0;
  broker::queue_slice slice;
  slice.next = 1;
  do {
    slice =
        with_changes(key, database_->read_queue(key, slice.next, slice_messages,
                                                slice_bytes, now));
    bytes += pass_on_shared(slice, filters, session.window);
  } while (!slice.at_end && bytes < inheritance_limit);
  if (!slice.at_end)
    log::write(
        log::level::warning,
        "A session with shared subscriptions has ended and left too many "
        "messages: other members get {} bytes of them.",
        bytes);
}

/// Returns the bytes of their payloads.
size_t store::pass_on_shared(broker::queue_slice& from,
                             const std::vector<std::string>& filters,
                             const std::vector<broker::launch_run>& window) {
  size_t bytes = 0;
  std::vector<redistribute> parts(routes_->size());
  for (auto& each : from.entries) {
    auto number = each.options.shared;
    if (number >= filters.size() || filters[number].empty()
        || !may_pass_on(each, window))
      continue;
    bytes += each.message->payload().size();
    auto& part = parts[routes_->index_of(each.message->topic())];
    part.messages.push_back({filters[number], std::move(each.message)});
  }
  for (size_t index = 0; index < parts.size(); ++index)
    if (!parts[index].messages.empty())
      tell(routes_->subtree(index), std::move(parts[index]));
  return bytes;
}

} // namespace troupe::actors
