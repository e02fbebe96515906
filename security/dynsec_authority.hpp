#pragma once

#include "security/authority.hpp"
#include "security/dynsec_document.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security::dynsec {

/// What a CONNECT is compared with.
struct account {
  /// As in a password file; empty: it cannot connect.
  std::string password;
  /// The only client id it may connect with; nothing: any.
  std::optional<std::string> client_id;
  bool disabled = false;

  /// Whether it may connect with that client id, if `given` turns out to be
  /// its password. An empty one never is: like Mosquitto, which takes it for
  /// none.
  bool admits(std::string_view id, std::string_view given) const noexcept {
    return !disabled && !password.empty() && !given.empty()
           && (!client_id || *client_id == id);
  }
};

/// Answers from the document that is in force. Any thread may ask at any time;
/// whoever changes the document is one at a time.
class dynamic_authority final : public authority {
public:
  /// REQUIRES: content.
  explicit dynamic_authority(std::shared_ptr<const document> content);

  ruling rule(const client_identity& who, action what,
              std::string_view topic) const override;
  explained_ruling explain(const client_identity& who, action what,
                           std::string_view topic) const override;
  uint64_t version() const noexcept override;

  /// What the client of that user name must show; nothing: it is not known
  /// here, and others may know it.
  std::optional<account> find(std::string_view user_name) const;

  /// The document in force.
  std::shared_ptr<const document> content() const;

  /// Puts another document in force. REQUIRES: content.
  void replace(std::shared_ptr<const document> content);

private:
  /// Held for the copy of a pointer.
  mutable std::mutex guard_;
  std::shared_ptr<const document> content_;
  std::atomic<uint64_t> version_{1};
};

} // namespace troupe::security::dynsec
