#include "apps/tools/url.hpp"

#include "apps/tools/numbers.hpp"

namespace troupe::tools {
namespace {

void split_user(std::string_view text, broker_url& out) {
  auto colon = text.find(':');
  out.user_name = std::string{text.substr(0, colon)};
  if (colon != std::string_view::npos)
    out.password = std::string{text.substr(colon + 1)};
}

/// `host`, `host:port`, `[::1]` or `[::1]:port`.
bool split_host(std::string_view text, broker_url& out) {
  auto port_at = text.rfind(':');
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos)
      return false;
    out.host = text.substr(1, end - 1);
    port_at = end + 1 == text.size() ? std::string_view::npos : end + 1;
    if (port_at != std::string_view::npos && text[port_at] != ':')
      return false;
  } else {
    out.host = text.substr(0, port_at);
  }
  if (port_at == std::string_view::npos)
    return !out.host.empty();
  auto port = to_number(text.substr(port_at + 1), 1, 65535);
  out.port = static_cast<uint16_t>(port.value_or(0));
  return port && !out.host.empty();
}

} // namespace

std::string parse_url(std::string_view url, broker_url& out) {
  constexpr std::string_view plain = "mqtt://";
  constexpr std::string_view secure = "mqtts://";
  out.is_secure = url.starts_with(secure);
  if (!out.is_secure && !url.starts_with(plain))
    return "unsupported URL scheme.";
  out.port = out.is_secure ? 8883 : 1883;
  url.remove_prefix(out.is_secure ? secure.size() : plain.size());
  auto slash = url.find('/');
  if (slash == std::string_view::npos || slash + 1 == url.size())
    return "Invalid URL for -L argument specified - topic missing.";
  out.topic = url.substr(slash + 1);
  auto authority = url.substr(0, slash);
  // A password may hold an @, a host may not.
  if (auto at = authority.rfind('@'); at != std::string_view::npos) {
    split_user(authority.substr(0, at), out);
    authority.remove_prefix(at + 1);
  }
  if (!split_host(authority, out))
    return "Invalid URL for -L argument specified - host or port not valid.";
  return {};
}

} // namespace troupe::tools
