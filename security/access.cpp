#include "security/access.hpp"

#include <utility>

namespace troupe::security {

bool is_allowed(const authorities& judges, const client_identity& who,
                action what, std::string_view topic) {
  for (const auto& judge : judges) {
    auto verdict = judge->rule(who, what, topic);
    if (verdict != ruling::pass)
      return verdict == ruling::allow;
  }
  return judges.empty();
}

explained_ruling explain(const authorities& judges, const client_identity& who,
                         action what, std::string_view topic) {
  for (const auto& judge : judges) {
    auto made = judge->explain(who, what, topic);
    if (made.verdict != ruling::pass)
      return made;
  }
  if (judges.empty())
    return {ruling::allow, "nothing restricts what clients may do"};
  return {ruling::deny, "nothing allows it"};
}

client_access::client_access(client_identity who,
                             std::shared_ptr<const authorities> judges) {
  if (judges && !judges->empty())
    restricted_ = std::make_unique<restricted>(
        restricted{std::move(who), std::move(judges), 0, {}});
}

bool client_access::ask(action what, std::string_view topic) {
  auto& mine = *restricted_;
  // Before the ruling: if that is newer it is merely forgotten too soon.
  uint64_t version = 0;
  for (const auto& judge : *mine.judges)
    version += judge->version();
  if (version != mine.version) {
    mine.known.clear();
    mine.version = version;
  }
  if (auto known = mine.known.find(what, topic))
    return *known;
  auto allowed = is_allowed(*mine.judges, mine.who, what, topic);
  mine.known.put(what, topic, allowed);
  return allowed;
}

} // namespace troupe::security
