#pragma once

#include "actors/messages.hpp"
#include "actors/policy.hpp"
#include "broker/connect_policy.hpp"
#include "core/clock.hpp"
#include "protocol/decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::actors {

/// Judges a CONNECT that came in through a listener by the settings.
/// `user_name` is who the client says it is, to CONNECT or by its certificate.
broker::connect_decision
judge_newcomer(const protocol::connect& packet,
               const std::optional<std::string>& user_name,
               const listener_policy& at, time_point now);

/// The protocol level in a frame whose protocol name is MQTT's, without the
/// bridge bit. Nothing if the name is another one.
std::optional<uint8_t> protocol_level(const protocol::frame& in) noexcept;

/// "New client connected from … as … (p2, c1, k60)."
void log_newcomer(const newcomer& client, std::string_view peer);

} // namespace troupe::actors
