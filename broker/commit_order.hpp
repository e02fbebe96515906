#pragma once

#include "broker/batch.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace troupe::broker {

/// The order in which batches are written: each queue gets its messages in the
/// order in which its session took them, and what one owner handed over stays
/// in its order. Two publishers' batches may come the other way round, since
/// each owner hands over its batches in the order read: the second of a ring's
/// two links would bring a topic's later messages before the first one brings
/// the earlier ones.
///
/// A batch whose predecessors have not come waits for them. They never wait for
/// it: whatever was routed comes, whether anything is written or not. Batches
/// that precede one another, in different queues, are written together.
///
/// Pure; for one thread.
class commit_order {
public:
  /// What is to be written together.
  struct group {
    std::vector<batch_ptr> batches;
    /// Those of the batches, per queue in order. The batches have them, too.
    std::vector<journal_part_ptr> parts;

    void clear() {
      batches.clear();
      parts.clear();
    }
  };

  /// A batch has come. REQUIRES: those of one owner come in its order.
  void add(batch_ptr batch, time_point now);
  /// Whether `take` may find anything: something came since the last time.
  bool is_due() const noexcept { return is_due_; }
  /// Appends what may be written to `to`.
  void take(group& to);
  /// The parts that `take` gave are written, or have failed.
  void on_settled(const std::vector<journal_part_ptr>& parts);

  /// When the batch came that has waited longest; `never`: none waits.
  time_point waits_since() const noexcept {
    return waiting_.empty() ? never : waiting_.front().came_at;
  }
  /// What has not come is not waited for any more.
  void stop_waiting();

private:
  struct arrival {
    batch_ptr batch;
    time_point came_at;
  };
  /// Part numbers go round.
  static bool is_before(uint32_t left, uint32_t right) noexcept {
    return static_cast<int32_t>(left - right) < 0;
  }
  struct comes_later {
    bool operator()(uint32_t left, uint32_t right) const noexcept {
      return is_before(right, left);
    }
  };
  struct queue_state {
    /// All parts with lower numbers have come.
    uint32_t next = 0;
    /// What has come beyond that, the lowest on top.
    std::priority_queue<uint32_t, std::vector<uint32_t>, comes_later> ahead;
  };
  /// What has to stay behind: indexes into `waiting_`, and what these hold up.
  struct held {
    std::unordered_set<size_t> batches;
    /// Later batches of one owner stay, too.
    std::unordered_map<const batch_owner*, size_t> owners;
    /// Per queue, this part and all after it.
    std::unordered_map<session_key, uint32_t> parts;
  };

  void note_arrival(const journal_part& part);
  held find_held() const;
  bool must_stay(size_t index, const held& known) const;
  void hold(size_t index, held& known) const;
  void take_all(group& to);
  void take_in_order(group& to);

  std::vector<arrival> waiting_;
  // Queues of which a part has come, until they are idle.
  std::unordered_map<session_key, queue_state> queues_;
  bool is_due_ = false;
  // Something came before what precedes it, and has not been taken.
  bool is_disordered_ = false;
};

} // namespace troupe::broker
