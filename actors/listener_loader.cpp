#include "actors/listener_loader.hpp"

#include "core/log.hpp"
#include "net/tls_context.hpp"
#include "net/websocket_upgrade.hpp"
#include "security/acl_file.hpp"
#include "security/dynsec_authority.hpp"
#include "security/jwt.hpp"
#include "security/password_file.hpp"
#include "security/psk_file.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

namespace {

std::optional<std::vector<uint8_t>> key_of(const security::psk_file& keys,
                                           std::string_view identity) {
  auto key = keys.find(identity);
  if (!key)
    return std::nullopt;
  return std::vector<uint8_t>{key->begin(), key->end()};
}

net::tls_settings tls_settings_of(const config::listener_settings& own) {
  net::tls_settings wanted;
  wanted.certfile = own.certfile;
  wanted.keyfile = own.keyfile;
  for (const auto& pair : own.certificates)
    wanted.further_certificates.push_back({pair.certfile, pair.keyfile});
  wanted.cafile = own.cafile;
  wanted.capath = own.capath;
  wanted.crlfile = own.crlfile;
  wanted.require_certificate = own.require_certificate;
  wanted.disable_client_cert_date_checks = own.disable_client_cert_date_checks;
  wanted.tls_version = own.tls_version;
  wanted.ciphers = own.ciphers;
  wanted.ciphersuites = own.ciphers_tls13;
  wanted.dhparamfile = own.dhparamfile;
  wanted.alpn = own.alpn;
  if (!own.psk_hint.empty())
    wanted.psk_hint = own.psk_hint;
  return wanted;
}

void warn(const std::vector<std::string>& warnings) {
  for (const auto& each : warnings)
    log::write(log::level::warning, "Warning: {}", each);
}

} // namespace

listener_loader::listener_loader(
    const config::settings& settings,
    std::shared_ptr<const security::dynsec::dynamic_authority> dynamic)
    : settings_(settings), dynamic_(std::move(dynamic)) {}

listener_loader::problem listener_loader::load(listener_policy& into) {
  auto wrong = load_users(into);
  if (!wrong)
    wrong = load_tokens(into);
  if (!wrong)
    wrong = load_rights(into);
  if (!wrong)
    wrong = load_transports(into);
  return wrong;
}

listener_loader::problem listener_loader::load_users(listener_policy& into) {
  const auto& path = into.own.password_file;
  into.dynamic = dynamic_;
  if (path.empty())
    return std::nullopt;
  auto& known = passwords_[path];
  if (!known) {
    auto read = security::load_password_file(path);
    if (!read)
      return read.error();
    known = std::make_shared<const security::password_file>(std::move(*read));
  }
  into.passwords = known;
  return std::nullopt;
}

listener_loader::problem listener_loader::load_tokens(listener_policy& into) {
  security::jwt_settings wanted;
  const auto& given = settings_.jwt;
  wanted.key_file = given.key_file;
  wanted.jwks_file = given.jwks_file;
  if (!wanted.is_set())
    return std::nullopt;
  if (!tokens_) {
    // All there are, which is the default, means those of the keys.
    if (given.algorithms != config::jwt_settings{}.algorithms)
      wanted.algorithms = given.algorithms;
    wanted.audience = given.audience;
    wanted.issuer = given.issuer;
    wanted.user_claim = given.user_claim;
    wanted.client_id_claim = given.client_id_claim;
    auto made = security::load_jwt_verifier(wanted);
    if (!made)
      return made.error();
    tokens_ = std::move(*made);
    warn(tokens_->warnings());
  }
  into.tokens = tokens_;
  return std::nullopt;
}

listener_loader::problem listener_loader::load_rights(listener_policy& into) {
  security::authorities judges;
  if (dynamic_)
    judges.push_back(dynamic_);
  if (const auto& path = into.own.acl_file; !path.empty()) {
    auto& known = rights_[path];
    if (!known) {
      auto read = security::acl_file::load(path);
      if (!read)
        return read.error();
      known = std::move(*read);
      warn(known->warnings());
    }
    judges.push_back(known);
  }
  if (!judges.empty())
    into.judges =
        std::make_shared<const security::authorities>(std::move(judges));
  return std::nullopt;
}

listener_loader::problem
listener_loader::load_transports(listener_policy& into) {
  const auto& own = into.own;
  if (own.protocol == config::listener_protocol::websockets) {
    net::websocket_policy wanted;
    wanted.origins = own.websockets_origin;
    if (settings_.packet_buffer_size != 0)
      wanted.largest_request = settings_.packet_buffer_size;
    into.websocket =
        std::make_shared<const net::websocket_policy>(std::move(wanted));
  }
  if (own.enable_proxy_protocol != 0) {
    auto trusted = net::address_list::parse(own.proxy_trusted);
    if (!trusted)
      return explanation{"proxy_trusted: " + trusted.error().text};
    into.proxies = std::move(*trusted);
  }
  return config::has_tls(own) ? load_tls(into) : std::nullopt;
}

listener_loader::problem listener_loader::load_tls(listener_policy& into) {
  auto wanted = tls_settings_of(into.own);
  if (!into.own.psk_hint.empty()) {
    auto read = security::load_psk_file(into.own.psk_file);
    if (!read)
      return read.error();
    auto keys = std::make_shared<const security::psk_file>(std::move(*read));
    wanted.psk_lookup = [keys](std::string_view identity) {
      return key_of(*keys, identity);
    };
  }
  auto made = net::make_server_context(wanted);
  if (!made)
    return made.error();
  warn((*made)->warnings());
  into.tls = std::move(*made);
  return std::nullopt;
}

} // namespace troupe::actors
