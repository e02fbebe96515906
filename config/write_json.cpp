#include "config/written.hpp"
#include "core/log.hpp"

#include <nlohmann/json.hpp>

namespace troupe::config {

namespace {

using nlohmann::ordered_json;

ordered_json to_json(const written_option& what) {
  if (what.is_numbers) {
    auto list = ordered_json::array();
    for (const auto& each : std::get<std::vector<std::string>>(what.value))
      list.push_back(std::stoll(each));
    return list;
  }
  return std::visit([](const auto& value) { return ordered_json(value); },
                    what.value);
}

/// Whether a file has to name it.
bool must_be_written(const written_option& what) {
  return !what.is_default && !what.is_left_out;
}

ordered_json certificates_of(const listener_settings& in) {
  auto list = ordered_json::array();
  for (const auto& each : in.certificates)
    list.push_back({{"certfile", each.certfile}, {"keyfile", each.keyfile}});
  return list;
}

ordered_json listener_json(const listener_settings& in,
                           const settings& within) {
  auto made = ordered_json::object();
  for (const auto& each : listener_values(in, within))
    if (must_be_written(each))
      made[each.name] = to_json(each);
  if (!in.certificates.empty())
    made["certificates"] = certificates_of(in);
  return made;
}

ordered_json topics_of(const bridge_settings& in) {
  auto list = ordered_json::array();
  for (const auto& each : in.topics) {
    ordered_json made = {{"pattern", each.pattern},
                         {"direction", to_string(each.direction)},
                         {"qos", each.qos}};
    if (!each.local_prefix.empty())
      made["local_prefix"] = each.local_prefix;
    if (!each.remote_prefix.empty())
      made["remote_prefix"] = each.remote_prefix;
    list.push_back(std::move(made));
  }
  return list;
}

ordered_json bridge_json(const bridge_settings& in) {
  auto made = ordered_json::object();
  for (const auto& each : bridge_values(in))
    if (must_be_written(each))
      made[each.name] = to_json(each);
  made["topics"] = topics_of(in);
  return made;
}

constexpr std::string_view jwt_prefix = "jwt_";

ordered_json settings_json(const settings& in) {
  auto made = ordered_json::object();
  if (in.listeners_configured) {
    auto& list = made["listeners"] = ordered_json::array();
    for (const auto& each : in.listeners)
      list.push_back(listener_json(each, in));
  }
  for (const auto& each : in.bridges)
    made["bridges"].push_back(bridge_json(each));
  for (const auto& each : broker_values(in))
    if (must_be_written(each)) {
      if (each.name.starts_with(jwt_prefix))
        made["jwt"][each.name.substr(jwt_prefix.size())] = to_json(each);
      else
        made[each.name] = to_json(each);
    }
  return made;
}

/// Options with their origins. One that a listener does not name itself may
/// have come from the broker's of the same name.
ordered_json shown(const std::vector<written_option>& all,
                   const std::map<std::string, std::string>& origins,
                   const std::string& prefix) {
  auto made = ordered_json::object();
  for (const auto& each : all) {
    const auto* origin = find_origin(origins, prefix, each.name);
    made[each.name] = {
        {"value", each.is_left_out ? ordered_json()
                  : each.is_secret ? ordered_json(to_text(each))
                                   : to_json(each)},
        {"origin", origin == nullptr ? ordered_json() : ordered_json(*origin)}};
  }
  return made;
}

} // namespace

std::string write_json(const settings& in,
                       const std::vector<std::string>& comments) {
  std::string text;
  for (const auto& each : comments) {
    text += "// ";
    // The name of a file may hold a line's end.
    log::append_escaped(text, each);
    text += "\n";
  }
  return text
         + settings_json(in).dump(2, ' ', false,
                                  ordered_json::error_handler_t::replace)
         + "\n";
}

std::string describe_settings_json(const loaded& in) {
  auto made = ordered_json::object();
  made["options"] = shown(broker_values(in.settings), in.origins, "");
  auto& list = made["listeners"] = ordered_json::array();
  for (size_t i = 0; i < in.settings.listeners.size(); ++i) {
    const auto& each = in.settings.listeners[i];
    list.push_back(shown(listener_values(each, in.settings), in.origins,
                         listener_prefix(i)));
    list.back()["certificates"] = {{"value", certificates_of(each)}};
  }
  auto& bridges = made["bridges"] = ordered_json::array();
  for (size_t i = 0; i < in.settings.bridges.size(); ++i) {
    const auto& each = in.settings.bridges[i];
    bridges.push_back(shown(bridge_values(each), in.origins, bridge_prefix(i)));
    bridges.back()["topics"] = {{"value", topics_of(each)}};
  }
  return made.dump(2, ' ', false, ordered_json::error_handler_t::replace)
         + "\n";
}

} // namespace troupe::config
