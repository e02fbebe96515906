#include "security/rule_tree.hpp"

#include "security/topic_levels.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace troupe::security {

namespace {

uint32_t hash_of(uint32_t from, std::string_view level) noexcept {
  auto mixed = std::hash<std::string_view>{}(level)
               ^ (from * uint64_t{0x9e3779b97f4a7c15});
  return static_cast<uint32_t>(mixed ^ (mixed >> 32));
}

/// What %c or %u stands for, or nothing if it may stand for nothing.
std::string_view safe_level(std::string_view text) noexcept {
  return has_special(text) ? std::string_view{} : text;
}

} // namespace

/// Goes down all branches that a topic takes.
class rule_tree::search {
public:
  search(const rule_tree& tree, const client_identity& who) noexcept
      : tree_(tree), client_id_(safe_level(who.client_id)),
        user_name_(who.user_name ? safe_level(*who.user_name)
                                 : std::string_view{}) {}

  matches run(index root, std::string_view topic) noexcept {
    // [MQTT-4.7.2-1], and for a placeholder see `find`.
    if (!topic.starts_with('$')) {
      visit(root, level_cursor{topic});
      return found_;
    }
    level_cursor rest{topic};
    if (auto next = tree_.find_named(root, rest.next()))
      visit(next, rest);
    return found_;
  }

private:
  void visit(index at, level_cursor rest) noexcept {
    const auto& here = tree_.nodes_[at];
    // `a/#` also matches `a`.
    take(here.everything_below);
    if (rest.at_end())
      return take(at);
    auto level = rest.next();
    // In a filter it stands for any number of levels, `+` for one.
    if (level == "#")
      return;
    if (here.one_level != 0)
      visit(here.one_level, rest);
    if (here.client_id != 0 && !level.empty() && level == client_id_)
      visit(here.client_id, rest);
    if (here.user_name != 0 && !level.empty() && level == user_name_)
      visit(here.user_name, rest);
    if (auto next = tree_.find_named(at, level))
      visit(next, rest);
  }

  void take(index from) noexcept {
    if (from == 0)
      return;
    const auto& rules = tree_.nodes_[from].rules;
    for (size_t i = 0; i < kinds; ++i)
      if (rules[i] != 0 && (found_[i] == 0 || rules[i] < found_[i]))
        found_[i] = rules[i];
  }

  const rule_tree& tree_;
  std::string_view client_id_;
  std::string_view user_name_;
  matches found_{};
};

rule_tree::rule_tree() : nodes_(1), slots_(16) {
  // nop
}

rule_tree::root rule_tree::add_root() {
  return add_node();
}

void rule_tree::add(root tree, std::string_view filter, uint8_t mask,
                    uint32_t number, bool placeholders) {
  auto at = tree;
  for (level_cursor rest{filter}; !rest.at_end();)
    at = step(at, rest.next(), placeholders);
  for (size_t i = 0; i < kinds; ++i) {
    auto& rule = nodes_[at].rules[i];
    if ((mask >> i & 1) != 0 && (rule == 0 || number < rule))
      rule = number;
  }
}

rule_tree::matches rule_tree::find(root tree, std::string_view topic,
                                   const client_identity& who) const noexcept {
  return search{*this, who}.run(tree, topic);
}

rule_tree::index rule_tree::add_node() {
  nodes_.emplace_back();
  return static_cast<index>(nodes_.size() - 1);
}

rule_tree::index rule_tree::step(index from, std::string_view level,
                                 bool placeholders) {
  auto follow = [this, from](index node::*link) {
    if (nodes_[from].*link == 0) {
      auto made = add_node();
      nodes_[from].*link = made;
    }
    return nodes_[from].*link;
  };
  if (level == "#")
    return follow(&node::everything_below);
  if (level == "+")
    return follow(&node::one_level);
  if (placeholders && level == "%c")
    return follow(&node::client_id);
  if (placeholders && level == "%u")
    return follow(&node::user_name);
  return named_step(from, level);
}

rule_tree::index rule_tree::named_step(index from, std::string_view level) {
  auto hash = hash_of(from, level);
  if (auto known = slots_[place_of(from, hash, level)].to)
    return known;
  if (++named_ * 2 > slots_.size())
    grow();
  auto made = add_node();
  auto& added = nodes_[made];
  added.text = level.data();
  added.text_size = static_cast<uint32_t>(level.size());
  added.parent = from;
  slots_[place_of(from, hash, level)] = {hash, made};
  return made;
}

rule_tree::index rule_tree::find_named(index from,
                                       std::string_view level) const noexcept {
  return slots_[place_of(from, hash_of(from, level), level)].to;
}

size_t rule_tree::place_of(index from, uint32_t hash,
                           std::string_view level) const noexcept {
  auto mask = slots_.size() - 1;
  for (auto place = hash & mask;; place = (place + 1) & mask) {
    auto [its_hash, to] = slots_[place];
    if (to == 0)
      return place;
    const auto& at = nodes_[to];
    if (its_hash == hash && at.parent == from
        && std::string_view{at.text, at.text_size} == level)
      return place;
  }
}

void rule_tree::grow() {
  auto old = std::exchange(slots_, std::vector<slot>(slots_.size() * 2));
  auto mask = slots_.size() - 1;
  for (auto each : old) {
    if (each.to == 0)
      continue;
    auto place = each.hash & mask;
    while (slots_[place].to != 0)
      place = (place + 1) & mask;
    slots_[place] = each;
  }
}

} // namespace troupe::security
