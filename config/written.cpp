#include "config/written.hpp"

#include "config/difference.hpp"
#include "config/draft.hpp"

#include <fmt/format.h>

namespace troupe::config {

namespace {

template <class T>
std::vector<written_option> values(const T& in, const T& without,
                                   std::span<const option<T>> options) {
  std::vector<written_option> all;
  for (const auto& each : options) {
    if (!each.same_as.empty())
      continue;
    auto made = write_option(in, each);
    made.is_default = made.value == value_of(without, each);
    all.push_back(std::move(made));
  }
  return all;
}

/// The broker without what can be left out of a file.
settings default_broker(bool listeners_configured) {
  settings made;
  made.allow_anonymous = !listeners_configured;
  return made;
}

} // namespace

std::vector<written_option> broker_values(const settings& in) {
  return values(draft_of(in), draft_of(default_broker(in.listeners_configured)),
                broker_options());
}

std::vector<written_option> listener_values(const listener_settings& in,
                                            const settings& within) {
  listener_draft without;
  // Where clients connect has no default.
  without.port = 0;
  without.protocol = in.protocol;
  inherit(without, within);
  without.protocol = listener_protocol::mqtt;
  return values(draft_of(in), draft_of(without), listener_options());
}

std::vector<written_option> bridge_values(const bridge_settings& in) {
  return values(draft_of(in), draft_of(defaults_of(in)), bridge_options());
}

std::string bridge_prefix(size_t index) {
  return fmt::format("bridges[{}].", index);
}

std::string listener_prefix(size_t index) {
  return fmt::format("listeners[{}].", index);
}

const std::string*
find_origin(const std::map<std::string, std::string>& origins,
            const std::string& prefix, const std::string& name) {
  auto found = origins.find(prefix + name);
  if (found == origins.end())
    found = origins.find(name);
  return found == origins.end() ? nullptr : &found->second;
}

std::string to_text(const written_option& what) {
  struct visitor {
    std::string operator()(bool value) const {
      return value ? "true" : "false";
    }
    std::string operator()(int64_t value) const {
      return std::to_string(value);
    }
    std::string operator()(const std::string& value) const {
      return value.empty() ? "(none)" : value;
    }
    std::string operator()(const std::vector<std::string>& value) const {
      return value.empty() ? "(none)"
                           : fmt::format("{}", fmt::join(value, ", "));
    }
  };
  auto text = std::visit(visitor{}, what.value);
  if (what.is_left_out && !what.unset.empty())
    return std::string{what.unset};
  return what.is_secret && text != "(none)" ? "(secret)" : text;
}

std::string describe_settings(const loaded& in) {
  std::string text;
  auto add = [&](const std::vector<written_option>& all,
                 const std::string& prefix) {
    for (const auto& each : all) {
      const auto* origin = find_origin(in.origins, prefix, each.name);
      text += fmt::format(
          "{:<34} {:<36} {}\n", prefix.empty() ? each.name : "  " + each.name,
          to_text(each), origin == nullptr ? "default" : *origin);
    }
  };
  add(broker_values(in.settings), "");
  for (size_t i = 0; i < in.settings.listeners.size(); ++i) {
    const auto& each = in.settings.listeners[i];
    text += fmt::format("\nlistener {}\n", where(each));
    add(listener_values(each, in.settings), listener_prefix(i));
    for (const auto& [certfile, keyfile] : each.certificates)
      text +=
          fmt::format("  {:<32} {}, {}\n", "certificates", certfile, keyfile);
  }
  for (size_t i = 0; i < in.settings.bridges.size(); ++i) {
    const auto& each = in.settings.bridges[i];
    text += fmt::format("\nbridge {}\n", each.name);
    add(bridge_values(each), bridge_prefix(i));
    for (size_t j = 0; j < each.topics.size(); ++j) {
      const auto* origin = find_origin(in.origins, bridge_prefix(i),
                                       fmt::format("topics[{}]", j));
      text +=
          fmt::format("  {:<32} {:<36} {}\n", "topic", to_text(each.topics[j]),
                      origin == nullptr ? "default" : *origin);
    }
  }
  return text;
}

} // namespace troupe::config
