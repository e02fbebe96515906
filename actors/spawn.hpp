#pragma once

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

} // namespace troupe::actors
