#pragma once

#include "actors/policy.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"
#include "security/scram.hpp"
#include "security/secret.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace troupe::actors {

/// Who a newcomer says it is, and what it offers as proof. Copied out of its
/// CONNECT, so that a worker can judge it.
struct credentials {
  std::string client_id;
  std::optional<std::string> user_name;
  std::optional<security::secret> password;
  /// TLS has proved the user name: by certificate or pre-shared key.
  bool is_proven = false;
};

/// Who a client is: whom it proved to be, and how.
struct login {
  enum class method : uint8_t {
    /// Nobody asked.
    none,
    /// By certificate or pre-shared key.
    tls,
    password,
    /// By password as well, which was not sent: it may prove it once more.
    exchange,
    token,
  };
  method how = method::none;
  std::optional<std::string> user_name;
  /// What was compared: another value after the password was changed.
  uint64_t credential = 0;
  /// When the proof is no longer good; `never` if it stays good.
  time_point ends_at = never;
};

/// Whether a newcomer may come in.
struct admittance {
  bool is_granted = false;
  /// Whether somebody may have guessed: counts against the address.
  bool is_suspicious = false;
  /// Why not, for the log.
  std::string why;
  login who;
};

/// Judges `made` where that needs no work; else nothing: ask `log_in`.
std::optional<admittance> log_in_at_once(const listener_policy& at,
                                         const credentials& made);

/// Judges `made` by the password files, tokens and dynamic security of the
/// listener. Takes up to some tenths of a second, so for workers.
admittance log_in(const listener_policy& at, const credentials& made,
                  const instant& now);

/// The server's side of an exchange of AUTH packets, for the users of `at`.
/// `key`: random bytes, always the same (`security::scram_decoy`).
std::unique_ptr<security::scram_server>
make_exchange(const listener_policy_ptr& at, const std::string& key);

/// `step` as the AUTH packet that carries it on.
protocol::auth to_packet(const security::scram_step& step);

/// What becomes of a client that has proved in an exchange to be `user_name`.
admittance admit_after_exchange(const listener_policy& at,
                                const std::string& user_name,
                                std::string_view client_id);

/// What a client that came in as `who` may do under `at`; null: everything.
std::shared_ptr<security::client_access>
make_access(const listener_policy& at, const login& who,
            const std::string& client_id);

/// Whether a client that came in as `who` might still do so under `at`, as far
/// as that can be told without its password.
bool may_stay(const listener_policy& at, const login& who,
              std::string_view client_id);

} // namespace troupe::actors
