#include "broker/retained_set.hpp"

#include <algorithm>

namespace troupe::broker {

bool retained_set::store(publication_ptr message, author_ptr by) {
  topic_path path;
  if (!path.split(message->topic()))
    return false;
  auto index = find_node(message->topic(), path);
  if (message->payload().empty()) {
    if (index == tree_.none)
      return false;
    remove(index);
    return true;
  }
  auto is_new = index == tree_.none;
  replace(is_new ? make_node(path) : index, std::move(message), std::move(by));
  return is_new;
}

publication_ptr retained_set::find(std::string_view topic,
                                   time_point now) const {
  topic_path path;
  if (!path.split(topic))
    return nullptr;
  auto index = find_node(topic, path);
  if (index == tree_.none || tree_[index].value->is_expired(now))
    return nullptr;
  return tree_[index].value;
}

size_t retained_set::remove_expired(time_point now, size_t limit) {
  size_t removed = 0;
  for (; removed < limit && !expiries_.empty(); ++removed) {
    auto [when, index] = *expiries_.begin();
    if (when > now)
      break;
    remove(index);
  }
  return removed;
}

// The node that holds the value of `topic`: straight from the hash of the whole
// path, without a look at the levels above.
uint32_t retained_set::find_node(std::string_view topic,
                                 const topic_path& path) const {
  auto hash = tree_[tree_.root].hash;
  for (const auto& level : path)
    hash = hash_child(hash, level.hash);
  for (auto i = tree_.bucket(hash); i != tree_.none; i = tree_[i].next) {
    const auto& at = tree_[i];
    if (at.hash == hash && at.value && at.value->topic() == topic)
      return i;
  }
  return tree_.none;
}

uint32_t retained_set::make_node(const topic_path& path) {
  auto at = tree_.root;
  for (const auto& level : path) {
    auto child = tree_.find(at, level);
    if (child == tree_.none) {
      child = tree_.add(at, level);
      tree_[child].birth = ++births_;
      add_child(at, child);
    }
    at = child;
  }
  return at;
}

void retained_set::replace(uint32_t index, publication_ptr message,
                           author_ptr by) {
  auto& value = tree_[index].value;
  if (!value) {
    ++size_;
  } else {
    footprint_ -= value->footprint();
    if (value->expires_at() != never)
      expiries_.erase({value->expires_at(), index});
  }
  if (message->expires_at() != never)
    expiries_.emplace(message->expires_at(), index);
  footprint_ += message->footprint();
  value = std::move(message);
  set_author(index, std::move(by));
}

void retained_set::set_author(uint32_t index, author_ptr by) {
  if (!by && index >= authors_.size())
    return;
  while (index >= authors_.size())
    authors_.push_back();
  authors_[index] = std::move(by);
}

void retained_set::remove(uint32_t index) {
  auto& value = tree_[index].value;
  footprint_ -= value->footprint();
  if (value->expires_at() != never)
    expiries_.erase({value->expires_at(), index});
  value.reset();
  set_author(index, nullptr);
  if (--size_ != 0) {
    prune(index);
    return;
  }
  tree_.clear();
  authors_.clear();
}

void retained_set::add_child(uint32_t parent, uint32_t child) {
  auto& at = tree_[parent];
  if (!at.children) {
    if (at.only_child == tree_.none) {
      at.only_child = child;
      return;
    }
    at.children = std::make_unique<siblings>();
    at.children->all.push_back({tree_[at.only_child].birth, at.only_child});
    at.children->alive = 1;
    at.only_child = tree_.none;
  }
  at.children->all.push_back({tree_[child].birth, child});
  ++at.children->alive;
}

void retained_set::remove_child(uint32_t parent, uint32_t child) {
  auto& at = tree_[parent];
  if (!at.children) {
    at.only_child = tree_.none;
    return;
  }
  auto& list = *at.children;
  if (--list.alive == 0) {
    at.children.reset();
    return;
  }
  auto place = std::lower_bound(
      list.all.begin(), list.all.end(), tree_[child].birth,
      [](const sibling& x, uint64_t birth) { return x.birth < birth; });
  place->node = tree_.none;
  if (list.all.size() <= 2 * list.alive + 8)
    return;
  std::erase_if(list.all, [](const sibling& x) {
    return x.node == level_tree<node>::none;
  });
  list.all.shrink_to_fit();
}

// Removes `index` and the nodes above it as long as they hold nothing.
void retained_set::prune(uint32_t index) {
  while (index != tree_.root) {
    auto& at = tree_[index];
    if (at.value || at.only_child != tree_.none || at.children)
      return;
    auto above = at.parent;
    remove_child(above, index);
    tree_.remove(index);
    index = above;
  }
}

/// Goes through the nodes that match a filter, depth first and each node's
/// children in the order of birth, from where a cursor stands. The set does not
/// change while a walker lives.
class retained_set::walker {
public:
  walker(const retained_set& set, const topic_path& filter, cursor& where)
      : tree_(set.tree_), filter_(filter), where_(where) {
    has_rest_ = filter_[filter_.size() - 1].is_hash();
    resume();
  }

  // Takes one step, false at the end. A step may lead upwards or to nothing:
  // see `current`.
  bool step() {
    auto& top = frames_.back();
    current_ = tree_.none;
    if (top.position < width(top.node)) {
      look_at(top.node, top.position++);
      return true;
    }
    frames_.pop_back();
    return !frames_.empty();
  }

  // The node just entered if it has a value and its topic matches, else none.
  uint32_t current() const {
    if (current_ == tree_.none || !tree_[current_].value || !matches(depth()))
      return tree_.none;
    return current_;
  }

private:
  struct frame {
    uint32_t node;
    // Of the child to look at next.
    size_t position;
  };

  size_t depth() const noexcept { return frames_.size() - 1; }

  bool matches(size_t levels) const noexcept {
    // `a/#` matches `a` too [MQTT-4.7.1-2].
    return has_rest_ ? levels + 1 >= filter_.size() : levels == filter_.size();
  }

  // Does every child of a node at the current depth match so far?
  bool is_wild() const noexcept {
    return (has_rest_ && depth() + 1 >= filter_.size())
           || filter_[depth()].is_plus();
  }

  // How many positions the current node has to look at.
  size_t width(uint32_t index) const noexcept {
    if (!has_rest_ && depth() == filter_.size())
      return 0;
    const auto& at = tree_[index];
    if (is_wild() && at.children)
      return at.children->all.size();
    return at.children || at.only_child != tree_.none ? 1 : 0;
  }

  uint32_t child_at(uint32_t index, size_t position) const noexcept {
    if (!is_wild())
      return tree_.find(index, filter_[depth()]);
    const auto& at = tree_[index];
    auto child = at.children ? at.children->all[position].node : at.only_child;
    // Wildcards do not match a leading `$` [MQTT-4.7.2-1].
    if (depth() == 0 && child != tree_.none
        && tree_[child].text.view().starts_with('$'))
      return tree_.none;
    return child;
  }

  // The position behind the child with this birth, dead or alive.
  size_t position_behind(uint32_t index, uint64_t birth) const noexcept {
    const auto& at = tree_[index];
    if (is_wild() && at.children) {
      const auto& all = at.children->all;
      auto place = std::upper_bound(
          all.begin(), all.end(), birth,
          [](uint64_t x, const sibling& y) { return x < y.birth; });
      return static_cast<size_t>(place - all.begin());
    }
    auto child =
        is_wild() ? at.only_child : tree_.find(index, filter_[depth()]);
    return child != tree_.none && tree_[child].birth > birth ? 0 : 1;
  }

  // The birth of the child there, also where a gap is all that is left of it.
  uint64_t birth_at(uint32_t index, size_t position,
                    uint32_t child) const noexcept {
    if (child != tree_.none)
      return tree_[child].birth;
    const auto& at = tree_[index];
    if (is_wild())
      return at.children ? at.children->all[position].birth
                         : tree_[at.only_child].birth;
    return 0;
  }

  // Leaves the path as it is on the way up: only that tells a subtree that was
  // walked from one that was just entered.
  void look_at(uint32_t index, size_t position) {
    current_ = child_at(index, position);
    where_.path.resize(depth());
    where_.path.push_back(birth_at(index, position, current_));
    if (current_ != tree_.none)
      frames_.push_back({current_, 0});
  }

  // Goes down the cursor's path as far as its nodes still live.
  void resume() {
    frames_.push_back({tree_.root, 0});
    for (size_t i = 0; i < where_.path.size(); ++i) {
      auto& top = frames_.back();
      top.position = position_behind(top.node, where_.path[i]);
      auto child = top.position == 0 || top.position > width(top.node)
                       ? tree_.none
                       : child_at(top.node, top.position - 1);
      if (child == tree_.none || tree_[child].birth != where_.path[i]) {
        where_.path.resize(i + 1);
        return;
      }
      frames_.push_back({child, 0});
    }
  }

  const level_tree<node>& tree_;
  const topic_path& filter_;
  cursor& where_;
  bool has_rest_ = false;
  std::vector<frame> frames_;
  uint32_t current_ = 0;
};

void retained_set::replay(std::string_view filter, cursor& where,
                          size_t max_count, size_t max_bytes, time_point now,
                          std::vector<retained_message>& out) const {
  // About 100 us: what a loop can spare at a time.
  constexpr size_t max_steps = 2000;
  topic_path path;
  if (where.done || !path.split(filter)) {
    where.done = true;
    return;
  }
  where.started = true;
  walker walk{*this, path, where};
  size_t count = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < max_steps && count < max_count; ++i) {
    if (!walk.step()) {
      where.done = true;
      return;
    }
    auto index = walk.current();
    if (index == tree_.none || tree_[index].value->is_expired(now))
      continue;
    const auto& value = tree_[index].value;
    out.push_back(
        {value, index < authors_.size() ? authors_[index] : author_ptr{}});
    ++count;
    bytes += value->footprint();
    if (bytes >= max_bytes)
      return;
  }
}

} // namespace troupe::broker
