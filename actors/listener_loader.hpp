#pragma once

#include "actors/policy.hpp"
#include "core/checked.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace troupe::security {
class acl_file;
}

namespace troupe::actors {

/// Reads what the options of a listener name. What several listeners name is
/// read once.
class listener_loader {
public:
  using problem = std::optional<explanation>;

  /// `settings` must outlive it.
  listener_loader(
      const config::settings& settings,
      std::shared_ptr<const security::dynsec::dynamic_authority> dynamic);

  /// Fills in what the files of its options hold. Warnings go to the log.
  /// Blocks.
  problem load(listener_policy& into);

private:
  problem load_users(listener_policy& into);
  problem load_tokens(listener_policy& into);
  problem load_rights(listener_policy& into);
  problem load_transports(listener_policy& into);
  problem load_tls(listener_policy& into);

  const config::settings& settings_;
  std::shared_ptr<const security::dynsec::dynamic_authority> dynamic_;
  std::map<std::string, std::shared_ptr<const security::password_file>>
      passwords_;
  std::map<std::string, std::shared_ptr<const security::acl_file>> rights_;
  std::shared_ptr<const security::jwt_verifier> tokens_;
};

} // namespace troupe::actors
