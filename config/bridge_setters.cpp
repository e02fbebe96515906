#include "config/setters.hpp"
#include "core/hex.hpp"
#include "protocol/topic.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::config {

namespace {

using texts = std::vector<std::string>;

/// The number that `text` is; nothing if it is none.
std::optional<int64_t> number_of(std::string_view text) noexcept {
  int64_t number = 0;
  auto end = text.data() + text.size();
  auto [rest, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || rest != end)
    return std::nullopt;
  return number;
}

complaint set_port(bridge_address& to, std::string_view text) {
  auto number = number_of(text);
  if (!number || *number < 1 || *number > UINT16_MAX)
    return fmt::format("`{}` is not a port (1 to 65535)", text);
  to.port = static_cast<uint16_t>(*number);
  return std::nullopt;
}

/// Whether `text` is an IPv6 address, perhaps with a zone.
bool is_v6(std::string_view text) {
  std::string address{text.substr(0, text.find('%'))};
  in6_addr room;
  return inet_pton(AF_INET6, address.c_str(), &room) == 1;
}

constexpr std::string_view in_brackets =
    "write an IPv6 address in brackets: [::1]:1883";

/// `[ADDRESS]` or `[ADDRESS]:PORT`.
complaint read_brackets(bridge_address& to, std::string_view text) {
  auto end = text.find(']');
  auto host = text.substr(1, end == std::string_view::npos ? 0 : end - 1);
  if (!is_v6(host))
    return fmt::format("`{}` is not an address; {}", text, in_brackets);
  to.host = host;
  auto rest = text.substr(end + 1);
  if (rest.empty())
    return std::nullopt;
  if (!rest.starts_with(':'))
    return fmt::format("`{}` is not an address; {}", text, in_brackets);
  return set_port(to, rest.substr(1));
}

/// `HOST`, `HOST:PORT`, or an IPv6 address with a port as Mosquitto has it.
complaint read_host(bridge_address& to, std::string_view text, texts& notes) {
  auto colon = text.rfind(':');
  auto host = text.substr(0, colon);
  if (host.empty())
    return fmt::format("`{}` has no host; use such as broker.example:1883",
                       text);
  if (host.find(':') != std::string_view::npos) {
    if (!is_v6(host))
      return fmt::format("`{}` is not an address; {}", text, in_brackets);
    notes.push_back(fmt::format("what follows the last colon of `{}` counts as "
                                "the port, as with Mosquitto; {}",
                                escaped(text), in_brackets));
  } else if (auto wrong = check_host(host)) {
    return wrong;
  }
  to.host = host;
  if (colon == std::string_view::npos)
    return std::nullopt;
  return set_port(to, text.substr(colon + 1));
}

complaint read_socket(bridge_address& to, std::string_view path) {
  if (auto wrong = check_socket_path(path))
    return wrong;
  to.path = path;
  return std::nullopt;
}

} // namespace

complaint set_bridge_name(bridge_draft& in, std::string_view name) {
  if (name.empty())
    return "an empty text is no name; call the bridge something";
  // The longest of the topics that `$SYS` has for it.
  auto topic = fmt::format("$SYS/broker/bridge/{}/messages/unwanted",
                           name_in_topics(name));
  if (topic.size() > UINT16_MAX || !protocol::is_topic_name(topic))
    return fmt::format("the name is too long for $SYS/broker/bridge/NAME/...; "
                       "choose a shorter one, with at most {} slashes",
                       protocol::max_topic_slashes - 5);
  in.name = name;
  return std::nullopt;
}

complaint add_bridge_address(bridge_draft& in, std::string_view text) {
  bridge_address made;
  auto wrong = text.starts_with(unix_prefix)
                   ? read_socket(made, text.substr(unix_prefix.size()))
               : text.starts_with('[') ? read_brackets(made, text)
                                       : read_host(made, text, in.notes);
  if (!wrong)
    in.addresses.push_back(std::move(made));
  return wrong;
}

texts write_bridge_addresses(const bridge_draft& in) {
  texts all;
  for (const auto& each : in.addresses)
    all.push_back(to_text(each));
  return all;
}

complaint add_restart_number(bridge_draft& in, std::string_view text) {
  auto number = number_of(text);
  auto least = in.restart_numbers == 2 ? 0 : 1;
  if (!number || *number > INT32_MAX)
    return fmt::format("`{}` is not a number of seconds; use a whole number "
                       "without a unit",
                       text);
  if (*number < least)
    in.notes.push_back(fmt::format("{} counts as {}, the least that is taken",
                                   *number, least));
  std::chrono::seconds time{std::max<int64_t>(*number, least)};
  switch (in.restart_numbers++) {
  case 0:
    in.restart_base = time;
    in.restart_cap = {};
    return std::nullopt;
  case 1:
    in.restart_cap = time;
    if (time < in.restart_base)
      return fmt::format("the longest wait, {}, is less than the first, {}; "
                         "use such as 5 30",
                         text, in.restart_base.count());
    return std::nullopt;
  case 2:
    in.restart_stable = time;
    return std::nullopt;
  default:
    return "up to three numbers are taken: the first wait, the longest one, "
           "and how long a link must hold";
  }
}

texts write_restart_timeout(const bridge_draft& in) {
  texts all{std::to_string(in.restart_base.count())};
  if (in.restart_cap.count() != 0)
    all.push_back(std::to_string(in.restart_cap.count()));
  if (in.restart_stable.count() != 0)
    all.push_back(std::to_string(in.restart_stable.count()));
  return all;
}

complaint add_keepalive_number(bridge_draft& in, std::string_view text) {
  struct part {
    uint32_t bridge_settings::*where;
    /// What the kernel takes.
    int64_t most;
  };
  constexpr std::array parts{
      part{&bridge_settings::tcp_keepalive_idle, 32767},
      part{&bridge_settings::tcp_keepalive_interval, 32767},
      part{&bridge_settings::tcp_keepalive_count, 127}};
  if (in.keepalive_numbers == parts.size())
    return "three numbers are taken: seconds of silence, seconds between "
           "probes, and probes";
  auto [where, most] = parts[in.keepalive_numbers++];
  auto number = number_of(text);
  if (!number || *number < 1 || *number > most)
    return fmt::format("`{}` is not a number from 1 to {}; use seconds of "
                       "silence, seconds between probes, and probes: 60 10 5",
                       text, most);
  in.*where = static_cast<uint32_t>(*number);
  return std::nullopt;
}

texts write_tcp_keepalive(const bridge_draft& in) {
  if (in.tcp_keepalive_idle == 0)
    return {};
  return {std::to_string(in.tcp_keepalive_idle),
          std::to_string(in.tcp_keepalive_interval),
          std::to_string(in.tcp_keepalive_count)};
}

complaint set_bind_address(bridge_draft& in, std::string_view text) {
  if (auto wrong = check_host(text))
    return wrong;
  in.bind_address = text;
  return std::nullopt;
}

complaint set_websocket_path(bridge_draft& in, std::string_view text) {
  // It stands in the first line of the request.
  if (!text.starts_with('/') || text.find(' ') != std::string_view::npos)
    return fmt::format("`{}` is not a path; it begins with a slash and has no "
                       "spaces, such as /mqtt",
                       text);
  in.websocket_path = text;
  return std::nullopt;
}

complaint set_notification_topic(bridge_draft& in, std::string_view text) {
  if (!text.empty() && !protocol::is_topic_name(text))
    return fmt::format("`{}` is not a topic; it has no wildcards and at most "
                       "{} slashes",
                       text, protocol::max_topic_slashes);
  in.notification_topic = text;
  return std::nullopt;
}

complaint set_bridge_alpn(bridge_draft& in, std::string_view text) {
  // A name has its length in one byte. [RFC 7301, 3.1]
  if (text.size() > UINT8_MAX)
    return fmt::format("a name of {} bytes is not one for ALPN (1 to 255)",
                       text.size());
  in.alpn = text;
  return std::nullopt;
}

complaint set_bridge_psk(bridge_draft& in, std::string_view text) {
  // OpenSSL takes 256 bytes. The key must not stand in a message.
  constexpr size_t most = 512;
  if (text.size() > most || !from_hex(text))
    return fmt::format("the key is not hexadecimal, or longer than {} digits; "
                       "use 0 to 9 and a to f",
                       most);
  in.psk = text;
  return std::nullopt;
}

} // namespace troupe::config
