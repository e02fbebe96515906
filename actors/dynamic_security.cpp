#include "actors/dynamic_security.hpp"

#include "actors/tell.hpp"
#include "core/log.hpp"
#include "security/dynsec_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <future>
#include <utility>

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

/// From where clients are connected. Everybody is asked once, when the first
/// command wants to know.
class address_list {
public:
  explicit address_list(const std::vector<registry_actor>& registries)
      : registries_(registries) {}

  std::vector<std::string>
  operator()(const std::string& user_name,
             const std::optional<std::string>& client_id) {
    if (!present_)
      present_ = ask();
    std::vector<std::string> found;
    for (const auto& each : *present_)
      if (each.user_name == user_name
          && (!client_id || *client_id == each.client_id))
        found.push_back(each.address);
    return found;
  }

private:
  /// Nobody: it takes longer than a loop ever does, so the node ends.
  std::vector<roll::entry> ask() const {
    auto done = std::make_shared<std::promise<std::vector<roll::entry>>>();
    auto answer = done->get_future();
    std::shared_ptr<roll> call{new roll, [done](roll* complete) {
                                 done->set_value(std::move(complete->present));
                                 delete complete;
                               }};
    for (const auto& each : registries_)
      tell(each, call_roll{call});
    call.reset();
    return answer.wait_for(patience) == std::future_status::ready
               ? answer.get()
               : std::vector<roll::entry>{};
  }

  static constexpr auto patience = std::chrono::seconds{5};

  std::vector<registry_actor> registries_;
  std::optional<std::vector<roll::entry>> present_;
};

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
                                 std::vector<registry_actor> registries) {
  return workers.post(
      [this, payload = std::move(payload), requester = std::move(requester),
       answer_to = std::move(answer_to), registries = std::move(registries)] {
        auto result = change(payload, requester, registries);
        tell(answer_to, control_answer{std::string{dynsec::response_topic},
                                       std::move(result.response)});
        if (result.disconnect.empty())
          return;
        auto names =
            std::make_shared<const std::vector<std::optional<std::string>>>(
                std::move(result.disconnect));
        for (const auto& each : registries)
          tell(each, disconnect_users{names});
      });
}

checked<dynamic_security::reread> dynamic_security::read_again() {
  std::unique_lock nobody_else{changing_};
  auto read = dynsec::load_file(path_);
  if (!read)
    return read.error();
  for (const auto& each : read->warnings)
    log::write(log::level::warning, "Warning: {}", each);
  return reread{std::move(nobody_else), std::move(read->content)};
}

void dynamic_security::put_in_force(reread&& what) {
  authority_->replace(
      std::make_shared<const dynsec::document>(std::move(what.content)));
}

/// Saved, in force, then answered: a change that is answered survives.
dynsec::outcome
dynamic_security::change(const std::string& payload,
                         const security::client_identity& requester,
                         const std::vector<registry_actor>& registries) {
  std::lock_guard guard{changing_};
  dynsec::surroundings around;
  around.requester = requester;
  around.addresses = address_list{registries};
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
