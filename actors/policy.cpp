#include "actors/policy.hpp"

#include "actors/bridge_plan.hpp"
#include "config/difference.hpp"
#include "core/log.hpp"
#include "net/tls_context.hpp"
#include "net/websocket_upgrade.hpp"
#include "security/acl_file.hpp"
#include "security/dynsec_authority.hpp"
#include "security/jwt.hpp"
#include "security/password_file.hpp"
#include "security/psk_file.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace troupe::actors {

namespace {

broker::session_limits limits_of(const config::settings& settings) {
  broker::session_limits limits;
  limits.max_inflight_messages = settings.max_inflight_messages;
  limits.max_inflight_bytes = settings.max_inflight_bytes;
  limits.max_queued_messages = settings.max_queued_messages;
  limits.max_queued_bytes = settings.max_queued_bytes;
  limits.queue_qos0_messages = settings.queue_qos0_messages;
  limits.drop_oldest =
      settings.when_queue_full == config::queue_full_policy::drop_oldest;
  return limits;
}

std::shared_ptr<listener_policy>
make_listener(const std::shared_ptr<const config::settings>& settings,
              const config::listener_settings& own, const node_policy* before) {
  auto made = std::make_shared<listener_policy>();
  made->broker = settings;
  made->own = own;
  if (auto old = before == nullptr ? nullptr : before->find(own))
    made->state = old->state;
  else
    made->state = std::make_shared<listener_state>();
  return made;
}

/// Reads what the options of a listener name. What several listeners name is
/// read once.
class listener_loader {
public:
  using problem = std::optional<explanation>;

  listener_loader(
      const config::settings& settings,
      std::shared_ptr<const security::dynsec::dynamic_authority> dynamic)
      : settings_(settings), dynamic_(std::move(dynamic)) {}

  problem load(listener_policy& into) {
    auto wrong = load_users(into);
    if (!wrong)
      wrong = load_tokens(into);
    if (!wrong)
      wrong = load_rights(into);
    if (!wrong)
      wrong = load_transports(into);
    return wrong;
  }

private:
  problem load_users(listener_policy& into) {
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

  problem load_tokens(listener_policy& into) {
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

  problem load_rights(listener_policy& into) {
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

  problem load_transports(listener_policy& into) {
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

  problem load_tls(listener_policy& into) {
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

  static std::optional<std::vector<uint8_t>>
  key_of(const security::psk_file& keys, std::string_view identity) {
    auto key = keys.find(identity);
    if (!key)
      return std::nullopt;
    return std::vector<uint8_t>{key->begin(), key->end()};
  }

  static net::tls_settings
  tls_settings_of(const config::listener_settings& own) {
    net::tls_settings wanted;
    wanted.certfile = own.certfile;
    wanted.keyfile = own.keyfile;
    for (const auto& pair : own.certificates)
      wanted.further_certificates.push_back({pair.certfile, pair.keyfile});
    wanted.cafile = own.cafile;
    wanted.capath = own.capath;
    wanted.crlfile = own.crlfile;
    wanted.require_certificate = own.require_certificate;
    wanted.disable_client_cert_date_checks =
        own.disable_client_cert_date_checks;
    wanted.tls_version = own.tls_version;
    wanted.ciphers = own.ciphers;
    wanted.ciphersuites = own.ciphers_tls13;
    wanted.dhparamfile = own.dhparamfile;
    wanted.alpn = own.alpn;
    if (!own.psk_hint.empty())
      wanted.psk_hint = own.psk_hint;
    return wanted;
  }

  static void warn(const std::vector<std::string>& warnings) {
    for (const auto& each : warnings)
      log::write(log::level::warning, "Warning: {}", each);
  }

  const config::settings& settings_;
  std::shared_ptr<const security::dynsec::dynamic_authority> dynamic_;
  std::map<std::string, std::shared_ptr<const security::password_file>>
      passwords_;
  std::map<std::string, std::shared_ptr<const security::acl_file>> rights_;
  std::shared_ptr<const security::jwt_verifier> tokens_;
};

std::shared_ptr<node_policy> begin_policy(config::settings settings) {
  auto made = std::make_shared<node_policy>();
  made->limits = limits_of(settings);
  made->settings =
      std::make_shared<const config::settings>(std::move(settings));
  return made;
}

} // namespace

listener_policy_ptr
node_policy::find(const config::listener_settings& like) const {
  auto found =
      std::find_if(listeners.begin(), listeners.end(), [&](const auto& each) {
        return config::is_same_place(each->own, like);
      });
  return found == listeners.end() ? nullptr : *found;
}

node_policy_ptr make_policy(config::settings settings) {
  auto made = begin_policy(std::move(settings));
  for (const auto& each : made->settings->listeners)
    made->listeners.push_back(make_listener(made->settings, each, nullptr));
  return made;
}

checked<node_policy_ptr> load_policy(
    config::settings settings, const node_policy* before,
    std::shared_ptr<const security::dynsec::dynamic_authority> dynamic) {
  auto made = begin_policy(std::move(settings));
  listener_loader loader{*made->settings, std::move(dynamic)};
  for (const auto& each : made->settings->listeners) {
    auto listener = make_listener(made->settings, each, before);
    if (auto wrong = loader.load(*listener))
      return *wrong;
    made->listeners.push_back(std::move(listener));
  }
  for (const auto& each : made->settings->bridges) {
    auto bridge = load_bridge(made->settings, each, made->limits);
    if (!bridge)
      return bridge.error();
    made->bridges.push_back(std::move(*bridge));
  }
  return node_policy_ptr{std::move(made)};
}

} // namespace troupe::actors
