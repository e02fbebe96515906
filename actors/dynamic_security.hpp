#pragma once

#include "actors/messages.hpp"
#include "core/checked.hpp"
#include "core/work_pool.hpp"
#include "security/dynsec_authority.hpp"
#include "security/dynsec_commands.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace troupe::actors {

/// Dynamic security at run time: the document in force, and who changes it.
/// Commands are carried out one after the other on worker threads; a change is
/// on disk before it is answered.
class dynamic_security {
public:
  using names = std::shared_ptr<const std::vector<std::optional<std::string>>>;

  /// Reads the file at `path`; makes one, with an administrator, where there is
  /// none. Blocks.
  static checked<std::unique_ptr<dynamic_security>>
  open(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  const std::shared_ptr<security::dynsec::dynamic_authority>&
  authority() const noexcept {
    return authority_;
  }

  /// What the file holds now, to be put in force. No command is carried out as
  /// long as it lives.
  struct reread {
    std::unique_lock<std::mutex> nobody_else;
    security::dynsec::document content;
  };
  /// Reads the file again. Blocks.
  checked<reread> read_again();
  void put_in_force(reread&& what);

  /// Has a worker carry out what `requester` published to the control topic;
  /// `answer_to` gets the answer, `registries` tell who is connected and who is
  /// to go. False: there is too much to do already. Thread-safe.
  bool carry_out(work_pool& workers, std::string payload,
                 security::client_identity requester,
                 connection_actor answer_to,
                 std::vector<registry_actor> registries);

private:
  dynamic_security(std::string path, security::dynsec::document content);
  security::dynsec::outcome
  change(const std::string& payload, const security::client_identity& requester,
         const std::vector<registry_actor>& registries);

  std::string path_;
  std::shared_ptr<security::dynsec::dynamic_authority> authority_;
  std::mutex changing_;
};

} // namespace troupe::actors
