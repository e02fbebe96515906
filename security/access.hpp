#pragma once

#include "security/authority.hpp"
#include "security/ruling_cache.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace troupe::security {

/// Who is asked, one after the other, until one allows or denies.
using authorities = std::vector<std::shared_ptr<const authority>>;

/// What `judges` say together: the first that does not pass decides. If all
/// pass it is denied, or allowed where there is nobody to ask.
bool is_allowed(const authorities& judges, const client_identity& who,
                action what, std::string_view topic);

/// The same, with the reason; never `ruling::pass`.
explained_ruling explain(const authorities& judges, const client_identity& who,
                         action what, std::string_view topic);

/// One client's rights, with a memory for the topics that come again and again:
/// it is asked once per message. Eight bytes as long as there is no authority,
/// and a few hundred with one; see `ruling_cache`. Where the authorities are
/// replaced, as a reload does, so must this be. Belongs to one session: not
/// thread-safe, although the authorities are.
class client_access {
public:
  /// Of a client who may do everything.
  client_access() noexcept = default;
  /// `judges` are shared with other clients; none: everything is allowed.
  client_access(client_identity who, std::shared_ptr<const authorities> judges);

  /// Whether the client may do this now.
  bool may(action what, std::string_view topic) {
    return !restricted_ || ask(what, topic);
  }
  /// How much memory this has taken besides itself and the identity's texts,
  /// in bytes.
  size_t memory() const noexcept {
    return restricted_ ? sizeof(restricted) + restricted_->known.capacity() : 0;
  }

private:
  struct restricted {
    client_identity who;
    std::shared_ptr<const authorities> judges;
    /// The sum of the versions that `known` holds for: as versions only grow,
    /// it changes if one does.
    uint64_t version = 0;
    ruling_cache known;
  };

  bool ask(action what, std::string_view topic);

  std::unique_ptr<restricted> restricted_;
};

} // namespace troupe::security
