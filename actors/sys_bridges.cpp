// What $SYS says about bridges.
#include "actors/bridge_status.hpp"
#include "actors/node_context.hpp"
#include "actors/sys.hpp"
#include "config/bridge_settings.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace troupe::actors {

namespace {

std::string iso_time(bridge_status::seconds_since_1970 when) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(when)));
}

} // namespace

void sys::publish_bridges() {
  for (const auto& each : node_.bridges.all()) {
    const auto& bridge = *each;
    auto topics = "bridge/" + config::name_in_topics(bridge.name());
    auto text = [&](const char* what, std::string value) {
      put(fmt::format("{}/{}", topics, what), std::move(value));
    };
    auto number = [&](const char* what, const auto& value) {
      text(what, fmt::to_string(value.load(std::memory_order_relaxed)));
    };
    text("state", to_string(bridge.state.load(std::memory_order_relaxed)));
    text("since", iso_time(bridge.since.load(std::memory_order_relaxed)));
    text("address", bridge.address());
    text("error", bridge.last_error());
    number("links", bridge.links);
    number("failures", bridge.failures);
    number("messages/sent", bridge.messages_out);
    number("messages/received", bridge.messages_in);
    number("bytes/sent", bridge.bytes_out);
    number("bytes/received", bridge.bytes_in);
    number("messages/echoes", bridge.echoes);
    number("messages/unwanted", bridge.unwanted);
    number("queue/messages", bridge.queued_messages);
    number("queue/bytes", bridge.queued_bytes);
    text("queue/age", fmt::to_string(bridge.queued_age.load() / 1000));
    text("round_trip",
         fmt::format("{:.3f}",
                     static_cast<double>(bridge.round_trip.load()) / 1000));
  }
}

} // namespace troupe::actors
