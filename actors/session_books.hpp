#pragma once

#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "broker/ring.hpp"
#include "broker/sender.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::actors {

/// What a durable session has the store remember. Gathers the changes that one
/// message brings and sends them together.
class session_books final : public broker::sender_journal {
public:
  /// `self` is the session, which owns the books; `shared` and `home` outlive
  /// them.
  session_books(node_context& shared, loop& home, caf::abstract_actor* self,
                broker::disk_queue_ptr queue)
      : node_(shared), loop_(home), self_(self), queue_(std::move(queue)) {}

  const broker::disk_queue_ptr& queue() const noexcept { return queue_; }
  /// Who takes the messages of this session from the subtrees.
  const appender_actor& appender() const {
    return node_.appenders[loop_.index()];
  }

  // -- what the sender wants remembered ---------------------------------------

  broker::stored_ref remember(uint32_t item, const broker::publication& message,
                              const broker::entry_options& how,
                              bool notify) override;
  void erase(uint64_t sequence, size_t size) override;
  void release(uint64_t sequence, uint16_t packet_id, size_t size) override;
  void read(uint64_t from) override;
  void drop_oldest(uint64_t from, size_t bytes) override;
  void drop_expired() override;

  /// At most `deliveries` messages are about to be remembered.
  void begin(size_t deliveries) noexcept { capacity_ = deliveries; }
  /// What was remembered goes with `batch`.
  void end(broker::publication_batch& batch);

  // -- other changes ----------------------------------------------------------

  /// Sent by the next `flush`.
  actors::remember& changes() noexcept { return changes_; }

  /// What had to wait for a change to be on disk.
  struct awaited {
    uint64_t ticket = 0;
    /// QoS 2 messages that may be sent, PUBRELs that may.
    std::vector<uint16_t> launched;
    std::vector<uint16_t> released;
    /// The request of a SUBSCRIBE or UNSUBSCRIBE; 0: none.
    uint32_t request = 0;
  };

  /// The request is answered when the changes made so far are on disk. False:
  /// there are none.
  bool wait_for(uint32_t request);
  /// Sends the changes, `out`'s window among them.
  void flush(broker::sender& out);
  /// What waits for the ticket, or null.
  const awaited* find(uint64_t ticket) const noexcept;
  /// What may go on now.
  std::optional<awaited> on_stored(uint64_t ticket);

private:
  bool has_changes() const noexcept;
  void join_erased(const broker::sender& out);

  node_context& node_;
  loop& loop_;
  // No handle: the session would keep itself alive.
  caf::abstract_actor* self_;
  broker::disk_queue_ptr queue_;
  actors::remember changes_;
  broker::journal_part_ptr part_;
  size_t capacity_ = 0;
  // QoS 2 whose PUBREC is among the changes.
  std::vector<uint16_t> released_;
  uint32_t request_ = 0;
  broker::ring<awaited> awaited_;
  uint64_t last_ticket_ = 0;
};

} // namespace troupe::actors
