// The table of the broker's options. The comments that explain them, with their
// defaults, stand in settings.hpp.
#include "config/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

namespace troupe::config {

namespace {

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

complaint set_log_type(draft& in, std::string_view word) {
  if (!in.log_type_given)
    in.log.types = log::no_levels;
  in.log_type_given = true;
  if (word == "none")
    in.log.types = log::no_levels;
  else if (word == "all")
    in.log.types = log::all_levels;
  else {
    for (size_t i = 0; i < log::level_count; ++i)
      if (auto each = static_cast<log::level>(i);
          log::to_string(each) == word) {
        in.log.types |= log::bit(each);
        return std::nullopt;
      }
    return fmt::format("`{}` is not a kind of log line; use error, warning, "
                       "notice, information, debug, subscribe, unsubscribe, "
                       "websockets, internal, all or none",
                       word);
  }
  return std::nullopt;
}

complaint add_log_file(draft& in, std::string_view path) {
  auto start = path.find_first_not_of(' ');
  if (start == std::string_view::npos)
    return "`file` needs a path: file /var/log/troupe.log";
  in.log.files.emplace_back(path.substr(start));
  return std::nullopt;
}

complaint set_log_dest(draft& in, std::string_view words) {
  if (!in.log_dest_given)
    in.log.to_stderr = false;
  in.log_dest_given = true;
  auto word = words.substr(0, words.find(' '));
  if (word == "file")
    return add_log_file(in, words.substr(word.size()));
  if (word == "none") {
    in.log.to_stderr = in.log.to_stdout = in.log.to_syslog = false;
    in.log.files.clear();
  } else if (word == "stderr")
    in.log.to_stderr = true;
  else if (word == "stdout")
    in.log.to_stdout = true;
  else if (word == "syslog")
    in.log.to_syslog = true;
  else if (word == "topic" || word == "dlt" || word == "android") {
    in.log_dest_missing = true;
    in.notes.push_back(fmt::format("troupe does not log to `{}`; lines go to "
                                   "the other destinations, and to "
                                   "stderr if there is none",
                                   word));
  } else
    return fmt::format("`{}` is not a destination; use stderr, stdout, syslog, "
                       "none or file PATH",
                       word);
  return std::nullopt;
}

complaint set_log_timestamp_format(draft& in, std::string_view form) {
  std::string text{form};
  std::array<char, 256> room;
  std::tm any{};
  any.tm_mday = 1;
  if (std::strftime(room.data(), room.size(), text.c_str(), &any) == 0)
    return "the form gives no time, or one of more than 255 bytes; use one as "
           "in strftime, such as %Y-%m-%dT%H:%M:%S";
  in.log_timestamp_format = std::move(text);
  return std::nullopt;
}

/// Hours in the units of Mosquitto's durations; 0: no such unit.
int64_t hours_in(std::string_view unit) noexcept {
  if (unit.size() != 1)
    return 0;
  switch (unit.front()) {
  case 'h':
    return 1;
  case 'd':
    return 24;
  case 'w':
    return 24 * 7;
  case 'm':
    return 24 * 30;
  case 'y':
    return 24 * 365;
  default:
    return 0;
  }
}

complaint set_expiration(draft& in, std::string_view text) {
  int64_t count = 0;
  auto end = text.data() + text.size();
  auto [rest, failed] = std::from_chars(text.data(), end, count);
  auto unit = hours_in({rest, static_cast<size_t>(end - rest)});
  // A session expiry interval has 32 bits. [MQTT5-3.1.2.11.2]
  auto most = unit == 0 ? 0 : uint32_most / (unit * 3600);
  if (failed != std::errc{} || count < 1 || count > most)
    return fmt::format("`{}` is not a time; use a number from 1 and one of h, "
                       "d, w, m (30 days) and y, such as 14d, up to 136y",
                       text);
  in.persistent_client_expiration = std::chrono::hours{count * unit};
  return std::nullopt;
}

complaint set_persistence_location(draft& in, std::string_view path) {
  if (path.empty())
    return "an empty text names no directory; use . for the current one";
  in.persistence_location = path;
  return std::nullopt;
}

complaint set_acknowledge_after(draft& in, std::string_view word) {
  if (word == "routed")
    in.acknowledge_after = acknowledge_after::routed;
  else if (word == "written")
    in.acknowledge_after = acknowledge_after::written;
  else if (word == "synced")
    in.acknowledge_after = acknowledge_after::synced;
  else
    return fmt::format("`{}` is no point in time; use routed, written (which "
                       "survives a crash) or synced (a loss of power too)",
                       word);
  return std::nullopt;
}

complaint set_when_queue_full(draft& in, std::string_view word) {
  if (word == "drop_newest")
    in.when_queue_full = queue_full_policy::drop_newest;
  else if (word == "drop_oldest")
    in.when_queue_full = queue_full_policy::drop_oldest;
  else
    return fmt::format("`{}` does not say what to drop; use drop_newest or "
                       "drop_oldest",
                       word);
  return std::nullopt;
}

template <std::string jwt_settings::*Member>
complaint set_jwt(draft& in, std::string_view text) {
  in.jwt.*Member = text;
  return std::nullopt;
}

complaint set_jwt_user_claim(draft& in, std::string_view text) {
  if (text.empty())
    return "an empty text names no claim; use sub, or leave the option out";
  in.jwt.user_claim = text;
  return std::nullopt;
}

complaint add_jwt_audience(draft& in, std::string_view text) {
  if (text.empty())
    return "an empty text names no audience; leave the option out for any";
  in.jwt.audience.emplace_back(text);
  return std::nullopt;
}

complaint add_jwt_algorithm(draft& in, std::string_view word) {
  if (word != "RS256" && word != "ES256" && word != "HS256")
    return fmt::format("`{}` is no algorithm that is taken; use RS256, ES256 "
                       "or HS256",
                       word);
  if (!std::exchange(in.jwt_algorithms_given, true))
    in.jwt.algorithms.clear();
  if (std::find(in.jwt.algorithms.begin(), in.jwt.algorithms.end(), word)
      == in.jwt.algorithms.end())
    in.jwt.algorithms.emplace_back(word);
  return std::nullopt;
}

constexpr std::array broker_table{
    broker_option{"acl_file", &settings::acl_file},
    broker_option{"acknowledge_after",
                  &set_acknowledge_after,
                  {},
                  place::anywhere,
                  false,
                  true},
    broker_option{"allow_anonymous", &draft::given_allow_anonymous},
    broker_option{"allow_duplicate_messages",
                  &settings::allow_duplicate_messages},
    broker_option{"allow_zero_length_clientid",
                  &settings::allow_zero_length_clientid},
    broker_option{"authentication_workers",
                  &settings::authentication_workers,
                  {1, 64, "a number of threads"}},
    broker_option{"auto_id_prefix", &settings::auto_id_prefix},
    broker_option{"check_retain_source", &settings::check_retain_source},
    broker_option{"clientid_prefixes", &settings::clientid_prefixes},
    broker_option{"connect_timeout", &settings::connect_timeout, seconds_16},
    broker_option{"connection_messages", &settings::connection_messages},
    broker_option{"dynamic_security_file", &settings::dynamic_security_file},
    broker_option{"failed_authentication_block",
                  &settings::failed_authentication_block, seconds_16_from_1},
    broker_option{"failed_authentication_limit",
                  &settings::failed_authentication_limit,
                  {0, uint16_most, "a number of attempts"}},
    broker_option{"failed_authentication_max_block",
                  &settings::failed_authentication_max_block,
                  seconds_16_from_1},
    broker_option{"failed_authentication_window",
                  &settings::failed_authentication_window, seconds_16_from_1},
    broker_option{"global_max_clients", &settings::global_max_clients,
                  limit_or_none},
    broker_option{"global_max_connections", &settings::global_max_connections,
                  limit_or_none},
    broker_option{
        "jwt_algorithms", &add_jwt_algorithm, {}, place::anywhere, true, true},
    broker_option{"jwt_audience", &add_jwt_audience, {}, place::anywhere, true},
    broker_option{"jwt_client_id_claim",
                  &set_jwt<&jwt_settings::client_id_claim>},
    broker_option{"jwt_disconnect_expired", &draft::jwt_disconnect_expired},
    broker_option{"jwt_issuer", &set_jwt<&jwt_settings::issuer>},
    broker_option{"jwt_jwks_file", &set_jwt<&jwt_settings::jwks_file>},
    broker_option{"jwt_key_file", &set_jwt<&jwt_settings::key_file>},
    broker_option{"jwt_user_claim", &set_jwt_user_claim},
    broker_option{"log_dest", &set_log_dest, {}, place::anywhere, true},
    broker_option{"log_timestamp", &draft::log_timestamp},
    broker_option{"log_timestamp_format", &set_log_timestamp_format},
    broker_option{"log_type", &set_log_type, {}, place::anywhere, true, true},
    broker_option{"loops", &settings::loops, {0, 1024, "a number of threads"}},
    broker_option{"max_connect_rate", &settings::max_connect_rate,
                  connections_per_second},
    broker_option{"max_connect_rate_per_address",
                  &settings::max_connect_rate_per_address,
                  connections_per_second},
    broker_option{"max_inflight_bytes", &settings::max_inflight_bytes,
                  lenient_bytes},
    broker_option{"max_inflight_messages",
                  &settings::max_inflight_messages,
                  {0, uint16_most, "a number of messages", true}},
    broker_option{"max_keepalive", &settings::max_keepalive, seconds_16},
    // What is announced has 32 bits, though no packet is that large.
    broker_option{"max_packet_size",
                  &settings::max_packet_size,
                  {20, uint32_most, "a number of bytes"}},
    broker_option{"max_pending_connections",
                  &settings::max_pending_connections,
                  {0, int32_most, "a number of connections"}},
    broker_option{"max_publish_bytes_rate",
                  &settings::max_publish_bytes_rate,
                  {0, bytes.most, "a number of bytes per second"}},
    broker_option{"max_publish_rate",
                  &settings::max_publish_rate,
                  {0, int32_most, "a number of messages per second"}},
    broker_option{"max_queued_bytes", &settings::max_queued_bytes,
                  lenient_bytes},
    broker_option{"max_queued_messages",
                  &settings::max_queued_messages,
                  {0, bytes.most, "a number of messages", true}},
    broker_option{"max_subscriptions",
                  &settings::max_subscriptions,
                  {0, int32_most, "a number of subscriptions"}},
    broker_option{"max_topic_levels",
                  &settings::max_topic_levels,
                  {1, topic_levels_most, "a number of levels"}},
    broker_option{"memory_limit", &settings::memory_limit, bytes},
    broker_option{"message_size_limit",
                  &settings::message_size_limit,
                  {0, payload_most, "a number of bytes"}},
    broker_option{"output_limit",
                  &settings::output_limit,
                  {1024, bytes.most, "a number of bytes"}},
    broker_option{"output_pause",
                  &settings::output_pause,
                  {1, bytes.most, "a number of bytes"}},
    broker_option{"packet_buffer_size", &settings::packet_buffer_size,
                  head_bytes},
    broker_option{"password_file", &settings::password_file},
    broker_option{"persistence", &settings::persistence},
    broker_option{"persistence_location", &set_persistence_location},
    broker_option{"persistent_client_expiration",
                  &set_expiration,
                  {},
                  place::anywhere,
                  false,
                  true},
    broker_option{"pid_file", &settings::pid_file},
    broker_option{"psk_file", &settings::psk_file},
    broker_option{"publish_credit_batches",
                  &settings::publish_credit_batches,
                  {1, uint16_most, "a number of batches"}},
    broker_option{"publish_credit_bytes",
                  &settings::publish_credit_bytes,
                  {1, bytes.most, "a number of bytes"}},
    broker_option{"queue_qos0_messages", &settings::queue_qos0_messages},
    broker_option{"retain_available", &settings::retain_available},
    broker_option{"retain_expiry_interval",
                  &settings::retain_expiry_interval,
                  {0, int32_most, "a number of minutes", false, 60}},
    // Mosquitto's old name.
    broker_option{"retained_persistence", &settings::persistence},
    broker_option{"set_tcp_nodelay", &settings::set_tcp_nodelay},
    broker_option{"subtrees",
                  &settings::subtrees,
                  {0, uint16_most, "a number of subtrees"}},
    broker_option{"sync_interval", &settings::sync_interval, seconds_16},
    broker_option{"sys_interval", &settings::sys_interval, seconds_16},
    broker_option{"upgrade_outgoing_qos", &settings::upgrade_outgoing_qos},
    broker_option{"user", &settings::user},
    // Mosquitto's old name.
    broker_option{"websockets_headers_size", &settings::packet_buffer_size,
                  head_bytes},
    broker_option{"when_queue_full",
                  &set_when_queue_full,
                  {},
                  place::anywhere,
                  false,
                  true},
};

} // namespace

std::span<const broker_option> broker_options() noexcept {
  return broker_table;
}

} // namespace troupe::config
