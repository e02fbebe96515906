#include "config/difference.hpp"

#include "config/draft.hpp"
#include "config/written.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::config {

namespace {

template <class T>
std::vector<changed_option> changes(const T& before, const T& after,
                                    std::span<const option<T>> options) {
  std::vector<changed_option> all;
  for (const auto& each : options) {
    if (!each.same_as.empty())
      continue;
    auto old = write_option(before, each);
    auto now = write_option(after, each);
    if (old.value != now.value)
      all.push_back({now.name, to_text(old), to_text(now), each.applies});
  }
  return all;
}

std::string to_text(const std::vector<certificate_pair>& all) {
  std::string text;
  for (const auto& each : all)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", each.certfile);
  return text.empty() ? "(none)" : text;
}

std::vector<changed_option> listener_changes(const listener_settings& before,
                                             const listener_settings& after) {
  auto all = changes(draft_of(before), draft_of(after), listener_options());
  if (before.certificates != after.certificates)
    all.push_back({"certificates", to_text(before.certificates),
                   to_text(after.certificates), effect::new_connections});
  return all;
}

std::string to_text(const std::vector<bridge_topic>& all) {
  std::string text;
  for (const auto& each : all)
    text += (text.empty() ? "" : ", ") + to_text(each);
  return text;
}

/// All of a bridge can be changed; when, the bridge itself says.
std::vector<changed_option> bridge_changes(const bridge_settings& before,
                                           const bridge_settings& after) {
  auto all = changes(draft_of(before), draft_of(after), bridge_options());
  if (before.topics != after.topics)
    all.push_back({"topics", to_text(before.topics), to_text(after.topics)});
  if (after.reload_type == bridge_reload::lazy)
    for (auto& each : all)
      each.applies = effect::new_connections;
  return all;
}

bool has_same_name(const bridge_settings& x,
                   const bridge_settings& y) noexcept {
  return x.name == y.name;
}

/// Listeners that the configuration does not name come and go with it: what
/// the broker says of anonymous clients then is no change of an option.
template <class T>
entries_difference
compare_entries(const std::vector<T>& before, const std::vector<T>& after,
                bool (*is_same)(const T&, const T&) noexcept,
                std::vector<changed_option> (*changed)(const T&, const T&)) {
  entries_difference made;
  std::vector<bool> stays(before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    auto found =
        std::find_if(before.begin(), before.end(),
                     [&](const auto& each) { return is_same(each, after[i]); });
    if (found == before.end()) {
      made.added.push_back(i);
      continue;
    }
    auto old = static_cast<size_t>(found - before.begin());
    stays[old] = true;
    made.kept.push_back({old, i, changed(*found, after[i])});
  }
  for (size_t i = 0; i < before.size(); ++i)
    if (!stays[i])
      made.removed.push_back(i);
  return made;
}

bool wants_restart(const changed_option& what) noexcept {
  return what.applies == effect::restart;
}

std::string_view words_for(effect applies) noexcept {
  switch (applies) {
  case effect::at_once:
    return "at once";
  case effect::new_connections:
    return "for new connections";
  case effect::restart:
    break;
  }
  return "only after a restart";
}

void describe_options(std::vector<std::string>& to, const std::string& of,
                      const std::vector<changed_option>& options) {
  for (const auto& each : options)
    to.push_back(fmt::format("{}{}: {} instead of {}, {}", of, each.name,
                             each.after, each.before, words_for(each.applies)));
}

/// `name_of` tells what an entry is called.
template <class T, class Name>
void describe_entries(std::vector<std::string>& to,
                      const entries_difference& what,
                      const std::vector<T>& before, const std::vector<T>& after,
                      Name name_of) {
  for (auto i : what.removed)
    to.push_back(name_of(before[i]) + ": removed");
  for (auto i : what.added)
    to.push_back(name_of(after[i]) + ": added");
  for (const auto& each : what.kept)
    describe_options(to, name_of(after[each.after]) + ": ", each.options);
}

} // namespace

std::string where(const listener_settings& in) {
  auto text = !in.path.empty() ? in.path : std::to_string(in.port);
  if (!in.address.empty())
    text += " on " + in.address;
  if (!in.bind_interface.empty())
    text += " at " + in.bind_interface;
  return text;
}

bool is_same_place(const listener_settings& x,
                   const listener_settings& y) noexcept {
  return x.port == y.port && x.address == y.address && x.path == y.path
         && x.bind_interface == y.bind_interface
         && x.socket_domain == y.socket_domain
         && x.socket_mode == y.socket_mode;
}

bool difference::is_empty() const noexcept {
  return options.empty() && listeners.is_empty() && bridges.is_empty();
}

bool entries_difference::is_empty() const noexcept {
  return added.empty() && removed.empty()
         && std::all_of(kept.begin(), kept.end(),
                        [](const auto& each) { return each.options.empty(); });
}

bool difference::needs_restart() const noexcept {
  return std::any_of(options.begin(), options.end(), wants_restart);
}

difference compare(const settings& before, const settings& after) {
  return {changes(draft_of(before), draft_of(after), broker_options()),
          compare_entries(before.listeners, after.listeners, &is_same_place,
                          &listener_changes),
          compare_entries(before.bridges, after.bridges, &has_same_name,
                          &bridge_changes)};
}

settings without_restart(const settings& before, const settings& after) {
  auto from = draft_of(before);
  auto to = draft_of(after);
  for (const auto& each : broker_options())
    if (each.applies == effect::restart)
      copy(from, to, each);
  return to;
}

std::vector<std::string> describe(const difference& what,
                                  const settings& before,
                                  const settings& after) {
  std::vector<std::string> all;
  describe_options(all, "", what.options);
  describe_entries(all, what.listeners, before.listeners, after.listeners,
                   [](const auto& in) { return "listener " + where(in); });
  describe_entries(all, what.bridges, before.bridges, after.bridges,
                   [](const auto& in) { return "bridge " + in.name; });
  return all;
}

} // namespace troupe::config
