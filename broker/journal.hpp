#pragma once

#include "core/clock.hpp"
#include "core/ref_counted.hpp"
#include "protocol/types.hpp"

#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace troupe::broker {

/// Identifies a session within this node; for a durable session as long as the
/// session lives, restarts included.
using session_key = uint64_t;

/// How a session is sent a message that is remembered for it.
struct entry_options {
  /// Subscription identifier of MQTT 5; 0: none.
  uint32_t subscription_id = 0;
  /// As in `delivery::shared`.
  uint16_t shared = 0;
  /// Not 0: it has been sent, or is about to be, with this identifier.
  uint16_t packet_id = 0;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  /// It is not sent any more then, whatever its own expiry says.
  time_point waits_until = never;

  friend bool operator==(const entry_options&, const entry_options&) = default;
};

/// The queue that a durable session has on disk: shared by whoever appends to
/// it. Entries are numbered when they are written, in the order in which the
/// session took them (`commit_order`).
///
/// Every session whose client is away has one: 24 bytes are a malloc chunk of
/// 32, one more makes it 48.
class disk_queue {
public:
  /// REQUIRES: `next_sequence` is not 0.
  disk_queue(session_key key, uint64_t next_sequence) noexcept
      : key_(key), next_sequence_(next_sequence) {}

  session_key key() const noexcept { return key_; }

  /// The number of a new part. Only for who appends, one at a time.
  uint32_t take_part_number() noexcept {
    return parts_.fetch_add(1, std::memory_order_relaxed);
  }

  // Only for the thread that writes.
  /// All of `parts` have been written: the next one has the number 0. False:
  /// there are more.
  bool begin_anew(uint32_t parts) noexcept {
    return parts_.compare_exchange_strong(parts, 0, std::memory_order_relaxed);
  }
  /// REQUIRES: it is not ended.
  uint64_t take_sequence() noexcept { return next_sequence_++; }
  /// The session is erased: nothing more is written for it.
  void end() noexcept { next_sequence_ = 0; }
  bool is_ended() const noexcept { return next_sequence_ == 0; }

  void add_ref() const noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

private:
  session_key key_;
  uint64_t next_sequence_; // 0: ended
  mutable std::atomic<uint32_t> references_{1};
  std::atomic<uint32_t> parts_{0};
};

static_assert(sizeof(disk_queue) == 24);

using disk_queue_ptr = ref_ptr<disk_queue>;

/// What one durable session must remember of one batch. The session fills it,
/// the batch carries it to the store, which writes it and numbers its entries.
/// Meanwhile the session may strike out entries that were acknowledged before
/// they were written.
class journal_part {
public:
  enum class entry_state : uint8_t {
    /// Not written yet.
    pending,
    /// Written, or being written: it has a sequence number.
    stored,
    /// Acknowledged before it was written: nothing to remember.
    cancelled,
    /// Writing failed: it is not on disk.
    failed,
  };

  struct entry {
    /// Index into `publication_batch::items`.
    uint32_t item = 0;
    entry_options options;
    /// Bytes of its payload.
    uint32_t payload_size = 0;
    /// Its number in the queue; to be read only once `state` is `stored`.
    uint64_t sequence = 0;
    std::atomic<entry_state> state{entry_state::pending};
  };

  /// Room for `capacity` entries.
  static ref_ptr<journal_part> make(disk_queue_ptr queue, uint32_t capacity) {
    return ref_ptr<journal_part>{new journal_part(std::move(queue), capacity),
                                 false};
  }

  disk_queue& queue() const noexcept { return *queue_; }

  /// Returns the index of the new entry. REQUIRES: not yet with the batch.
  uint32_t add(uint32_t item, const entry_options& options,
               uint32_t payload_size) noexcept {
    assert(size_ < capacity_);
    auto& made = entries_[size_];
    made.item = item;
    made.options = options;
    made.payload_size = payload_size;
    return size_++;
  }
  std::span<entry> entries() noexcept { return {entries_.get(), size_}; }
  entry& operator[](uint32_t index) noexcept { return entries_[index]; }
  uint32_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Strikes an entry out. False: it has been written, or failed.
  bool cancel(uint32_t index) noexcept {
    auto expected = entry_state::pending;
    return entries_[index].state.compare_exchange_strong(
        expected, entry_state::cancelled, std::memory_order_acq_rel);
  }
  /// For the store: false if the entry was cancelled.
  bool seal(uint32_t index, uint64_t sequence) noexcept {
    auto& what = entries_[index];
    what.sequence = sequence;
    auto expected = entry_state::pending;
    return what.state.compare_exchange_strong(expected, entry_state::stored,
                                              std::memory_order_acq_rel);
  }

  /// Asks to be told when the part is settled, that is written or failed.
  /// False: it is settled already.
  bool ask_for_notice() noexcept {
    return (flags_.fetch_or(wants_notice_bit, std::memory_order_acq_rel)
            & settled_bit)
           == 0;
  }
  /// For the store: true if somebody wants to be told.
  bool settle(bool failed) noexcept {
    if (failed)
      for (auto& each : entries())
        each.state.store(entry_state::failed, std::memory_order_release);
    auto bits = static_cast<uint8_t>(settled_bit | (failed ? failed_bit : 0));
    return (flags_.fetch_or(bits, std::memory_order_acq_rel) & wants_notice_bit)
           != 0;
  }
  bool is_settled() const noexcept {
    return (flags_.load(std::memory_order_acquire) & settled_bit) != 0;
  }
  bool has_failed() const noexcept {
    return (flags_.load(std::memory_order_acquire) & failed_bit) != 0;
  }

  void add_ref() const noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  /// Its place in the queue: given by `publication_batch::add_journal`.
  uint32_t number = 0;
  /// The loop of the session, for the notice.
  uint32_t home = 0;
  /// Made for a session whose client was away.
  bool is_from_appender = false;
  /// The next part of the same batch; the list is owned by whoever has its
  /// head.
  journal_part* next = nullptr;

private:
  static constexpr uint8_t settled_bit = 1;
  static constexpr uint8_t failed_bit = 2;
  static constexpr uint8_t wants_notice_bit = 4;

  journal_part(disk_queue_ptr queue, uint32_t capacity)
      : queue_(std::move(queue)), entries_(std::make_unique<entry[]>(capacity)),
        capacity_(capacity) {}
  ~journal_part() = default;

  disk_queue_ptr queue_;
  std::unique_ptr<entry[]> entries_;
  uint32_t capacity_;
  uint32_t size_ = 0;
  mutable std::atomic<uint32_t> references_{1};
  std::atomic<uint8_t> flags_{0};
};

using journal_part_ptr = ref_ptr<journal_part>;

/// All parts of one batch, the last one added first.
class journal {
public:
  journal() noexcept = default;
  /// Takes the list over.
  explicit journal(journal_part* head) noexcept : head_(head) {}
  journal(journal&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)) {}
  journal& operator=(journal&& other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~journal() {
    while (pop())
      ;
  }

  bool empty() const noexcept { return head_ == nullptr; }
  /// Takes out one part; null when none is left.
  journal_part_ptr pop() noexcept {
    auto* part = head_;
    if (part == nullptr)
      return {};
    head_ = std::exchange(part->next, nullptr);
    return journal_part_ptr{part, false};
  }

private:
  journal_part* head_ = nullptr;
};

} // namespace troupe::broker
