#include "apps/acl/judges.hpp"

#include "config/difference.hpp"
#include "config/load.hpp"
#include "security/acl_file.hpp"
#include "security/dynsec_authority.hpp"
#include "security/dynsec_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace troupe::acl_tool {

namespace {

using config::listener_settings;

bool is_named(const listener_settings& each, const std::string& name) {
  return each.path.empty() ? std::to_string(each.port) == name
                           : each.path == name;
}

std::string names_of(const std::vector<listener_settings>& all) {
  std::string text;
  for (const auto& each : all)
    text += (text.empty() ? "" : ", ") + config::where(each);
  return text;
}

/// The ACL file that holds at the listener in question; empty: none does.
checked<std::string> find_acl_file(const config::settings& in,
                                   const options& given) {
  const auto& all = in.listeners;
  std::optional<std::string> found;
  for (const auto& each : all) {
    if (!given.listener.empty() && !is_named(each, given.listener))
      continue;
    if (found && *found != each.acl_file)
      return explanation{fmt::format(
          "{} has several listeners, and their rights differ: name the port of "
          "one of them with --listener ({})",
          given.config_file, names_of(all))};
    found = each.acl_file;
  }
  if (!found && !given.listener.empty())
    return explanation{fmt::format("{} has no listener {}; it has {}",
                                   given.config_file, given.listener,
                                   names_of(all))};
  return found.value_or("");
}

std::optional<explanation> add_acl_file(const std::string& path,
                                        security::authorities& to) {
  auto file = security::acl_file::load(path);
  if (!file)
    return file.error();
  to.push_back(*file);
  return std::nullopt;
}

std::optional<explanation> add_dynamic_security(const std::string& path,
                                                security::authorities& to) {
  namespace dynsec = security::dynsec;
  auto read = dynsec::load_file(path);
  if (!read)
    return read.error();
  to.push_back(std::make_shared<const dynsec::dynamic_authority>(
      std::make_shared<const dynsec::document>(std::move(read->content))));
  return std::nullopt;
}

} // namespace

checked<security::authorities> find_judges(const options& given) {
  security::authorities judges;
  std::optional<explanation> wrong;
  if (given.config_file.empty()) {
    wrong = add_acl_file(given.acl_file, judges);
    return wrong ? checked<security::authorities>{*wrong} : judges;
  }
  auto loaded = config::load(given.config_file);
  if (!loaded)
    return explanation{loaded.error().text};
  const auto& in = loaded->settings;
  auto path = find_acl_file(in, given);
  if (!path)
    return path.error();
  if (!in.dynamic_security_file.empty())
    wrong = add_dynamic_security(in.dynamic_security_file, judges);
  if (!wrong && !path->empty())
    wrong = add_acl_file(*path, judges);
  if (wrong)
    return *wrong;
  return judges;
}

} // namespace troupe::acl_tool
