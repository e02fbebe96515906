#include "actors/bridge_status.hpp"

namespace troupe::actors {

const char* to_string(bridge_state state) noexcept {
  switch (state) {
  case bridge_state::stopped:
    return "stopped";
  case bridge_state::idle:
    return "idle";
  case bridge_state::waiting:
    return "waiting";
  case bridge_state::connecting:
    return "connecting";
  case bridge_state::connected:
    return "connected";
  }
  return "unknown";
}

} // namespace troupe::actors
