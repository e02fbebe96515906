#pragma once

#include "security/authority.hpp"
#include "security/dynsec_document.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::security::dynsec {

/// Where commands come from; whoever may publish there may give them.
inline constexpr std::string_view control_topic =
    "$CONTROL/dynamic-security/v1";
/// Where the answer goes, QoS 0 and not retained.
inline constexpr std::string_view response_topic =
    "$CONTROL/dynamic-security/v1/response";

/// What commands need from outside.
struct surroundings {
  /// Who gives the commands, for the log.
  client_identity requester;
  /// Makes what is stored of a password; empty: it cannot. Default: PBKDF2
  std::function<std::string(std::string_view password)> hash;
  /// The addresses from which clients with that user name and, if it is bound
  /// to one, that client id are connected. Default: none are listed
  std::function<std::vector<std::string>(
      const std::string& user_name,
      const std::optional<std::string>& client_id)>
      addresses;
};

/// What came of the commands of one payload.
struct outcome {
  /// The answer, JSON.
  std::string response;
  /// The answer if `changed` could not be saved: nothing was done.
  std::string response_if_unsaved;
  /// To be saved and put in force, then answered; null: nothing changed.
  std::shared_ptr<const document> changed;
  /// User names whose clients are to be disconnected once that is done, MQTT 5
  /// with 0x98 (administrative action), without their wills; nothing: those
  /// that have no user name. Each once.
  std::vector<std::optional<std::string>> disconnect;
  /// What was done, a line per command; holds no password.
  std::vector<std::string> log;
};

/// Carries out what was published to `control_topic` and answers as Mosquitto
/// 2.1 does. Pure but for `around`. New passwords take about a millisecond
/// each and a payload may hold many: for a worker thread. REQUIRES: no other
/// change is made to the document until the outcome is in force.
outcome handle(const document& content, std::string_view payload,
               const surroundings& around);

} // namespace troupe::security::dynsec
