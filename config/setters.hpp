#pragma once

#include "config/options.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the tables of options call for values that are more than a number, a
/// boolean or any text: each pair checks and stores a text, and writes it.
namespace troupe::config {

// -- of the broker --

complaint set_log_type(draft& in, std::string_view word);
std::vector<std::string> write_log_type(const draft& in);
complaint set_log_dest(draft& in, std::string_view words);
std::vector<std::string> write_log_dest(const draft& in);
complaint set_log_timestamp_format(draft& in, std::string_view form);
complaint set_expiration(draft& in, std::string_view text);
std::vector<std::string> write_expiration(const draft& in);
complaint set_persistence_location(draft& in, std::string_view path);
complaint set_acknowledge_after(draft& in, std::string_view word);
std::vector<std::string> write_acknowledge_after(const draft& in);
complaint set_when_queue_full(draft& in, std::string_view word);
std::vector<std::string> write_when_queue_full(const draft& in);
complaint set_jwt_user_claim(draft& in, std::string_view text);
complaint add_jwt_audience(draft& in, std::string_view text);
std::vector<std::string> write_jwt_audience(const draft& in);
complaint add_jwt_algorithm(draft& in, std::string_view word);
std::vector<std::string> write_jwt_algorithms(const draft& in);

// -- of a listener --

complaint set_socket_domain(listener_draft& in, std::string_view word);
std::vector<std::string> write_socket_domain(const listener_draft& in);
complaint set_protocol(listener_draft& in, std::string_view word);
std::vector<std::string> write_protocol(const listener_draft& in);
complaint set_accept_versions(listener_draft& in, std::string_view text);
std::vector<std::string> write_accept_versions(const listener_draft& in);
/// Whether `text` can be a host name or address.
complaint check_host(std::string_view text);
/// Whether `text` can be the path of a Unix socket.
complaint check_socket_path(std::string_view text);
complaint set_address(listener_draft& in, std::string_view text);
complaint set_path(listener_draft& in, std::string_view text);
complaint set_socket_mode(listener_draft& in, std::string_view text);
std::vector<std::string> write_socket_mode(const listener_draft& in);
complaint set_mount_point(listener_draft& in, std::string_view text);
template <class T>
complaint set_tls_version(T& in, std::string_view word);
complaint set_tls_keyform(listener_draft&, std::string_view word);
std::vector<std::string> write_tls_keyform(const listener_draft&);
complaint add_alpn(listener_draft& in, std::string_view name);
std::vector<std::string> write_alpn(const listener_draft& in);
complaint add_proxy_trusted(listener_draft& in, std::string_view text);
std::vector<std::string> write_proxy_trusted(const listener_draft& in);
complaint add_websockets_origin(listener_draft& in, std::string_view text);
std::vector<std::string> write_websockets_origin(const listener_draft& in);

// -- of a bridge --

complaint set_bridge_name(bridge_draft& in, std::string_view name);
complaint add_bridge_address(bridge_draft& in, std::string_view text);
std::vector<std::string> write_bridge_addresses(const bridge_draft& in);
complaint add_restart_number(bridge_draft& in, std::string_view text);
std::vector<std::string> write_restart_timeout(const bridge_draft& in);
complaint add_keepalive_number(bridge_draft& in, std::string_view text);
std::vector<std::string> write_tcp_keepalive(const bridge_draft& in);
complaint set_bind_address(bridge_draft& in, std::string_view text);
complaint set_websocket_path(bridge_draft& in, std::string_view text);
complaint set_notification_topic(bridge_draft& in, std::string_view text);
complaint set_bridge_alpn(bridge_draft& in, std::string_view text);
complaint set_bridge_psk(bridge_draft& in, std::string_view text);
/// Which way `word` says; nothing if it says none.
std::optional<bridge_direction> direction_of(std::string_view word);
/// Reads `PATTERN [DIRECTION [QOS [LOCAL [REMOTE]]]]`, where `""` is an empty
/// text, and takes it off the front of `text`.
complaint parse_topic_line(bridge_topic& to, std::string_view& text);
/// Adds a topic unless it was given before, which gets a note.
complaint add_topic(bridge_draft& in, bridge_topic made);

/// Writes a text as it stands.
template <class T, auto Member>
std::vector<std::string> write_text(const T& in) {
  return {in.*Member};
}

} // namespace troupe::config
