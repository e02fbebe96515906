#include "config/setters.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace troupe::config {

namespace {

using texts = std::vector<std::string>;

complaint accept_version(listener_draft& in, std::string_view number) {
  if (number == "3")
    in.accept_v31 = true;
  else if (number == "4")
    in.accept_v311 = true;
  else if (number == "5")
    in.accept_v5 = true;
  else
    return fmt::format("`{}` is not a protocol version; use 3 (MQTT 3.1), 4 "
                       "(3.1.1) and 5 (5.0)",
                       number);
  return std::nullopt;
}

/// Whether `text` is an address or network, or `unix`.
bool is_network(std::string_view text) {
  if (text == "unix")
    return true;
  auto slash = text.find('/');
  std::string address{text.substr(0, slash)};
  in6_addr room;
  auto bits = inet_pton(AF_INET, address.c_str(), &room) == 1    ? 32
              : inet_pton(AF_INET6, address.c_str(), &room) == 1 ? 128
                                                                 : -1;
  if (slash == std::string_view::npos)
    return bits != -1;
  auto prefix = text.substr(slash + 1);
  int number = 0;
  auto end = prefix.data() + prefix.size();
  auto [rest, failed] = std::from_chars(prefix.data(), end, number);
  return failed == std::errc{} && rest == end && number >= 0 && number <= bits;
}

} // namespace

complaint set_socket_domain(listener_draft& in, std::string_view word) {
  if (word == "ipv4")
    in.socket_domain = socket_domain::ipv4;
  else if (word == "ipv6")
    in.socket_domain = socket_domain::ipv6;
  else
    return fmt::format("`{}` is not an address family; use ipv4 or ipv6, or "
                       "leave the option out for both",
                       word);
  return std::nullopt;
}

texts write_socket_domain(const listener_draft& in) {
  switch (in.socket_domain) {
  case socket_domain::ipv4:
    return {"ipv4"};
  case socket_domain::ipv6:
    return {"ipv6"};
  case socket_domain::both:
    break;
  }
  return {};
}

complaint set_protocol(listener_draft& in, std::string_view word) {
  if (word == "mqtt")
    in.protocol = listener_protocol::mqtt;
  else if (word == "websockets")
    in.protocol = listener_protocol::websockets;
  else if (word == "http_api") {
    in.is_left_out = true;
    in.notes.emplace_back("troupe has no HTTP interface on a listener of its "
                          "own; this listener is left out");
  } else
    return fmt::format("`{}` is not a protocol; use mqtt or websockets", word);
  return std::nullopt;
}

texts write_protocol(const listener_draft& in) {
  return {in.protocol == listener_protocol::websockets ? "websockets" : "mqtt"};
}

complaint set_accept_versions(listener_draft& in, std::string_view text) {
  if (!in.versions_given)
    in.accept_v31 = in.accept_v311 = in.accept_v5 = false;
  in.versions_given = true;
  while (true) {
    auto comma = text.find(',');
    auto number = text.substr(0, comma);
    number.remove_prefix(
        std::min(number.find_first_not_of(' '), number.size()));
    number = number.substr(0, number.find_last_not_of(' ') + 1);
    if (auto wrong = accept_version(in, number))
      return wrong;
    if (comma == std::string_view::npos)
      return std::nullopt;
    text.remove_prefix(comma + 1);
  }
}

texts write_accept_versions(const listener_draft& in) {
  texts all;
  if (in.accept_v31)
    all.emplace_back("3");
  if (in.accept_v311)
    all.emplace_back("4");
  if (in.accept_v5)
    all.emplace_back("5");
  return all;
}

complaint check_host(std::string_view text) {
  if (text.find_first_of("[] ") != std::string_view::npos)
    return fmt::format("`{}` is not an address; write a host name, 127.0.0.1 "
                       "or ::1, without brackets and spaces",
                       text);
  // [RFC 1035, 2.3.4]
  constexpr size_t most = 255;
  if (text.size() > most)
    return fmt::format("a name of {} bytes is no address (up to {})",
                       text.size(), most);
  return std::nullopt;
}

complaint set_address(listener_draft& in, std::string_view text) {
  if (auto wrong = check_host(text))
    return wrong;
  in.address = text;
  return std::nullopt;
}

complaint check_socket_path(std::string_view text) {
  // sockaddr_un::sun_path with its end.
  constexpr size_t most = 107;
  if (text.empty() || text.size() > most)
    return fmt::format(
        "a path of {} bytes does not fit a Unix socket (1 to {})", text.size(),
        most);
  return std::nullopt;
}

complaint set_path(listener_draft& in, std::string_view text) {
  if (auto wrong = check_socket_path(text))
    return wrong;
  in.path = text;
  return std::nullopt;
}

complaint set_socket_mode(listener_draft& in, std::string_view text) {
  uint16_t mode = 0;
  auto end = text.data() + text.size();
  auto [rest, failed] = std::from_chars(text.data(), end, mode, 8);
  if (failed != std::errc{} || rest != end || mode == 0 || mode > 0777)
    return fmt::format("`{}` is not a file mode; use octal digits such as 0660",
                       text);
  in.socket_mode = mode;
  return std::nullopt;
}

texts write_socket_mode(const listener_draft& in) {
  if (in.socket_mode == 0)
    return {};
  return {fmt::format("{:04o}", in.socket_mode)};
}

complaint set_mount_point(listener_draft& in, std::string_view text) {
  if (text.find_first_of("+#") != std::string_view::npos)
    return fmt::format("`{}` holds a wildcard; use a topic such as site/1/",
                       text);
  in.mount_point = text;
  return std::nullopt;
}

template <class T>
complaint set_tls_version(T& in, std::string_view word) {
  if (word == "tlsv1.2" || word == "tlsv1.3") {
    in.tls_version = word;
    return std::nullopt;
  }
  if (word != "tlsv1.1")
    return fmt::format("`{}` is not a version of TLS; use tlsv1.2 or tlsv1.3, "
                       "the lowest that is taken",
                       word);
  in.tls_version = "tlsv1.2";
  in.notes.emplace_back("tlsv1.1 is broken; tlsv1.2 is the lowest version that "
                        "is taken");
  return std::nullopt;
}

template complaint set_tls_version(listener_draft&, std::string_view);
template complaint set_tls_version(bridge_draft&, std::string_view);

complaint set_tls_keyform(listener_draft&, std::string_view word) {
  if (word == "pem")
    return std::nullopt;
  return fmt::format("`{}` is not where troupe takes keys from; put the key "
                     "into a PEM file and remove this",
                     word);
}

texts write_tls_keyform(const listener_draft&) {
  return {"pem"};
}

complaint add_alpn(listener_draft& in, std::string_view name) {
  // A name has its length in one byte. [RFC 7301, 3.1]
  if (name.empty() || name.size() > 255)
    return fmt::format("a name of {} bytes is not one for ALPN (1 to 255)",
                       name.size());
  if (!in.own_alpn)
    in.own_alpn.emplace();
  if (name == "none")
    in.own_alpn->clear();
  else
    in.own_alpn->emplace_back(name);
  return std::nullopt;
}

texts write_alpn(const listener_draft& in) {
  return in.alpn.empty() ? texts{"none"} : in.alpn;
}

complaint add_proxy_trusted(listener_draft& in, std::string_view text) {
  if (!is_network(text))
    return fmt::format("`{}` is neither an address nor a network; use such as "
                       "10.0.0.7, 10.0.0.0/8, fd00::/8, or unix for Unix "
                       "sockets",
                       text);
  if (!in.own_proxy_trusted)
    in.own_proxy_trusted.emplace();
  in.own_proxy_trusted->emplace_back(text);
  return std::nullopt;
}

texts write_proxy_trusted(const listener_draft& in) {
  return in.proxy_trusted;
}

complaint add_websockets_origin(listener_draft& in, std::string_view text) {
  if (text.empty())
    return "an empty text is no origin; use such as https://example.org, or "
           "leave the option out for all";
  in.websockets_origin.emplace_back(text);
  return std::nullopt;
}

texts write_websockets_origin(const listener_draft& in) {
  return in.websockets_origin;
}

} // namespace troupe::config
