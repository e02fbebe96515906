#pragma once

#include <span>
#include <string_view>

namespace troupe::config {

/// An option by name, and what it means.
struct option_meaning {
  std::string_view name;
  std::string_view text;
};

/// Those of a bridge's options.
std::span<const option_meaning> bridge_meanings() noexcept;

} // namespace troupe::config
