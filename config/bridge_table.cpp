// The table of a bridge's options. The comments that explain them, with their
// defaults, stand in bridge_settings.hpp.
#include "config/options.hpp"
#include "config/setters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>

namespace troupe::config {

namespace {

using std::string_view_literals::operator""sv;
using in = bridge_settings;
using texts = std::vector<std::string>;

constexpr auto int32_most = std::numeric_limits<int32_t>::max();
constexpr auto int64_most = std::numeric_limits<int64_t>::max();
constexpr auto uint16_most = std::numeric_limits<uint16_t>::max();
constexpr auto uint32_most = std::numeric_limits<uint32_t>::max();

constexpr number_range seconds_from_1{1, int32_most, "a number of seconds",
                                      true};
constexpr number_range lenient_bytes{0, uint32_most, "a number of bytes", true};
constexpr number_range bytes{0, int64_most, "a number of bytes"};
constexpr number_range bytes_per_second{0, int64_most,
                                        "a number of bytes per second"};

// In the order of the values that they stand for.
constexpr std::array start_words{"automatic"sv, "lazy"sv, "once"sv, "manual"sv};
constexpr std::array version_words{"mqttv31"sv, "mqttv311"sv, "mqttv50"sv};
constexpr std::array transport_words{"mqtt"sv, "websockets"sv};
constexpr std::array reload_words{"lazy"sv, "immediate"sv};

constexpr auto the_brokers = "the broker's"sv;

constexpr std::array tls_words{"tlsv1.2"sv, "tlsv1.3"sv, "tlsv1.1"sv};

/// Sets `Member` to the value that the word stands for.
template <auto Member, const auto& Words>
complaint set_word(bridge_draft& to, std::string_view word) {
  auto found = std::find(Words.begin(), Words.end(), word);
  if (found == Words.end())
    return fmt::format("`{}` is not known here; use {}", word,
                       fmt::join(Words, ", "));
  using type = std::remove_reference_t<decltype(to.*Member)>;
  to.*Member = static_cast<type>(found - Words.begin());
  return std::nullopt;
}

template <auto Member, const auto& Words>
texts write_word(const bridge_draft& from) {
  return {std::string{Words[static_cast<size_t>(from.*Member)]}};
}

/// Sets a text that a packet of MQTT carries. [MQTT-1.5.4]
template <auto Member>
complaint set_string(bridge_draft& to, std::string_view text) {
  if (text.size() > uint16_most)
    return fmt::format("a text of {} bytes is too long for MQTT (up to {})",
                       text.size(), uint16_most);
  to.*Member = std::string{text};
  return std::nullopt;
}

/// Nothing where there is no text.
template <auto Member>
texts write_given(const bridge_draft& from) {
  if (!(from.*Member))
    return {};
  return {*(from.*Member)};
}

constexpr std::array bridge_table{
    bridge_option{.name = "name",
                  .where = &set_bridge_name,
                  .stands = place::json,
                  .written = &write_text<bridge_draft, &in::name>},
    bridge_option{.name = "addresses",
                  .where = &add_bridge_address,
                  .is_list = true,
                  .is_row = true,
                  .written = &write_bridge_addresses},

    bridge_option{.name = "start_type",
                  .where = &set_word<&in::start_type, start_words>,
                  .is_word = true,
                  .written = &write_word<&in::start_type, start_words>,
                  .words = start_words},
    bridge_option{.name = "round_robin", .where = &in::round_robin},
    bridge_option{.name = "restart_timeout",
                  .where = &add_restart_number,
                  .range = {0, int32_most, "a number of seconds"},
                  .is_list = true,
                  .is_row = true,
                  .is_numbers = true,
                  .written = &write_restart_timeout},
    bridge_option{.name = "idle_timeout",
                  .where = &in::idle_timeout,
                  .range = seconds_from_1},
    bridge_option{.name = "threshold",
                  .where = &in::threshold,
                  .range = {1, int32_most, "a number of messages", true}},
    bridge_option{.name = "bridge_connect_timeout",
                  .where = &in::connect_timeout,
                  .range = {1, uint16_most, "a number of seconds"}},
    bridge_option{.name = "bridge_reload_type",
                  .where = &set_word<&in::reload_type, reload_words>,
                  .is_word = true,
                  .written = &write_word<&in::reload_type, reload_words>,
                  .words = reload_words},

    bridge_option{.name = "bridge_protocol_version",
                  .where = &set_word<&in::protocol_version, version_words>,
                  .is_word = true,
                  .written = &write_word<&in::protocol_version, version_words>,
                  .words = version_words},
    bridge_option{.name = "bridge_transport",
                  .where = &set_word<&in::transport, transport_words>,
                  .is_word = true,
                  .written = &write_word<&in::transport, transport_words>,
                  .words = transport_words},
    bridge_option{.name = "bridge_websocket_path",
                  .where = &set_websocket_path,
                  .written = &write_text<bridge_draft, &in::websocket_path>},
    bridge_option{.name = "remote_clientid",
                  .where = &set_string<&in::remote_clientid>,
                  .written = &write_text<bridge_draft, &in::remote_clientid>},
    bridge_option{.name = "clientid",
                  .where = &set_string<&in::remote_clientid>,
                  .written = &write_text<bridge_draft, &in::remote_clientid>,
                  .same_as = "remote_clientid"},
    bridge_option{.name = "remote_username",
                  .where = &set_string<&in::remote_username>,
                  .written = &write_given<&in::remote_username>},
    bridge_option{.name = "username",
                  .where = &set_string<&in::remote_username>,
                  .written = &write_given<&in::remote_username>,
                  .same_as = "remote_username"},
    bridge_option{.name = "remote_password",
                  .where = &set_string<&in::remote_password>,
                  .is_secret = true,
                  .written = &write_given<&in::remote_password>},
    bridge_option{.name = "password",
                  .where = &set_string<&in::remote_password>,
                  .is_secret = true,
                  .written = &write_given<&in::remote_password>,
                  .same_as = "remote_password"},
    bridge_option{.name = "local_clientid",
                  .where = &set_string<&in::local_clientid>,
                  .written = &write_text<bridge_draft, &in::local_clientid>},
    bridge_option{.name = "local_username",
                  .where = &set_string<&in::local_username>,
                  .written = &write_given<&in::local_username>},
    bridge_option{.name = "local_password",
                  .where = &set_string<&in::local_password>,
                  .is_secret = true,
                  .written = &write_given<&in::local_password>},
    bridge_option{.name = "cleansession", .where = &in::cleansession},
    bridge_option{.name = "local_cleansession",
                  .where = &bridge_draft::own_local_cleansession},
    bridge_option{.name = "keepalive_interval",
                  .where = &in::keepalive_interval,
                  .range = {5, uint16_most, "a number of seconds", true}},
    bridge_option{.name = "try_private", .where = &in::try_private},
    bridge_option{.name = "bridge_attempt_unsubscribe",
                  .where = &in::attempt_unsubscribe},
    bridge_option{.name = "bridge_outgoing_retain",
                  .where = &in::outgoing_retain},
    bridge_option{.name = "bridge_max_packet_size",
                  .where = &in::max_packet_size,
                  .range = lenient_bytes},
    bridge_option{.name = "bridge_max_topic_alias",
                  .where = &in::max_topic_alias,
                  .range = {0, uint16_most, "a number of topic aliases"}},
    bridge_option{.name = "bridge_receive_maximum",
                  .where = &in::receive_maximum,
                  .range = {1, uint16_most, "a number of messages"}},
    bridge_option{.name = "bridge_session_expiry_interval",
                  .where = &bridge_draft::own_session_expiry_interval,
                  .range = {0, uint32_most, "a number of seconds"}},

    bridge_option{.name = "notifications", .where = &in::notifications},
    bridge_option{.name = "notifications_local_only",
                  .where = &in::notifications_local_only},
    bridge_option{.name = "notification_topic",
                  .where = &set_notification_topic,
                  .written =
                      &write_text<bridge_draft, &in::notification_topic>},

    bridge_option{.name = "bridge_max_queued_messages",
                  .where = &in::max_queued_messages,
                  .range = {0, int64_most, "a number of messages"},
                  .unset = the_brokers},
    bridge_option{.name = "bridge_max_queued_bytes",
                  .where = &in::max_queued_bytes,
                  .range = bytes,
                  .unset = the_brokers},
    bridge_option{.name = "bridge_max_queued_age",
                  .where = &in::max_queued_age,
                  .range = {0, int32_most, "a number of seconds"}},
    bridge_option{.name = "bridge_queue_qos0_messages",
                  .where = &in::queue_qos0_messages,
                  .unset = the_brokers},
    bridge_option{.name = "bridge_max_inflight_messages",
                  .where = &in::max_inflight_messages,
                  .range = {0, uint16_most, "a number of messages"}},
    bridge_option{.name = "bridge_max_rate_out",
                  .where = &in::max_rate_out,
                  .range = bytes_per_second},
    bridge_option{.name = "bridge_max_rate_in",
                  .where = &in::max_rate_in,
                  .range = bytes_per_second},
    bridge_option{.name = "bridge_batch_delay",
                  .where = &in::batch_delay,
                  .range = {0, uint16_most, "a number of milliseconds"}},

    bridge_option{.name = "bridge_bind_address",
                  .where = &set_bind_address,
                  .written = &write_text<bridge_draft, &in::bind_address>},
    bridge_option{.name = "bridge_tcp_keepalive",
                  .where = &add_keepalive_number,
                  .range = {1, INT16_MAX, "a number"},
                  .is_list = true,
                  .is_row = true,
                  .is_numbers = true,
                  .written = &write_tcp_keepalive},
    bridge_option{.name = "bridge_tcp_user_timeout",
                  .where = &in::tcp_user_timeout,
                  .range = {0, int32_most, "a number of milliseconds"}},

    bridge_option{.name = "bridge_cafile", .where = &in::cafile},
    bridge_option{.name = "bridge_capath", .where = &in::capath},
    bridge_option{.name = "bridge_certfile", .where = &in::certfile},
    bridge_option{.name = "bridge_keyfile", .where = &in::keyfile},
    bridge_option{.name = "bridge_tls_use_os_certs",
                  .where = &in::tls_use_os_certs},
    bridge_option{.name = "bridge_insecure", .where = &in::insecure},
    bridge_option{.name = "bridge_tls_version",
                  .where = &set_tls_version<bridge_draft>,
                  .is_word = true,
                  .written = &write_text<bridge_draft, &in::tls_version>,
                  .words = tls_words},
    bridge_option{.name = "bridge_ciphers", .where = &in::ciphers},
    bridge_option{.name = "bridge_ciphers_tls1.3", .where = &in::ciphers_tls13},
    bridge_option{.name = "bridge_alpn",
                  .where = &set_bridge_alpn,
                  .written = &write_text<bridge_draft, &in::alpn>},
    bridge_option{.name = "bridge_identity", .where = &in::identity},
    bridge_option{.name = "bridge_psk",
                  .where = &set_bridge_psk,
                  .is_secret = true,
                  .written = &write_text<bridge_draft, &in::psk>},
};

} // namespace

std::span<const bridge_option> bridge_options() noexcept {
  return bridge_table;
}

} // namespace troupe::config
