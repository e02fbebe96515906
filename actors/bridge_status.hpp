#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace troupe::actors {

/// Where a bridge stands.
enum class bridge_state : uint8_t {
  /// It does not connect by itself, or not any more.
  stopped,
  /// Lazy: too little waits for it to connect.
  idle,
  /// The last attempt failed or the link was lost; the next attempt comes.
  waiting,
  /// From the name's resolution to CONNACK.
  connecting,
  connected,
};

/// "connected" and so on.
const char* to_string(bridge_state state) noexcept;

/// What is to be known of a bridge from outside. Written on the bridge's loop,
/// read by every thread.
class bridge_status {
public:
  using seconds_since_1970 = int64_t;

  explicit bridge_status(std::string name) : name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }

  std::atomic<bridge_state> state{bridge_state::stopped};
  /// When it came to that state.
  std::atomic<seconds_since_1970> since{0};
  /// Attempts to connect that failed, and links that were lost.
  std::atomic<uint64_t> failures{0};
  /// Links there have been.
  std::atomic<uint64_t> links{0};
  /// PUBLISH packets and bytes of their payloads, to the remote broker and
  /// from it.
  std::atomic<uint64_t> messages_out{0};
  std::atomic<uint64_t> bytes_out{0};
  std::atomic<uint64_t> messages_in{0};
  std::atomic<uint64_t> bytes_in{0};
  /// What the remote broker sent back, and what no rule takes.
  std::atomic<uint64_t> echoes{0};
  std::atomic<uint64_t> unwanted{0};
  /// What waits: messages, bytes of their payloads, milliseconds since the
  /// oldest of them came.
  std::atomic<uint64_t> queued_messages{0};
  std::atomic<uint64_t> queued_bytes{0};
  std::atomic<uint64_t> queued_age{0};
  /// From the last PINGREQ to its answer, microseconds; 0: not known.
  std::atomic<uint64_t> round_trip{0};

  void enter(bridge_state next) noexcept {
    if (state.exchange(next, std::memory_order_relaxed) == next)
      return;
    auto now = std::chrono::system_clock::now().time_since_epoch();
    since.store(std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                std::memory_order_relaxed);
  }

  /// Why the last attempt or link failed; empty: none has.
  std::string last_error() const {
    std::lock_guard guard{mutex_};
    return last_error_;
  }
  void set_last_error(std::string why) {
    std::lock_guard guard{mutex_};
    last_error_ = std::move(why);
  }
  /// The address of the link or of the attempt, as it is configured.
  std::string address() const {
    std::lock_guard guard{mutex_};
    return address_;
  }
  void set_address(std::string where) {
    std::lock_guard guard{mutex_};
    address_ = std::move(where);
  }

private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::string last_error_;
  std::string address_;
};

/// The bridges of a node, for whoever shows them. Thread-safe.
class bridge_list {
public:
  using entry = std::shared_ptr<bridge_status>;

  std::vector<entry> all() const {
    std::lock_guard guard{mutex_};
    return entries_;
  }
  void set(std::vector<entry> entries) {
    std::lock_guard guard{mutex_};
    entries_ = std::move(entries);
  }

private:
  mutable std::mutex mutex_;
  std::vector<entry> entries_;
};

} // namespace troupe::actors
