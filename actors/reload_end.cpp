#include "actors/reload_end.hpp"

#include <chrono>

namespace troupe::actors {

namespace {

/// How long everybody may take to go by another configuration.
constexpr auto reload_time = std::chrono::seconds{10};

} // namespace

std::shared_ptr<const void> reload_end::make_token() {
  auto done = done_;
  return {static_cast<const void*>(nullptr),
          [done](const void*) { done->set_value(); }};
}

bool reload_end::wait() {
  return done_->get_future().wait_for(reload_time) == std::future_status::ready;
}

} // namespace troupe::actors
