#pragma once

#include "actors/loop.hpp"

#include <caf/actor_cast.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/response_type.hpp>

#include <utility>

namespace troupe::actors {

/// Sends `message` to `to`, whose interface must take it. Callable from any
/// thread, in and outside of actors: mail for an actor that is not pinned runs
/// on the sender's own loop.
template <class Handle, class Message>
void tell(const Handle& to, Message&& message) {
  using content = std::decay_t<Message>;
  static_assert(caf::response_type<typename Handle::signatures, content>::valid,
                "the receiver's interface does not take this message");
  auto* actor = caf::actor_cast<caf::abstract_actor*>(to);
  actor->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                           std::forward<Message>(message)),
                 loop::current());
}

} // namespace troupe::actors
