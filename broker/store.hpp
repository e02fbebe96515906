#pragma once

#include "broker/journal.hpp"
#include "broker/message_path.hpp"
#include "broker/retained_message.hpp"
#include "broker/seen_set.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::broker {

/// What a store did, and if it did not, why.
struct [[nodiscard]] store_status {
  enum class kind : uint8_t {
    done,
    /// The disk or a quota is full, or the file system is read-only: it may
    /// work again later.
    no_space,
    /// Anything else.
    failed,
  };
  kind what = kind::done;
  /// For a person; empty when done.
  std::string text;

  explicit operator bool() const noexcept { return what == kind::done; }
};

/// A durable session as such.
struct session_record {
  session_key key = 0;
  std::string client_id;
  /// Seconds; `session_never_expires`.
  uint32_t expiry_interval = 0;
  /// When the session is over; 0: never, or its client is connected.
  wall_time ends_at = 0;
  bool is_connected = false;
  /// Whoever had it last was a bridge of this node, and no client.
  bool is_bridge = false;

  friend bool operator==(const session_record&,
                         const session_record&) = default;
};

/// One subscription of a durable session.
struct stored_subscription {
  /// The whole text, `$share/...` included.
  std::string filter;
  protocol::subscription_options options;
  uint32_t identifier = 0;
  /// As in `subscription_record::shared`.
  uint16_t shared = 0;

  friend bool operator==(const stored_subscription&,
                         const stored_subscription&) = default;
};

/// The will of a durable session.
struct stored_will {
  publication_ptr message;
  /// Seconds that its message expiry begins with when it is published.
  std::optional<uint32_t> expiry_interval;
  /// Seconds.
  uint32_t delay = 0;
  /// When it is due; 0: the client is connected.
  wall_time due_at = 0;
  /// Whose will it is; null: nobody knows.
  author_ptr by;
};

/// One message in the queue of a durable session.
struct stored_entry {
  uint64_t sequence = 0;
  /// Null: PUBREC has come, only PUBREL and PUBCOMP are outstanding.
  publication_ptr message;
  entry_options options;
};

/// Consecutive messages that were sent, with consecutive packet identifiers
/// (65,535 is followed by 1), after they had waited in the queue.
struct launch_run {
  uint64_t first_sequence = 0;
  uint16_t first_packet_id = 0;
  uint16_t count = 0;

  friend bool operator==(const launch_run&, const launch_run&) = default;
};

/// 65,535 is followed by 1.
constexpr uint16_t packet_id_after(uint16_t first, uint64_t count) noexcept {
  return static_cast<uint16_t>((first - 1 + count) % 65'535 + 1);
}

/// The packet identifier that an entry was launched with; 0: it was not. The
/// runs of `window` are in order.
inline uint16_t launched_id(std::span<const launch_run> window,
                            uint64_t sequence) noexcept {
  auto behind = std::upper_bound(
      window.begin(), window.end(), sequence,
      [](uint64_t x, const launch_run& run) { return x < run.first_sequence; });
  if (behind == window.begin())
    return 0;
  const auto& run = *--behind;
  auto offset = sequence - run.first_sequence;
  return offset < run.count ? packet_id_after(run.first_packet_id, offset) : 0;
}

/// Where a message is appended to.
struct queue_target {
  session_key key = 0;
  uint64_t sequence = 0;
  entry_options options;
};

/// A part of a queue, oldest first. What has expired is left out unless it has
/// been launched.
struct queue_slice {
  std::vector<stored_entry> entries;
  /// Nothing lies behind it.
  bool at_end = true;
  /// Where to read on: behind the last entry looked at.
  uint64_t next = 0;
  /// Expired entries that were passed over and removed.
  size_t expired = 0;
  size_t expired_bytes = 0;
};

/// What a queue holds.
struct queue_totals {
  uint64_t messages = 0;
  /// Of payloads.
  uint64_t bytes = 0;
  /// The highest number that the queue or its window knows; 0: none.
  uint64_t last_sequence = 0;
  /// The earliest expiry of its messages; 0: none expires.
  wall_time earliest_expiry = 0;
};

/// What a session needs when its client returns, apart from its queue.
struct stored_session {
  std::vector<stored_subscription> subscriptions;
  /// QoS 2 packet identifiers of the client that are under way.
  std::vector<uint16_t> incoming_ids;
  /// What the window holds, apart from entries that carry their identifier.
  std::vector<launch_run> window;
  std::optional<stored_will> will;
};

/// Everything a node finds about one session when it starts.
struct recovered_session {
  session_record record;
  std::vector<stored_subscription> subscriptions;
  std::optional<stored_will> will;
  queue_totals queue;
};

/// Remembers sessions, queues and retained messages for good. Used by one
/// thread at a time. Writes are gathered in memory until `commit`; reads see
/// only what is committed.
class store {
public:
  /// Messages of at least this many bytes (topic, payload, properties) that go
  /// to several queues are stored once.
  static constexpr size_t shared_body_size = 512;

  virtual ~store() = default;

  // -- writing ----------------------------------------------------------------

  /// Adds or replaces.
  virtual void put_session(const session_record& what) = 0;
  /// Erases the session and everything that belongs to it. What is put for the
  /// same key afterwards stays. A long queue is removed by `housekeep`, bit by
  /// bit; nobody sees it meanwhile.
  virtual void erase_session(session_key key) = 0;
  virtual void put_subscription(session_key key,
                                const stored_subscription& what) = 0;
  virtual void erase_subscription(session_key key, std::string_view filter) = 0;
  virtual void put_will(session_key key, const stored_will& what,
                        const instant& now) = 0;
  virtual void erase_will(session_key key) = 0;

  /// Appends a message to the queues of `targets`.
  virtual void append(const publication& message,
                      std::span<const queue_target> targets,
                      const instant& now) = 0;
  /// The PUBREC of a QoS 2 entry has come: its message goes, its identifier
  /// stays. `size` is that of the message as for `shared_body_size`, 0 if it is
  /// not known.
  virtual void put_released(session_key key, uint64_t sequence,
                            uint16_t packet_id, size_t size) = 0;
  /// An entry that may be there, and was not released, is erased. `size` as for
  /// `put_released`. REQUIRES: nothing is appended with this number afterwards.
  virtual void erase_entry(session_key key, uint64_t sequence, size_t size) = 0;
  /// The same, of an entry that was released.
  virtual void erase_released(session_key key, uint64_t sequence) = 0;
  /// All entries up to number `until` are erased: cheaper than one by one.
  /// REQUIRES: those of them that may share a body, or were released, have been
  /// erased by themselves, before or for the same commit.
  virtual void erase_until(session_key key, uint64_t until) = 0;
  /// Replaces what is known of launched messages; empty: nothing is.
  virtual void put_window(session_key key,
                          std::span<const launch_run> window) = 0;
  virtual void put_incoming_id(session_key key, uint16_t packet_id) = 0;
  virtual void erase_incoming_id(session_key key, uint16_t packet_id) = 0;

  virtual void put_retained(const retained_message& what,
                            const instant& now) = 0;
  virtual void erase_retained(std::string_view topic) = 0;

  /// A message of another node was taken: when it comes again it is a repeat.
  virtual void put_seen(const message_origin& what) = 0;

  /// The node was alive at `when`: sessions that are connected if it dies now
  /// count as disconnected since then.
  virtual void put_alive(wall_time when) = 0;

  /// Names the node; it keeps the name as long as the store lives.
  virtual void put_node(node_id id) = 0;

  /// Writes what was gathered: all of it or nothing. `synced`: it survives a
  /// loss of power when this returns. What could not be written is forgotten.
  virtual store_status commit(bool synced) = 0;
  /// Forgets what was gathered.
  virtual void discard() = 0;
  /// Lets what is committed survive a loss of power. Callable from another
  /// thread.
  virtual store_status sync() = 0;

  // -- reading ----------------------------------------------------------------

  virtual stored_session load(session_key key, const instant& now) = 0;
  /// Reads at most `max_count` entries and about `max_bytes` from sequence
  /// number `from` on. Removes what has expired, unless it has been launched.
  virtual queue_slice read_queue(session_key key, uint64_t from,
                                 size_t max_count, size_t max_bytes,
                                 const instant& now) = 0;
  /// Every session, in no particular order.
  virtual void
  for_each_session(const std::function<void(recovered_session&&)>& take,
                   const instant& now) = 0;
  /// Every retained message that has not expired.
  virtual void
  for_each_retained(const std::function<void(retained_message&&)>& take,
                    const instant& now) = 0;
  /// What `put_alive` said last; 0: nothing yet.
  virtual wall_time alive_at() = 0;
  /// What `put_node` said last; nothing: nothing yet.
  virtual std::optional<node_id> node() = 0;

  /// What `put_seen` said, as far back as a seen set goes.
  virtual seen_set seen() = 0;

  // -- care -------------------------------------------------------------------

  /// Removes up to `count` of the oldest entries of a queue from `from` on, or
  /// those that have expired. What has been launched, as far as the store
  /// knows, stays: its client may hold its packet identifier. Returns what was
  /// removed; `earliest_expiry` is that of what `drop_expired` left.
  virtual queue_totals drop_oldest(session_key key, uint64_t from,
                                   size_t count) = 0;
  virtual queue_totals drop_expired(session_key key, const instant& now) = 0;
  /// A bounded piece of background work. True: there is more.
  virtual bool housekeep(const instant& now) = 0;
  /// Records that could not be read and were moved aside since it was opened.
  virtual uint64_t damaged_records() const = 0;
  /// A copy of what is committed, made while the store is in use. `directory`
  /// must not exist.
  virtual store_status backup(const std::string& directory) = 0;
};

} // namespace troupe::broker
