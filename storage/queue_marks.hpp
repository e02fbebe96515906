#pragma once

#include "broker/journal.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace troupe::storage {

/// Up to which entry each queue has been dealt with, where a mark says so
/// instead of a removal of each. One thread changes it; others, which merge
/// files, may ask.
class queue_marks {
public:
  using mark = std::pair<broker::session_key, uint64_t>;

  /// 0: there is none.
  uint64_t until(broker::session_key key) const {
    std::lock_guard lock{guard_};
    return own_until(key);
  }
  /// Likewise, for the thread that changes it.
  uint64_t own_until(broker::session_key key) const {
    auto found = marks_.find(key);
    return found != marks_.end() ? found->second : 0;
  }
  bool empty() const noexcept { return marks_.empty(); }
  void set(broker::session_key key, uint64_t until) {
    std::lock_guard lock{guard_};
    marks_[key] = until;
  }
  void erase(broker::session_key key) {
    std::lock_guard lock{guard_};
    marks_.erase(key);
  }
  void clear() {
    std::lock_guard lock{guard_};
    marks_.clear();
  }
  /// The first one behind that of `key`, or none. For the thread that changes
  /// it, as `empty`.
  std::optional<mark> after(broker::session_key key) const {
    auto found = marks_.upper_bound(key);
    return found != marks_.end() ? std::optional<mark>{*found} : std::nullopt;
  }

private:
  mutable std::mutex guard_;
  std::map<broker::session_key, uint64_t> marks_;
};

} // namespace troupe::storage
