#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>

#include <utility>

namespace troupe::actors {

/// Makes a light actor and returns its typed handle; it lives as long as
/// handles to it.
template <class T, class... Ts>
auto spawn_light(caf::actor_system& system, Ts&&... xs) {
  caf::actor_config cfg;
  return caf::make_actor<T>(system.next_actor_id(), system.node(), &system, cfg,
                            std::forward<Ts>(xs)...);
}

/// The object behind a handle. REQUIRES: it is a `T`, and either no loop runs
/// yet or the caller is on the loop that `T` is pinned to.
template <class T, class Handle>
T* object_of(const Handle& handle) {
  return static_cast<T*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

} // namespace troupe::actors
