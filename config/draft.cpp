#include "config/draft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace troupe::config {

namespace {

void inherit(listener_draft& each, const draft& from) {
  each.allow_anonymous =
      each.own_allow_anonymous.value_or(from.allow_anonymous);
  each.allow_zero_length_clientid =
      each.own_allow_zero_length_clientid.value_or(
          from.allow_zero_length_clientid);
  each.auto_id_prefix = each.own_auto_id_prefix.value_or(from.auto_id_prefix);
}

void resolve_listeners(draft& read) {
  read.listeners_configured = !read.opened.empty();
  read.allow_anonymous =
      read.given_allow_anonymous.value_or(!read.listeners_configured);
  if (!read.listeners_configured)
    for (auto& each : loopback_listeners())
      static_cast<listener_settings&>(read.opened.emplace_back()) =
          std::move(each);
  read.listeners.clear();
  for (auto& each : read.opened) {
    inherit(each, read);
    read.listeners.push_back(std::move(each));
  }
}

void resolve_log(draft& read) {
  auto& log = read.log;
  log.timestamp = read.log_timestamp;
  log.timestamp_format = std::move(read.log_timestamp_format);
  auto nowhere =
      !log.to_stderr && !log.to_stdout && !log.to_syslog && log.files.empty();
  log.to_stderr = log.to_stderr || (nowhere && read.log_dest_missing);
}

} // namespace

outcome resolve(draft read) {
  resolve_listeners(read);
  read.output_pause = std::min(read.output_pause, read.output_limit);
  resolve_log(read);
  auto open =
      std::any_of(read.listeners.begin(), read.listeners.end(),
                  [](const auto& each) { return each.allow_anonymous; });
  // A plugin may be all that keeps strangers out.
  if (!read.plugin.empty() && open)
    return config_error{fmt::format(
        "{}: troupe loads no plugins, and without this one anonymous "
        "clients "
        "might do what it forbids; remove it, or set allow_anonymous false",
        read.plugin)};
  return loaded{std::move(static_cast<settings&>(read)),
                std::move(read.warnings)};
}

} // namespace troupe::config
