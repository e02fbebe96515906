// Options of Mosquitto that this version does not have. What would be unsafe
// or misleading to pass over is refused; the rest is named and passed over.
#include "config/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace troupe::config {

namespace {

enum class action : uint8_t {
  warn,
  warn_if_true,
  refuse,
  refuse_if_true,
  plugin
};

struct unsupported {
  std::string_view name;
  action what;
  std::string_view why;
};

constexpr std::string_view no_autosave =
    "has no effect: where persistence is true, every change is written before "
    "it is acknowledged; see acknowledge_after and sync_interval";
constexpr std::string_view no_engine =
    "troupe reads keys from PEM files only; put the key into one, and remove "
    "this";
constexpr std::string_view no_plugin = "has no effect: troupe loads no plugins";
constexpr std::array table{
    unsupported{"persistence_file", action::warn,
                "has no effect: troupe keeps a directory, troupe.store, in "
                "persistence_location"},
    unsupported{"autosave_interval", action::warn, no_autosave},
    unsupported{"autosave_on_changes", action::warn_if_true, no_autosave},

    unsupported{"tls_engine", action::refuse, no_engine},
    unsupported{"tls_engine_kpass_sha1", action::refuse, no_engine},

    unsupported{"bridge_require_ocsp", action::refuse_if_true,
                "troupe asks for no OCSP staples, so revoked certificates "
                "would pass; remove this, or set it to false"},

    unsupported{"auth_plugin", action::plugin, no_plugin},
    unsupported{"plugin", action::plugin, no_plugin},
    unsupported{"global_plugin", action::plugin, no_plugin},
    unsupported{"plugin_load", action::plugin, no_plugin},
    unsupported{"plugin_use", action::plugin, no_plugin},
    unsupported{"auth_plugin_deny_special_chars", action::warn, no_plugin},
    unsupported{
        "enable_control_api", action::warn_if_true,
        "has no effect: troupe answers on $CONTROL for dynamic security "
        "only"},

    unsupported{"http_dir", action::warn,
                "has no effect: troupe serves no files; let a web server do "
                "it"},
    unsupported{"websockets_log_level", action::warn,
                "has no effect: `log_type websockets` logs what there is"},

    unsupported{"log_facility", action::warn,
                "has no effect: lines to syslog have the facility `daemon`"},
    unsupported{"retry_interval", action::warn,
                "has no effect: messages are sent again when a client comes "
                "back, as MQTT wants it"},
};

verdict judge(const unsupported& what, bool is_true) noexcept {
  using kind = verdict::kind;
  switch (what.what) {
  case action::warn:
    return {kind::warn, what.why};
  case action::warn_if_true:
    return {is_true ? kind::warn : kind::ignore, what.why};
  case action::refuse:
    return {kind::refuse, what.why};
  case action::refuse_if_true:
    return {is_true ? kind::refuse : kind::ignore, what.why};
  case action::plugin:
    return {kind::plugin, what.why};
  }
  return {kind::refuse, what.why};
}

/// How many letters must be added, dropped or replaced to make `y` of `x`.
size_t distance(std::string_view x, std::string_view y) {
  std::vector<size_t> row(y.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= x.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= y.size(); ++j) {
      auto replaced = diagonal + (x[i - 1] == y[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[y.size()];
}

} // namespace

std::optional<verdict> judge_unsupported(std::string_view name,
                                         bool is_true) noexcept {
  auto found =
      std::find_if(table.begin(), table.end(),
                   [name](const auto& each) { return each.name == name; });
  if (found != table.end())
    return judge(*found, is_true);
  if (name.starts_with("plugin_opt_") || name.starts_with("auth_opt_"))
    return verdict{verdict::kind::warn, no_plugin};
  return std::nullopt;
}

std::string describe_unknown(std::string_view name) {
  std::string_view nearest;
  size_t least = 3;
  auto consider = [&](std::string_view known) {
    // Long names cannot be near, and must not cost time.
    if (name.size() > known.size() + 2)
      return;
    // What is known, but stands elsewhere, is no remedy.
    if (auto now = distance(name, known); now != 0 && now < least) {
      least = now;
      nearest = known;
    }
  };
  for (const auto& each : broker_options())
    consider(each.name);
  for (const auto& each : listener_options())
    consider(each.name);
  for (const auto& each : bridge_options())
    consider(each.name);
  if (nearest.empty())
    return "unknown option; docs/configuration.md lists the known ones";
  return fmt::format("unknown option; did you mean `{}`?", nearest);
}

} // namespace troupe::config
