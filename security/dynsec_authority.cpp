#include "security/dynsec_authority.hpp"

#include "security/dynsec_rules.hpp"

#include <cassert>
#include <utility>

namespace troupe::security::dynsec {

dynamic_authority::dynamic_authority(std::shared_ptr<const document> content)
    : content_(std::move(content)) {
  assert(content_);
}

ruling dynamic_authority::rule(const client_identity& who, action what,
                               std::string_view topic) const {
  return decide(*content(), who, what, topic).verdict;
}

explained_ruling dynamic_authority::explain(const client_identity& who,
                                            action what,
                                            std::string_view topic) const {
  auto now = content(); // the decision's texts belong to it
  auto made = decide(*now, who, what, topic);
  return {made.verdict, dynsec::explain(made)};
}

uint64_t dynamic_authority::version() const noexcept {
  return version_.load(std::memory_order_acquire);
}

std::optional<account>
dynamic_authority::find(std::string_view user_name) const {
  auto now = content();
  const auto* found = now->find_client(user_name);
  if (found == nullptr)
    return std::nullopt;
  return account{found->password, found->client_id, found->disabled};
}

std::shared_ptr<const document> dynamic_authority::content() const {
  std::lock_guard lock{guard_};
  return content_;
}

void dynamic_authority::replace(std::shared_ptr<const document> content) {
  assert(content);
  {
    std::lock_guard lock{guard_};
    content_.swap(content);
  }
  // Who sees the new number finds the new document. Whoever asks in between
  // may remember a new ruling under the old number, which does no harm.
  version_.fetch_add(1, std::memory_order_release);
}

} // namespace troupe::security::dynsec
