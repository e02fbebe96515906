#pragma once

#include "core/checked.hpp"
#include "security/password_hash.hpp"
#include "security/secret.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// SCRAM-SHA-256 (RFC 5802, RFC 7677): client and server prove to each other
/// that they know the password, which neither sends, and an eavesdropper learns
/// nothing that passes again. In MQTT 5 the authentication method of that name:
///
///     CONNECT   client first      AUTH      client final
///     AUTH      server first      CONNACK   server final
///
/// There is no channel binding. Names and passwords are taken as they are, in
/// UTF-8: SASLprep (RFC 4013) changes nothing in ASCII, and where it would
/// change something else, both sides must write it alike.
namespace troupe::security {

/// The authentication method in MQTT 5.
inline constexpr std::string_view scram_method = "SCRAM-SHA-256";

/// 24 characters that nobody guesses; empty if there are no random numbers.
std::string make_scram_nonce();

enum class scram_outcome : uint8_t {
  /// Send the data and wait for the next message.
  go_on,
  /// The client has proved who it is; the data proves who the server is.
  accepted,
  /// Wrong password, or no such user: nobody can tell which.
  refused,
  /// What came is not SCRAM, or wants what there is not.
  malformed,
};

/// What one message of a client leads to.
struct scram_step {
  scram_outcome outcome = scram_outcome::malformed;
  /// The authentication data for the client, also if it is not let in.
  std::string data;
};

/// What users who do not exist, or have no hash for SCRAM, are answered: as if
/// they did, and always the same.
struct scram_decoy {
  /// Random bytes. Whoever sees that the answer for a name changes when they do
  /// knows that there is no such user: keep them as long as possible.
  std::string key;
  /// What hashes of those who exist are like: costs and size of the salt.
  password_hash like;
};

/// The server's side of one authentication. Pure and quick: the slow part is
/// the client's.
class scram_server {
public:
  /// Finds what is stored of a user, of whatever kind.
  using finder =
      std::function<std::optional<password_hash>(std::string_view user)>;

  /// `nonce`: of `make_scram_nonce`, and never used before. `find` and `decoy`
  /// are needed for the first step only.
  scram_server(finder find, scram_decoy decoy, std::string nonce);

  /// Takes the client's next message. After anything but `go_on` it is over:
  /// more messages are malformed.
  scram_step step(std::string_view message);

  /// Who the client says it is: after the first step that went on. Proved once
  /// a step has accepted.
  const std::string& user_name() const noexcept { return user_; }

private:
  enum class state : uint8_t { wants_first, wants_final, over };

  scram_step on_first(std::string_view message);
  scram_step on_final(std::string_view message);
  password_hash stored_or_decoy();

  finder find_;
  scram_decoy decoy_;
  std::string nonce_;
  state state_ = state::wants_first;
  std::string user_;
  /// Of the client's first message, in base64: it must come again.
  std::string header_;
  /// What both sides prove to have seen, as far as it has come.
  std::string transcript_;
  password_hash stored_;
  bool is_decoy_ = true;
};

/// The client's side of one authentication.
class scram_client {
public:
  /// `nonce`: of `make_scram_nonce`, and never used before.
  scram_client(std::string_view user, secret password, std::string nonce);

  /// The data of CONNECT.
  std::string first() const;
  /// The data of AUTH in answer to the server's first message. Slow. A server
  /// that asks for less than 4096 iterations, to guess the password easily, or
  /// for absurdly many is refused.
  checked<std::string> final(std::string_view server_first);
  /// Whether the server knows the password, too: it is the right one.
  bool is_right(std::string_view server_final) const;

private:
  secret password_;
  std::string nonce_;
  /// The first message without its header.
  std::string bare_;
  /// What the server has to prove; empty until `final`.
  std::string server_signature_;
};

} // namespace troupe::security
