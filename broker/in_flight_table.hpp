#pragma once

#include "broker/journal.hpp"
#include "broker/publication.hpp"

#include <cstdint>
#include <memory>

namespace troupe::broker {

/// Where a message of a durable session is remembered.
struct stored_ref {
  /// The part that brings it to the store; null: it came from there.
  journal_part_ptr part;
  /// Its index in `part`; without a part its sequence number in the queue, 0:
  /// it is not remembered.
  uint64_t number = 0;

  /// Its sequence number; 0: not remembered, or not yet.
  uint64_t sequence() const noexcept {
    if (!part)
      return number;
    const auto& what = (*part)[static_cast<uint32_t>(number)];
    return what.state.load(std::memory_order_acquire)
                   == journal_part::entry_state::stored
               ? what.sequence
               : 0;
  }
};

/// The messages a client was sent and has not acknowledged: finds one by its
/// packet identifier and walks all in the order sent. Every operation takes
/// constant time, also when 65,535 are in flight and are acknowledged in any
/// order.
///
/// An identifier lives in the slot `identifier % capacity`. Free slots form a
/// queue, each with the identifier it will give out: its last one plus the
/// capacity. So identifiers are given in turn while acknowledgements come in
/// order, one in use is never given, and a freed one comes back late.
class in_flight_table {
public:
  enum class phase : uint8_t {
    /// The slot is free.
    none,
    /// Of a durable session, QoS 2: it is sent once its identifier is on disk.
    unstored,
    /// PUBLISH was sent: waits for PUBACK or PUBREC.
    published,
    /// PUBREC has come, of which the disk does not know: PUBREL must wait.
    release_unstored,
    /// PUBREC has come: waits for PUBCOMP. The message is let go.
    released,
  };

  struct entry {
    publication_ptr message;
    stored_ref stored;
    uint32_t subscription_id = 0;
    uint16_t shared = 0;
    uint16_t packet_id = 0;
    /// Neighbours in the order sent, or the next free slot.
    uint16_t next = 0;
    uint16_t previous = 0;
    protocol::qos qos = protocol::qos::at_most_once;
    bool retain = false;
    phase state = phase::none;
    /// Sent on this network connection.
    bool sent = false;
  };

  static constexpr uint32_t max_size = 65'535;

  in_flight_table() noexcept = default;
  in_flight_table(in_flight_table&& other) noexcept { swap(other); }
  in_flight_table& operator=(in_flight_table&& other) noexcept {
    in_flight_table{std::move(other)}.swap(*this);
    return *this;
  }

  bool empty() const noexcept { return size_ == 0; }
  /// The identifier given out last; 0: none was.
  uint16_t last_id() const noexcept { return last_id_; }
  uint32_t size() const noexcept { return size_; }
  /// Slots there is memory for.
  uint32_t capacity() const noexcept { return capacity_; }

  /// A new last entry, with an identifier and phase `published`. Throws
  /// std::bad_alloc. REQUIRES: size() < max_size.
  entry& push();
  /// A new last entry with this identifier, as it was before a restart; null if
  /// that is in use. `end_restore` must follow before any other change.
  entry* restore(uint16_t packet_id);
  void end_restore() noexcept { fill_free_list(); }
  /// The entry with this identifier, or null.
  entry* find(uint16_t packet_id) noexcept {
    if (size_ == 0)
      return nullptr;
    auto& found = slots_[slot_of(packet_id)];
    return found.packet_id == packet_id && found.state != phase::none ? &found
                                                                      : nullptr;
  }
  /// Frees the identifier of `what`. Gives back the memory of a table that has
  /// become empty and is large.
  void remove(entry& what) noexcept;
  /// Forgets all but which identifier comes next; owns no memory afterwards.
  void clear() noexcept;

  /// The oldest entry. REQUIRES: !empty().
  entry& first() noexcept { return slots_[first_]; }
  const entry& first() const noexcept { return slots_[first_]; }
  /// The entry sent after `what`, or null.
  entry* after(const entry& what) noexcept {
    return &what == &slots_[last_] ? nullptr : &slots_[what.next];
  }
  const entry* after(const entry& what) const noexcept {
    return &what == &slots_[last_] ? nullptr : &slots_[what.next];
  }

private:
  // The largest table that is kept while it is empty.
  static constexpr uint32_t largest_kept = 256;

  uint16_t slot_of(uint16_t packet_id) const noexcept {
    return static_cast<uint16_t>(packet_id & (capacity_ - 1));
  }
  void append_free(uint16_t slot) noexcept;
  void append_zero() noexcept;
  uint16_t take_free() noexcept;
  void append_entry(uint16_t slot) noexcept;
  void unlink(const entry& what) noexcept;
  void grow();
  void move_entries(entry* to, uint32_t capacity) noexcept;
  void fill_free_list() noexcept;
  void swap(in_flight_table& other) noexcept;

  std::unique_ptr<entry[]> slots_;
  uint32_t capacity_ = 0;
  uint32_t size_ = 0;
  uint32_t free_ = 0;
  uint16_t first_ = 0;
  uint16_t last_ = 0;
  uint16_t free_first_ = 0;
  uint16_t free_last_ = 0;
  uint16_t last_id_ = 0;
  // Slot 0 is out of the queue of free slots until its turn comes: 0 is no
  // packet identifier [MQTT-2.2.1-2].
  bool zero_parked_ = false;
};

} // namespace troupe::broker
