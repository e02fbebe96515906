#include "actors/authentication.hpp"

#include "security/dynsec_authority.hpp"
#include "security/jwt.hpp"
#include "security/password_file.hpp"

#include <functional>

namespace troupe::actors {

namespace {

using method = login::method;

/// Whether anything but `allow_anonymous` decides who comes in.
bool checks_users(const listener_policy& at) noexcept {
  return at.passwords || at.tokens || at.dynamic;
}

uint64_t stamp_of(const security::password_hash& stored) {
  return std::hash<std::string>{}(security::to_string(stored));
}

admittance grant(method how, std::optional<std::string> user_name,
                 uint64_t credential = 0) {
  admittance result;
  result.is_granted = true;
  result.who.how = how;
  result.who.user_name = std::move(user_name);
  result.who.credential = credential;
  return result;
}

admittance refuse(std::string why, bool is_suspicious = true) {
  admittance result;
  result.is_suspicious = is_suspicious;
  result.why = std::move(why);
  return result;
}

std::string_view password_of(const credentials& made) noexcept {
  return made.password ? made.password->view() : std::string_view{};
}

admittance log_in_by_token(const listener_policy& at, const credentials& made,
                           const instant& now) {
  auto proved = at.tokens->verify(password_of(made), now.wall);
  if (!proved)
    return refuse(proved.error().text);
  if (auto other =
          security::find_mismatch(*proved, made.user_name, made.client_id))
    return refuse(other->text);
  auto result = grant(method::token, proved->user_name);
  result.who.ends_at = at.broker->jwt.disconnect_expired
                           ? now.to_steady(proved->expires)
                           : never;
  return result;
}

/// What is stored of a user, wherever that is.
struct stored_user {
  /// Nothing: it is not known, or cannot come in by password.
  std::optional<security::password_hash> password;
  bool is_disabled = false;
  /// The only client id it may have; nothing: any.
  std::optional<std::string> client_id;

  /// Why it must not come in, even with the right password; empty: it may.
  std::string_view objection(std::string_view id) const noexcept {
    if (is_disabled)
      return "disabled";
    return client_id && *client_id != id ? "bound to another client id"
                                         : std::string_view{};
  }
};

stored_user find_user(const listener_policy& at, const std::string& user) {
  if (at.dynamic) {
    if (auto known = at.dynamic->find(user)) {
      stored_user result;
      if (auto parsed = security::parse_password_hash(known->password))
        result.password = std::move(*parsed);
      result.is_disabled = known->disabled;
      result.client_id = known->client_id;
      return result;
    }
  }
  if (at.passwords)
    if (const auto* stored = at.passwords->find(user))
      return {*stored, false, std::nullopt};
  return {};
}

/// What becomes of a user whose password, or proof to have it, was right.
admittance admit(method how, const stored_user& found,
                 const std::string& user_name, std::string_view client_id) {
  if (auto why = found.objection(client_id); !why.empty())
    return refuse("user " + user_name + " is " + std::string{why});
  return grant(how, user_name, stamp_of(*found.password));
}

admittance log_in_by_password(const listener_policy& at,
                              const credentials& made) {
  auto found = find_user(at, *made.user_name);
  // Whoever does not exist takes as long.
  static const security::password_file nobody;
  const auto& decoy = at.passwords ? at.passwords->decoy() : nobody.decoy();
  auto is_right =
      security::verify(found.password.value_or(decoy), password_of(made));
  if (!found.password || !is_right)
    return refuse("unknown user or wrong password");
  return admit(method::password, found, *made.user_name, made.client_id);
}

} // namespace

std::optional<admittance> log_in_at_once(const listener_policy& at,
                                         const credentials& made) {
  if (made.is_proven) // by TLS, which must have named somebody
    return made.user_name.value_or("").empty()
               ? refuse("no certificate and no key says who it is", false)
               : grant(method::tls, made.user_name);
  auto is_token = at.tokens && security::looks_like_jwt(password_of(made));
  if (!made.user_name && !is_token)
    return at.own.allow_anonymous
               ? grant(method::none, std::nullopt)
               : refuse("anonymous clients are not allowed", false);
  if (!checks_users(at)) // a user name is as good as none, as in Mosquitto
    return at.own.allow_anonymous
               ? grant(method::none, made.user_name)
               : refuse("no password_file says who may connect", false);
  if (!is_token && !made.password)
    return refuse("no password");
  return std::nullopt;
}

admittance log_in(const listener_policy& at, const credentials& made,
                  const instant& now) {
  if (auto known = log_in_at_once(at, made))
    return *known;
  if (at.tokens && security::looks_like_jwt(password_of(made)))
    return log_in_by_token(at, made, now);
  if (!at.passwords && !at.dynamic)
    return refuse("the password is no token");
  return log_in_by_password(at, made);
}

std::unique_ptr<security::scram_server>
make_exchange(const listener_policy_ptr& at, const std::string& key) {
  static const security::password_file nobody;
  const auto& users = at->passwords ? *at->passwords : nobody;
  return std::make_unique<security::scram_server>(
      [at](std::string_view user) {
        return find_user(*at, std::string{user}).password;
      },
      security::scram_decoy{key, users.scram_decoy()},
      security::make_scram_nonce());
}

protocol::auth to_packet(const security::scram_step& step) {
  using security::scram_outcome;
  protocol::auth made;
  made.reason = step.outcome == scram_outcome::accepted
                    ? protocol::reason::success
                    : protocol::reason::continue_authentication;
  made.properties.authentication_method = security::scram_method;
  made.properties.authentication_data = step.data;
  return made;
}

admittance admit_after_exchange(const listener_policy& at,
                                const std::string& user_name,
                                std::string_view client_id) {
  auto found = find_user(at, user_name);
  return found.password ? admit(method::exchange, found, user_name, client_id)
                        : refuse("unknown user"); // forgotten meanwhile
}

std::shared_ptr<security::client_access>
make_access(const listener_policy& at, const login& who,
            const std::string& client_id) {
  if (!at.judges)
    return nullptr;
  return std::make_shared<security::client_access>(
      security::client_identity{client_id, who.user_name}, at.judges);
}

bool may_stay(const listener_policy& at, const login& who,
              std::string_view client_id) {
  switch (who.how) {
  case method::tls:
    return true;
  case method::token:
    return at.tokens != nullptr;
  case method::none:
    return at.own.allow_anonymous && (!who.user_name || !checks_users(at));
  case method::password:
  case method::exchange: {
    auto found = find_user(at, *who.user_name);
    return found.password && stamp_of(*found.password) == who.credential
           && found.objection(client_id).empty();
  }
  }
  return false;
}

} // namespace troupe::actors
