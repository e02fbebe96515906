#pragma once

#include "broker/batch.hpp"
#include "broker/ring.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace troupe::actors {

/// What a connection keeps track of where there is a store: the order in which
/// its batches go there, and the PUBRELs that wait for it.
class connection_books {
public:
  /// `remembers_ids`: the session is durable, and so are the identifiers of the
  /// QoS 2 messages that come from its client.
  explicit connection_books(bool remembers_ids) noexcept
      : remembers_ids_(remembers_ids) {}

  bool remembers_ids() const noexcept { return remembers_ids_; }

  // -- batches ----------------------------------------------------------------

  /// A new batch. Numbers rise.
  void on_opened(uint64_t number) { open_.push_back({number, nullptr, false}); }

  /// The batch has come back for the first time.
  void on_routed(broker::publication_batch& batch, bool must_be_stored) {
    uint32_t index = 0;
    while (open_[index].number != batch.number())
      ++index;
    open_[index].batch = must_be_stored ? &batch : nullptr;
    open_[index].is_routed = true;
  }

  /// The next batch whose turn it is to be stored, or null.
  broker::publication_batch* next_to_store() {
    while (!open_.empty() && open_.front().is_routed) {
      auto* batch = open_.pop_front().batch;
      if (batch != nullptr)
        return batch;
    }
    return nullptr;
  }

  // -- PUBREL -----------------------------------------------------------------

  /// PUBREL has come; PUBCOMP must wait.
  void release(uint16_t packet_id) { released_.push_back(packet_id); }
  bool has_released() const noexcept { return !released_.empty(); }
  /// Copies the identifiers to `out` and returns the ticket for `on_stored`.
  uint64_t take_released(std::vector<uint16_t>& out) {
    out = released_;
    waiting_.push_back(std::exchange(released_, {}));
    return ++last_ticket_;
  }
  /// The identifiers whose PUBCOMP may go out. Tickets come back in order.
  std::vector<uint16_t> on_stored(uint64_t) { return waiting_.pop_front(); }

private:
  struct open_batch {
    uint64_t number = 0;
    broker::publication_batch* batch = nullptr;
    bool is_routed = false;
  };

  broker::ring<open_batch> open_;
  broker::ring<std::vector<uint16_t>> waiting_;
  std::vector<uint16_t> released_;
  uint64_t last_ticket_ = 0;
  bool remembers_ids_;
};

} // namespace troupe::actors
