#pragma once

#include <cstdint>
#include <vector>

namespace troupe::bench {

/// How many messages one publisher may have between publish and delivery, so
/// that no broker reaches its queue limits and the figure is deliveries. A
/// message counts until its last copy has arrived.
class credit {
public:
  /// `window` 0: no limit. With several `copies` all messages belong to one
  /// stream, numbered from 0.
  credit(uint32_t window, uint32_t copies);

  /// Messages that may be published now.
  uint32_t available() const noexcept;
  bool is_unlimited() const noexcept { return window_ == 0; }
  uint32_t window() const noexcept { return window_; }
  /// Messages not yet delivered in full. Means nothing without a window.
  uint32_t outstanding() const noexcept { return sent_ - done_; }

  /// REQUIRES: available() > 0.
  void published() noexcept;
  /// One copy of message `sequence` arrived for the first time.
  void delivered(uint32_t sequence) noexcept;
  /// Gives up on all that is outstanding.
  void reset() noexcept;

private:
  uint32_t window_;
  uint32_t copies_;
  uint32_t sent_ = 0;
  uint32_t done_ = 0;
  /// Copies still to come per message, by sequence modulo the window.
  std::vector<uint32_t> to_come_;
};

} // namespace troupe::bench
