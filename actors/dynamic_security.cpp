#include "actors/dynamic_security.hpp"

#include "actors/tell.hpp"
#include "core/log.hpp"
#include "security/dynsec_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace troupe::actors {

namespace dynsec = security::dynsec;

namespace {

/// Where there is no file yet, as at Mosquitto's first start.
checked<dynsec::document> create(const std::string& path) {
  constexpr const char* variable = "MOSQUITTO_DYNSEC_PASSWORD";
  dynsec::first_password given;
  if (const auto* password = std::getenv(variable)) {
    given.environment = password;
    unsetenv(variable);
  }
  auto made = dynsec::create_file(path, given);
  if (!made)
    return made.error();
  log::write(log::level::notice, "{} was made, with the client admin.{}", path,
             made->password_file.empty()
                 ? std::string{}
                 : " Its password is in " + made->password_file + '.');
  return std::move(made->content);
}

} // namespace

checked<std::unique_ptr<dynamic_security>>
dynamic_security::open(const std::string& path) {
  using owned = std::unique_ptr<dynamic_security>;
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    auto made = create(path);
    if (!made)
      return made.error();
    return owned{new dynamic_security{path, std::move(*made)}};
  }
  auto read = dynsec::load_file(path);
  if (!read)
    return read.error();
  for (const auto& each : read->warnings)
    log::write(log::level::warning, "Warning: {}", each);
  return owned{new dynamic_security{path, std::move(read->content)}};
}

dynamic_security::dynamic_security(std::string path, dynsec::document content)
    : path_(std::move(path)),
      authority_(std::make_shared<dynsec::dynamic_authority>(
          std::make_shared<const dynsec::document>(std::move(content)))) {}

bool dynamic_security::carry_out(work_pool& workers, std::string payload,
                                 security::client_identity requester,
                                 connection_actor answer_to,
                                 std::function<void(names)> disconnect) {
  return workers.post(
      [this, payload = std::move(payload), requester = std::move(requester),
       answer_to = std::move(answer_to), disconnect = std::move(disconnect)] {
        auto result = change(payload, requester);
        tell(answer_to, control_answer{std::string{dynsec::response_topic},
                                       std::move(result.response)});
        if (!result.disconnect.empty())
          disconnect(
              std::make_shared<const std::vector<std::optional<std::string>>>(
                  std::move(result.disconnect)));
      });
}

/// Saved, in force, then answered: a change that is answered survives.
dynsec::outcome
dynamic_security::change(const std::string& payload,
                         const security::client_identity& requester) {
  std::lock_guard guard{changing_};
  dynsec::surroundings around;
  around.requester = requester;
  auto result = dynsec::handle(*authority_->content(), payload, around);
  if (result.changed) {
    if (auto failed = dynsec::save_file(path_, *result.changed)) {
      log::write(log::level::error, "Error: {}", failed->text);
      result.response = std::move(result.response_if_unsaved);
      result.disconnect.clear();
      return result;
    }
    authority_->replace(result.changed);
  }
  for (const auto& line : result.log)
    log::write(log::level::info, "{}", line);
  return result;
}

} // namespace troupe::actors
