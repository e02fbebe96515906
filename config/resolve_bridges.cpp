#include "config/options.hpp"
#include "core/printable.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <array>

namespace troupe::config {

namespace {

/// Where a text was given first, by the text.
using first_uses = std::map<std::string, std::string>;

std::string read_host_name() {
  std::array<char, 256> room{};
  if (gethostname(room.data(), room.size() - 1) != 0 || room[0] == '\0'
      || !is_printable(room.data()))
    return "localhost";
  return room.data();
}

/// `what` of `each` must be its own.
complaint check_unique(const bridge_draft& each, std::string_view option,
                       const std::string& what, std::string_view remedy,
                       first_uses& uses) {
  auto [first, is_new] = uses.try_emplace(what, each.position);
  if (is_new)
    return std::nullopt;
  return fmt::format("{}: `{}` is that of another bridge, which begins at {}; "
                     "{}",
                     place_of(each, option), escaped(what), first->second,
                     remedy);
}

} // namespace

const std::string& host_name() {
  static const auto name = read_host_name();
  return name;
}

void resolve_bridge(bridge_draft& in, std::string_view host) {
  in.local_cleansession = in.own_local_cleansession.value_or(in.cleansession);
  in.session_expiry_interval =
      in.own_session_expiry_interval.value_or(in.cleansession ? 0 : UINT32_MAX);
  resolve_names(in, host);
}

bridge_settings defaults_of(const bridge_settings& in) {
  bridge_draft made;
  made.cleansession = in.cleansession;
  made.remote_clientid = in.remote_clientid;
  resolve_bridge(made, host_name());
  // What these are by themselves, once what depends on them is known.
  made.cleansession = false;
  made.name = in.name;
  made.remote_clientid.clear();
  resolve_names(made, host_name());
  made.name.clear();
  return std::move(static_cast<bridge_settings&>(made));
}

complaint resolve_bridges(draft& read) {
  first_uses names;
  first_uses clients;
  for (auto& each : read.connected) {
    resolve_bridge(each, host_name());
    if (auto wrong = check_unique(each, "", each.name,
                                  "give this one a name of its own", names))
      return wrong;
    if (auto wrong = check_bridge(each, read.warnings))
      return fmt::format("{}: {}", place_of(each, wrong->option), wrong->text);
    if (auto wrong =
            check_unique(each, "local_clientid", each.local_clientid,
                         "set another local_clientid for one of them", clients))
      return wrong;
  }
  read.bridges.assign(read.connected.begin(), read.connected.end());
  return std::nullopt;
}

} // namespace troupe::config
