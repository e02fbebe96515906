// The table of the broker's options. The comments that explain them, with their
// defaults, stand in settings.hpp.
#include "config/options.hpp"
#include "config/setters.hpp"

#include <array>

namespace troupe::config {

namespace {

using std::string_view_literals::operator""sv;

constexpr auto int32_most = std::numeric_limits<int32_t>::max();
constexpr auto uint16_most = std::numeric_limits<uint16_t>::max();
constexpr auto uint32_most = std::numeric_limits<uint32_t>::max();
/// The largest payload that fits into a packet. [MQTT-1.5.5]
constexpr int64_t payload_most = 268'435'455;
/// Levels that 200 slashes make.
constexpr int64_t topic_levels_most = 201;

constexpr number_range seconds_16{0, uint16_most, "a number of seconds"};
constexpr number_range seconds_16_from_1{1, uint16_most, "a number of seconds"};
constexpr number_range bytes{0, std::numeric_limits<int64_t>::max(),
                             "a number of bytes"};
constexpr number_range lenient_bytes{0, bytes.most, bytes.noun, true};
constexpr number_range head_bytes{0, uint16_most, "a number of bytes"};
constexpr number_range limit_or_none{-1, int32_most, "a limit, or -1 for none",
                                     true};
constexpr number_range connections_per_second{
    0, int32_most, "a number of connections per second"};

constexpr std::array acknowledge_words{"routed"sv, "written"sv, "synced"sv};
constexpr std::array queue_full_words{"drop_newest"sv, "drop_oldest"sv};
constexpr std::array algorithm_words{"RS256"sv, "ES256"sv, "HS256"sv};
constexpr std::array log_words{"error"sv,       "warning"sv,    "notice"sv,
                               "information"sv, "debug"sv,      "subscribe"sv,
                               "unsubscribe"sv, "websockets"sv, "internal"sv,
                               "all"sv,         "none"sv};

template <std::string jwt_settings::*Member>
complaint set_jwt(draft& in, std::string_view text) {
  in.jwt.*Member = text;
  return std::nullopt;
}

template <std::string jwt_settings::*Member>
std::vector<std::string> write_jwt(const draft& in) {
  return {in.jwt.*Member};
}

constexpr std::array broker_table{
    broker_option{.name = "acl_file", .where = &settings::acl_file},
    broker_option{.name = "acknowledge_after",
                  .where = &set_acknowledge_after,
                  .is_word = true,
                  .written = &write_acknowledge_after,
                  .words = acknowledge_words,
                  .applies = effect::restart},
    broker_option{.name = "allow_anonymous",
                  .where = &draft::given_allow_anonymous},
    broker_option{.name = "allow_duplicate_messages",
                  .where = &settings::allow_duplicate_messages,
                  .applies = effect::new_connections},
    broker_option{.name = "allow_zero_length_clientid",
                  .where = &settings::allow_zero_length_clientid,
                  .applies = effect::new_connections},
    broker_option{.name = "authentication_workers",
                  .where = &settings::authentication_workers,
                  .range = {1, 64, "a number of threads"},
                  .applies = effect::restart},
    broker_option{.name = "auto_id_prefix",
                  .where = &settings::auto_id_prefix,
                  .applies = effect::new_connections},
    broker_option{.name = "check_retain_source",
                  .where = &settings::check_retain_source},
    broker_option{.name = "clientid_prefixes",
                  .where = &settings::clientid_prefixes,
                  .applies = effect::new_connections},
    broker_option{.name = "connect_timeout",
                  .where = &settings::connect_timeout,
                  .range = seconds_16,
                  .applies = effect::new_connections},
    broker_option{.name = "connection_messages",
                  .where = &settings::connection_messages},
    broker_option{.name = "dynamic_security_file",
                  .where = &settings::dynamic_security_file},
    broker_option{.name = "failed_authentication_block",
                  .where = &settings::failed_authentication_block,
                  .range = seconds_16_from_1},
    broker_option{.name = "failed_authentication_limit",
                  .where = &settings::failed_authentication_limit,
                  .range = {0, uint16_most, "a number of attempts"}},
    broker_option{.name = "failed_authentication_max_block",
                  .where = &settings::failed_authentication_max_block,
                  .range = seconds_16_from_1},
    broker_option{.name = "failed_authentication_window",
                  .where = &settings::failed_authentication_window,
                  .range = seconds_16_from_1},
    broker_option{.name = "global_max_clients",
                  .where = &settings::global_max_clients,
                  .range = limit_or_none},
    broker_option{.name = "global_max_connections",
                  .where = &settings::global_max_connections,
                  .range = limit_or_none},
    broker_option{.name = "jwt_algorithms",
                  .where = &add_jwt_algorithm,
                  .is_list = true,
                  .is_word = true,
                  .written = &write_jwt_algorithms,
                  .words = algorithm_words,
                  .applies = effect::new_connections},
    broker_option{.name = "jwt_audience",
                  .where = &add_jwt_audience,
                  .is_list = true,
                  .written = &write_jwt_audience,
                  .applies = effect::new_connections},
    broker_option{.name = "jwt_client_id_claim",
                  .where = &set_jwt<&jwt_settings::client_id_claim>,
                  .written = &write_jwt<&jwt_settings::client_id_claim>,
                  .applies = effect::new_connections},
    broker_option{.name = "jwt_disconnect_expired",
                  .where = &draft::jwt_disconnect_expired,
                  .applies = effect::new_connections},
    broker_option{.name = "jwt_issuer",
                  .where = &set_jwt<&jwt_settings::issuer>,
                  .written = &write_jwt<&jwt_settings::issuer>,
                  .applies = effect::new_connections},
    broker_option{.name = "jwt_jwks_file",
                  .where = &set_jwt<&jwt_settings::jwks_file>,
                  .written = &write_jwt<&jwt_settings::jwks_file>,
                  .applies = effect::new_connections},
    broker_option{.name = "jwt_key_file",
                  .where = &set_jwt<&jwt_settings::key_file>,
                  .written = &write_jwt<&jwt_settings::key_file>,
                  .applies = effect::new_connections},
    broker_option{.name = "jwt_user_claim",
                  .where = &set_jwt_user_claim,
                  .written = &write_jwt<&jwt_settings::user_claim>,
                  .applies = effect::new_connections},
    broker_option{.name = "log_dest",
                  .where = &set_log_dest,
                  .is_list = true,
                  .written = &write_log_dest},
    broker_option{.name = "log_timestamp", .where = &draft::log_timestamp},
    broker_option{.name = "log_timestamp_format",
                  .where = &set_log_timestamp_format,
                  .written = &write_text<draft, &draft::log_timestamp_format>},
    broker_option{.name = "log_type",
                  .where = &set_log_type,
                  .is_list = true,
                  .is_word = true,
                  .written = &write_log_type,
                  .words = log_words},
    broker_option{.name = "loops",
                  .where = &settings::loops,
                  .range = {0, 1024, "a number of threads"},
                  .applies = effect::restart},
    broker_option{.name = "max_connect_rate",
                  .where = &settings::max_connect_rate,
                  .range = connections_per_second},
    broker_option{.name = "max_connect_rate_per_address",
                  .where = &settings::max_connect_rate_per_address,
                  .range = connections_per_second},
    broker_option{.name = "max_inflight_bytes",
                  .where = &settings::max_inflight_bytes,
                  .range = lenient_bytes,
                  .applies = effect::new_connections},
    broker_option{.name = "max_inflight_messages",
                  .where = &settings::max_inflight_messages,
                  .range = {0, uint16_most, "a number of messages", true},
                  .applies = effect::new_connections},
    broker_option{.name = "max_keepalive",
                  .where = &settings::max_keepalive,
                  .range = seconds_16,
                  .applies = effect::new_connections},
    // What is announced has 32 bits, though no packet is that large.
    broker_option{.name = "max_packet_size",
                  .where = &settings::max_packet_size,
                  .range = {20, uint32_most, "a number of bytes"},
                  .applies = effect::new_connections},
    broker_option{.name = "max_pending_connections",
                  .where = &settings::max_pending_connections,
                  .range = {0, int32_most, "a number of connections"}},
    broker_option{.name = "max_publish_bytes_rate",
                  .where = &settings::max_publish_bytes_rate,
                  .range = {0, bytes.most, "a number of bytes per second"}},
    broker_option{.name = "max_publish_rate",
                  .where = &settings::max_publish_rate,
                  .range = {0, int32_most, "a number of messages per second"}},
    broker_option{.name = "max_queued_bytes",
                  .where = &settings::max_queued_bytes,
                  .range = lenient_bytes,
                  .applies = effect::new_connections},
    broker_option{.name = "max_queued_messages",
                  .where = &settings::max_queued_messages,
                  .range = {0, bytes.most, "a number of messages", true},
                  .applies = effect::new_connections},
    broker_option{.name = "max_subscriptions",
                  .where = &settings::max_subscriptions,
                  .range = {0, int32_most, "a number of subscriptions"}},
    broker_option{.name = "max_topic_levels",
                  .where = &settings::max_topic_levels,
                  .range = {1, topic_levels_most, "a number of levels"},
                  .applies = effect::new_connections},
    broker_option{.name = "memory_limit",
                  .where = &settings::memory_limit,
                  .range = bytes},
    broker_option{.name = "message_size_limit",
                  .where = &settings::message_size_limit,
                  .range = {0, payload_most, "a number of bytes"}},
    broker_option{.name = "output_limit",
                  .where = &settings::output_limit,
                  .range = {1024, bytes.most, "a number of bytes"},
                  .applies = effect::new_connections},
    broker_option{.name = "output_pause",
                  .where = &settings::output_pause,
                  .range = {1, bytes.most, "a number of bytes"},
                  .applies = effect::new_connections},
    broker_option{.name = "packet_buffer_size",
                  .where = &settings::packet_buffer_size,
                  .range = head_bytes,
                  .applies = effect::new_connections},
    broker_option{.name = "password_file", .where = &settings::password_file},
    broker_option{.name = "persistence",
                  .where = &settings::persistence,
                  .applies = effect::restart},
    broker_option{.name = "persistence_location",
                  .where = &set_persistence_location,
                  .written =
                      &write_text<draft, &settings::persistence_location>,
                  .applies = effect::restart},
    broker_option{.name = "persistent_client_expiration",
                  .where = &set_expiration,
                  .is_word = true,
                  .written = &write_expiration,
                  .applies = effect::new_connections},
    broker_option{.name = "pid_file",
                  .where = &settings::pid_file,
                  .applies = effect::restart},
    broker_option{.name = "psk_file", .where = &settings::psk_file},
    broker_option{.name = "publish_credit_batches",
                  .where = &settings::publish_credit_batches,
                  .range = {1, uint16_most, "a number of batches"}},
    broker_option{.name = "publish_credit_bytes",
                  .where = &settings::publish_credit_bytes,
                  .range = {1, bytes.most, "a number of bytes"}},
    broker_option{.name = "queue_qos0_messages",
                  .where = &settings::queue_qos0_messages},
    broker_option{.name = "retain_available",
                  .where = &settings::retain_available,
                  .applies = effect::new_connections},
    broker_option{.name = "retain_expiry_interval",
                  .where = &settings::retain_expiry_interval,
                  .range = {0, int32_most, "a number of minutes", false, 60},
                  .applies = effect::restart},
    // Mosquitto's old name.
    broker_option{.name = "retained_persistence",
                  .where = &settings::persistence,
                  .same_as = "persistence",
                  .applies = effect::restart},
    broker_option{.name = "set_tcp_nodelay",
                  .where = &settings::set_tcp_nodelay,
                  .applies = effect::restart},
    broker_option{.name = "subtrees",
                  .where = &settings::subtrees,
                  .range = {0, uint16_most, "a number of subtrees"},
                  .applies = effect::restart},
    broker_option{.name = "sync_interval",
                  .where = &settings::sync_interval,
                  .range = seconds_16,
                  .applies = effect::restart},
    broker_option{.name = "sys_interval",
                  .where = &settings::sys_interval,
                  .range = seconds_16},
    broker_option{.name = "upgrade_outgoing_qos",
                  .where = &settings::upgrade_outgoing_qos,
                  .applies = effect::restart},
    broker_option{
        .name = "user", .where = &settings::user, .applies = effect::restart},
    // Mosquitto's old name.
    broker_option{.name = "websockets_headers_size",
                  .where = &settings::packet_buffer_size,
                  .range = head_bytes,
                  .same_as = "packet_buffer_size"},
    broker_option{.name = "when_queue_full",
                  .where = &set_when_queue_full,
                  .is_word = true,
                  .written = &write_when_queue_full,
                  .words = queue_full_words,
                  .applies = effect::new_connections},
};

} // namespace

std::span<const broker_option> broker_options() noexcept {
  return broker_table;
}

} // namespace troupe::config
