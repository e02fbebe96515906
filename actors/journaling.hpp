#pragma once

#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "actors/routes.hpp"
#include "actors/tell.hpp"
#include "broker/message_path.hpp"
#include "protocol/topic.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Calls `f` with the index of every subtree that a filter (`$share/...`
/// included) concerns.
template <class Function>
void for_each_subtree(const route_table& routes, std::string_view filter,
                      Function&& f) {
  auto parsed = protocol::parse_filter(filter);
  if (!parsed)
    return;
  if (!protocol::starts_with_wildcard(parsed->filter)) {
    f(routes.index_of(parsed->filter));
    return;
  }
  for (size_t index = 0; index < routes.size(); ++index)
    f(index);
}

/// Publishes a message that no connection waits for: the will of `by`, say.
void publish(node_context& node, loop& home, broker::publication_ptr message,
             broker::session_key publisher, broker::author_ptr by);

/// Takes a session's filters out of the subtrees.
void leave_subtrees(loop& home, broker::session_key key,
                    const std::vector<std::string>& filters);

/// Hands a complete batch to the store if something of it is to be remembered.
/// True: it was, and its owner is told again when that is done.
bool hand_to_store(const store_actor& store, broker::publication_batch& batch);

/// Calls `f` with the origin of every message of QoS 1 and 2 that another node
/// sent and that was not here before.
template <class Function>
void for_each_new_origin(const broker::publication_batch& batch, Function&& f) {
  for (const auto& item : batch.items) {
    if (item.message->path().empty() || item.is_repeat
        || item.message->qos() == protocol::qos::at_most_once) [[likely]]
      continue;
    if (auto path = broker::message_path::parse(item.message->path()))
      f(path->origin());
  }
}

/// Has the store remember what came over a bridge with a batch of which it
/// remembers nothing else.
void remember_origins(const store_actor& store,
                      const broker::publication_batch& batch);

/// What came over a bridge and was lost is sent again: it is no repeat then.
/// REQUIRES: `batch.was_lost()`.
void forget_lost(loop& home, const broker::publication_batch& batch);

/// A new batch that no connection waits for. What sessions want remembered of
/// it reaches the store all the same.
broker::batch_ptr make_unowned_batch(const store_actor& store,
                                     broker::session_key publisher);

} // namespace troupe::actors
