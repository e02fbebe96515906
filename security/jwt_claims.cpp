#include "security/jwt_claims.hpp"

#include "core/printable.hpp"
#include "security/excerpt.hpp"
#include "security/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::security {

namespace {

using nlohmann::json;
using complaint = std::optional<explanation>;

/// The end of the year 9999: no later time is told from it.
constexpr wall_time last_second = 253'402'300'799;

/// A NumericDate (RFC 7519, section 2): seconds since 1970, whole or not.
std::optional<wall_time> to_moment(const json& date) {
  if (!date.is_number())
    return std::nullopt;
  auto seconds = date.get<double>();
  if (!(seconds >= 0))
    return std::nullopt;
  if (seconds >= static_cast<double>(last_second))
    return last_second * 1000;
  return static_cast<wall_time>(seconds * 1000);
}

/// A moment among the claims.
struct dated {
  bool is_there = false;
  wall_time when = 0;
};

checked<dated> find_moment(const json& claims, const char* name) {
  auto found = claims.find(name);
  if (found == claims.end())
    return dated{};
  auto when = to_moment(*found);
  if (!when)
    return explanation{fmt::format("its {} is not a time", name)};
  return dated{true, *when};
}

/// `nbf` and `iat`: a token from the future is none yet.
complaint check_begin(const json& claims, const char* name, wall_time leeway,
                      wall_time now) {
  auto moment = find_moment(claims, name);
  if (!moment)
    return moment.error();
  if (moment->is_there && moment->when > now + leeway)
    return explanation{
        fmt::format("its {} is {} s ahead", name, (moment->when - now) / 1000)};
  return std::nullopt;
}

/// The moment at which the token ends, 0 if there is none.
checked<wall_time> check_expiry(const json& claims,
                                const jwt_claim_rules& rules, wall_time now) {
  auto moment = find_moment(claims, "exp");
  if (!moment)
    return moment.error();
  if (!moment->is_there) {
    if (rules.require_expiry)
      return explanation{"it has no exp and would never end"};
    return wall_time{0};
  }
  auto end = moment->when + rules.leeway;
  if (now >= end)
    return explanation{
        fmt::format("it expired {} s ago", (now - moment->when) / 1000)};
  return end;
}

/// `aud` is a text or an array of texts (RFC 7519, section 4.1.3).
bool names(const json& given, const std::string& wanted) {
  if (given.is_string())
    return given == wanted;
  return given.is_array()
         && std::any_of(given.begin(), given.end(),
                        [&](const json& each) { return each == wanted; });
}

complaint check_audience(const json& claims,
                         const std::vector<std::string>& wanted) {
  auto found = claims.find("aud");
  if (wanted.empty()) {
    if (found != claims.end())
      return explanation{"it is for a certain audience (aud), and "
                         "jwt_audience is not set"};
    return std::nullopt;
  }
  auto is_named = [&](const std::string& each) { return names(*found, each); };
  if (found != claims.end()
      && std::any_of(wanted.begin(), wanted.end(), is_named))
    return std::nullopt;
  return explanation{
      fmt::format("it is not for the audience {}", excerpt(wanted.front()))};
}

complaint check_issuer(const json& claims, const std::string& wanted) {
  if (wanted.empty())
    return std::nullopt;
  const auto* issuer = find_text(claims, "iss");
  if (issuer == nullptr || *issuer != wanted)
    return explanation{
        fmt::format("it is not from the issuer {}", excerpt(wanted))};
  return std::nullopt;
}

/// The text at `path`: what a user or a client may be called.
checked<std::string> find_name(const json& claims,
                               const std::vector<std::string>& path) {
  const auto* at = &claims;
  for (const auto& name : path) {
    auto found = at->is_object() ? at->find(name) : at->end();
    if (found == at->end())
      return explanation{
          fmt::format("it has no claim {}", excerpt(path.back()))};
    at = &*found;
  }
  const auto* text = at->get_ptr<const std::string*>();
  if (text == nullptr || text->empty() || !is_printable(*text))
    return explanation{
        fmt::format("its claim {} is not a text without control characters",
                    excerpt(path.back()))};
  return *text;
}

complaint check_rules(const json& claims, const jwt_claim_rules& rules,
                      wall_time now) {
  if (auto wrong = check_begin(claims, "nbf", rules.leeway, now))
    return wrong;
  if (auto wrong = check_begin(claims, "iat", rules.leeway, now))
    return wrong;
  if (auto wrong = check_audience(claims, rules.audience))
    return wrong;
  return check_issuer(claims, rules.issuer);
}

} // namespace

checked<jwt_identity>
judge_claims(const json& claims, const jwt_claim_rules& rules, wall_time now) {
  auto expires = check_expiry(claims, rules, now);
  if (!expires)
    return expires.error();
  if (auto wrong = check_rules(claims, rules, now))
    return *wrong;
  auto user_name = find_name(claims, rules.user_path);
  if (!user_name)
    return user_name.error();
  jwt_identity found{std::move(*user_name), std::nullopt, *expires};
  if (rules.client_id_path.empty())
    return found;
  auto client_id = find_name(claims, rules.client_id_path);
  if (!client_id)
    return client_id.error();
  found.client_id = std::move(*client_id);
  return found;
}

} // namespace troupe::security
