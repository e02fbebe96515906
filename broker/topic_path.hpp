#pragma once

#include "protocol/topic.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::broker {

/// Hashes the text of one level. Differs from process to process, so that no
/// client can choose names that collide.
uint32_t hash_level(std::string_view text) noexcept;

/// One level of a topic or filter: its text, which somebody else owns, and the
/// hash of it.
struct topic_level {
  const char* data;
  uint32_t size;
  uint32_t hash;

  std::string_view text() const noexcept { return {data, size}; }
  bool is_plus() const noexcept { return size == 1 && *data == '+'; }
  bool is_hash() const noexcept { return size == 1 && *data == '#'; }
};

/// A topic or filter cut at its slashes; empty levels count [MQTT-4.7.3]. Lives
/// on the stack and allocates nothing.
class topic_path {
public:
  /// Cuts `text`. False if it has more levels than MQTT clients may use here
  /// (`protocol::max_topic_slashes`); the path is empty then.
  bool split(std::string_view text) noexcept;

  const topic_level* begin() const noexcept { return levels_; }
  const topic_level* end() const noexcept { return levels_ + size_; }
  size_t size() const noexcept { return size_; }
  const topic_level& operator[](size_t i) const noexcept { return levels_[i]; }

private:
  size_t size_ = 0;
  // Left as it is: clearing 3 KB would cost more than most matches.
  topic_level levels_[protocol::max_topic_slashes + 1];
};

/// The hash of a path that ends in a level with `level_hash` below a path with
/// `parent_hash`.
constexpr uint32_t hash_child(uint32_t parent_hash,
                              uint32_t level_hash) noexcept {
  auto mixed =
      ((uint64_t{parent_hash} << 32) | level_hash) * 0x9e3779b97f4a7c15u;
  return static_cast<uint32_t>(mixed ^ (mixed >> 32));
}

} // namespace troupe::broker
