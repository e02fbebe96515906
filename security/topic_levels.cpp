#include "security/topic_levels.hpp"

#include <algorithm>

namespace troupe::security {

bool is_filter(std::string_view filter) noexcept {
  auto slashes = std::count(filter.begin(), filter.end(), '/');
  if (filter.empty() || filter.size() > max_filter_size
      || static_cast<size_t>(slashes) > max_filter_slashes)
    return false;
  level_cursor levels{filter};
  while (!levels.at_end()) {
    auto level = levels.next();
    if (level == "#")
      return levels.at_end();
    if (level != "+" && level.find_first_of("+#") != std::string_view::npos)
      return false;
  }
  return true;
}

std::string_view without_share(std::string_view filter) noexcept {
  constexpr std::string_view prefix = "$share/";
  if (!filter.starts_with(prefix))
    return filter;
  auto slash = filter.find('/', prefix.size());
  return slash == std::string_view::npos ? filter : filter.substr(slash + 1);
}

} // namespace troupe::security
