#pragma once

#include "actors/policy.hpp"
#include "actors/stats.hpp"
#include "broker/batch.hpp"
#include "broker/receiver.hpp"
#include "core/byte_buffer.hpp"
#include "core/clock.hpp"
#include "core/timer_queue.hpp"
#include "net/poller.hpp"

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace troupe::actors {

class route_table;

/// Who learns that a batch of its is complete, on its own loop.
class batch_receiver {
public:
  /// True: the receiver keeps the batch, as something is to be done yet.
  virtual bool on_receipt(broker::publication_batch& batch) = 0;

protected:
  ~batch_receiver() = default;
};

/// Who has output to write, or reading to reconsider, at the end of a turn.
class turn_target {
public:
  virtual void on_end_of_turn() noexcept = 0;

protected:
  ~turn_target() = default;
};

/// A thread that polls sockets and runs actors. One turn: poll, at most one
/// read per ready socket, run the actors that have mail, hand out receipts,
/// fire timers, let everybody who asked write once; sleep only when nothing is
/// runnable. Only the functions marked so may be called from other threads.
class loop final : public caf::execution_unit {
public:
  loop(caf::actor_system& system, size_t index);
  ~loop() override;

  /// Opens the poller. Empty, or what went wrong.
  std::string open();
  void start();
  /// Asks the thread to end when nothing is runnable any more. Thread-safe.
  void stop() noexcept;
  void join();
  /// Lets go of what has not run. After `join` of all loops, and before any of
  /// them is destroyed: what goes may still send mail to the others.
  void discard_mail();
  /// One turn at `now` on the calling thread, without sleep. For tests and for
  /// nothing else: REQUIRES that the loop does not run.
  void run_one_turn(time_point now);
  /// As `run_one_turn`, for a loop that has ended, until nothing is runnable.
  /// False: nothing was.
  bool finish_work();

  /// The loop whose thread this is, or null.
  static loop* current() noexcept;
  size_t index() const noexcept { return index_; }

  /// Runs `job` in this or the next turn. Thread-safe.
  void exec_later(caf::resumable* job) override;

  /// Hands `batch` to `receiver` on this loop, then deletes it. Whoever calls
  /// answers for the receiver's life until then. Thread-safe.
  void post_receipt(batch_receiver* receiver,
                    broker::publication_batch* batch) noexcept;

  /// Calls `on_end_of_turn` once, when this turn's actors have run.
  void at_end_of_turn(turn_target* target) { ending_.push_back(target); }
  /// Takes back a request of this turn.
  void forget(turn_target* target) noexcept;

  /// The time when this turn began: one clock read serves all of it.
  time_point now() const noexcept { return now_; }
  net::poller& poller() noexcept { return poller_; }
  timer_queue& timers() noexcept { return timers_; }
  loop_stats& stats() noexcept { return stats_; }
  const loop_stats& stats() const noexcept { return stats_; }

  /// Room for one read; whoever reads is done with it before it returns.
  std::span<uint8_t> scratch() noexcept {
    return {scratch_.get(), scratch_size};
  }

  /// A buffer that has memory already, or an empty one. Clients that come and
  /// go through output this way share a few warm buffers and an idle one owns
  /// none.
  byte_buffer take_buffer() noexcept;
  void give_back(byte_buffer&& buffer) noexcept;

  /// A new batch, if possible in the memory of one that is complete.
  broker::batch_ptr make_batch(broker::batch_owner* owner, uint64_t number,
                               broker::session_key publisher);

  /// The subtrees as this loop knows them.
  const route_table& routes() const noexcept { return *routes_; }
  void set_routes(std::shared_ptr<const route_table> routes);
  /// The configuration in force on this loop.
  const node_policy& policy() const noexcept { return *policy_; }
  const node_policy_ptr& policy_in_force() const noexcept { return policy_; }
  void set_policy(node_policy_ptr policy);
  /// What bounds its sessions; the reference holds as long as the loop.
  const broker::session_limits& limits() const noexcept { return limits_; }
  /// One slot per subtree for the batches of the read under way; all null
  /// between reads.
  std::vector<broker::batch_ptr>& open_batches() noexcept { return batches_; }

  /// Acknowledgements about to be encoded.
  std::vector<broker::receiver::acknowledgement>&
  acknowledgement_scratch() noexcept {
    return acknowledgements_;
  }
  /// Reason codes of the receipt being handed out.
  std::vector<protocol::reason>& reason_scratch() noexcept { return reasons_; }

private:
  static constexpr size_t scratch_size = 64 * 1024;
  static constexpr size_t spare_buffers = 64;
  static constexpr size_t spare_buffer_size = 64 * 1024;
  static constexpr size_t most_spare_batches = 64;
  static constexpr size_t spare_batch_items = 1024;

  struct receipt {
    batch_receiver* receiver;
    broker::publication_batch* batch;
  };

  void run();
  void turn();
  void work();
  void sleep_or_poll();
  bool has_work() const noexcept;
  void take_inbox();
  void run_actors();
  void run_job(caf::resumable* job);
  void hand_out_receipts();
  void recycle(broker::publication_batch* batch);
  void end_turn();
  void wake_if_asleep() noexcept;

  size_t index_;
  std::thread thread_;
  net::poller poller_;
  timer_queue timers_;
  time_point now_ = clock::now();
  loop_stats stats_;
  std::unique_ptr<uint8_t[]> scratch_;
  std::shared_ptr<const route_table> routes_;
  node_policy_ptr policy_;
  broker::session_limits limits_;
  std::vector<broker::batch_ptr> batches_;
  std::vector<byte_buffer> buffers_;
  std::vector<std::unique_ptr<broker::publication_batch>> spare_batches_;
  std::vector<protocol::reason> reasons_;
  std::vector<broker::receiver::acknowledgement> acknowledgements_;

  std::vector<caf::resumable*> ready_;
  std::vector<caf::resumable*> running_;
  std::vector<receipt> receipts_;
  std::vector<receipt> receipts_in_hand_;
  std::vector<turn_target*> ending_;
  size_t next_ending_ = 0;

  // What other threads hand in.
  std::mutex inbox_mutex_;
  std::vector<caf::resumable*> inbox_jobs_;
  std::vector<receipt> inbox_receipts_;
  std::atomic<bool> inbox_filled_{false};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> stopping_{false};
};

} // namespace troupe::actors
