#include "security/strict_json.hpp"

#include <set>
#include <string>
#include <vector>

namespace troupe::security {

namespace {

using nlohmann::json;

/// Looks on while the text is parsed, since of two equal names the value that
/// comes out keeps only one: another reader may have kept the other.
class strict_watch {
public:
  explicit strict_watch(int most_depth) : most_depth_(most_depth) {}

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    auto opens = event == json::parse_event_t::object_start
                 || event == json::parse_event_t::array_start;
    is_broken_ = is_broken_ || (opens && depth >= most_depth_);
    if (is_broken_)
      return false;
    if (event == json::parse_event_t::object_start)
      open_.emplace_back();
    else if (event == json::parse_event_t::object_end)
      open_.pop_back();
    else if (event == json::parse_event_t::key)
      is_broken_ =
          !open_.back().insert(parsed.get_ref<const std::string&>()).second;
    return !is_broken_;
  }

  bool is_broken() const noexcept { return is_broken_; }

private:
  int most_depth_;
  bool is_broken_ = false;
  std::vector<std::set<std::string>> open_;
};

} // namespace

std::optional<json> parse_strict_object(std::string_view text, int most_depth) {
  strict_watch watch{most_depth};
  auto look = [&watch](int depth, json::parse_event_t event, json& parsed) {
    return watch(depth, event, parsed);
  };
  auto root = json::parse(text, look, false);
  if (watch.is_broken() || !root.is_object())
    return std::nullopt;
  return root;
}

const std::string* find_text(const json& object, std::string_view name) {
  // The library of Debian 12 looks up by std::string only.
  auto found = object.find(std::string{name});
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

} // namespace troupe::security
