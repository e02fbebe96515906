#pragma once

#include "broker/batch.hpp"
#include "broker/limits.hpp"
#include "broker/receiver.hpp"
#include "broker/sender.hpp"
#include "broker/store.hpp"
#include "broker/subscription_table.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::broker {

/// Session expiry interval of MQTT 5 that means "never" [MQTT 3.1.2.11.2].
inline constexpr uint32_t session_never_expires = 0xffff'ffff;

/// What a CONNECT asks of a session, owned.
struct connect_parameters {
  bool clean_start = true;
  /// Seconds the session outlives its connection. 3.x: 0 for clean session 1,
  /// `session_never_expires` for clean session 0.
  uint32_t expiry_interval = 0;
  sender_parameters client;
  /// The will, if any, and how long it waits. It carries no expiry of its own:
  /// that begins when it is published [MQTT 3.1.3.2.4].
  publication_ptr will;
  std::optional<uint32_t> will_expiry_interval;
  std::chrono::seconds will_delay{0};
};

/// How a connection ended, as far as its session cares.
enum class end_of_connection : uint8_t {
  /// DISCONNECT with any reason but 0x04: the will is discarded.
  by_client,
  /// DISCONNECT 0x04, a lost socket, a protocol error, a keep alive timeout:
  /// the will is due [MQTT-3.1.2-8].
  abnormal,
  /// Another connection with the same client id.
  taken_over,
};

/// A message of a shared subscription whose member is gone: for another one.
struct orphan {
  /// The whole filter, `$share/...` included.
  std::string filter;
  queued_delivery delivery;
};

/// One client's session: subscriptions, will, expiry and both halves of its
/// message flow. Pure.
class session {
public:
  /// `limits` must outlive the session; changes to it count from then on.
  session(std::string client_id, session_key key, const session_limits& limits);

  const std::string& client_id() const noexcept { return client_id_; }
  session_key key() const noexcept { return key_; }

  /// A new session takes the place of the old one: with its own key, so that
  /// what is under way to the old one does not reach it.
  void rekey(session_key key) noexcept { key_ = key; }

  // -- life -------------------------------------------------------------------

  /// A durable session as it was remembered, its queue apart. REQUIRES: new.
  void restore(stored_session&& what, uint32_t expiry_interval,
               time_point ends_at, const instant& now);

  struct connected {
    /// As CONNACK says it: never for MQTT 3.1, which has no such flag.
    bool session_present = false;
    /// The old session goes on.
    bool resumed = false;
    /// Filters of the discarded session: the owner takes them out of the trie.
    std::vector<std::string> removed_filters;
    /// Messages of the discarded session for other members of its groups.
    std::vector<orphan> orphans;
    /// A will that is due now because the session was discarded [MQTT-3.1.2-8]
    /// or because a clean connection took over.
    publication_ptr will;
  };
  /// A client connected. Discards the old state on clean start, or if the old
  /// session was over. The owner then calls `out().on_connected`.
  /// REQUIRES: !is_connected().
  connected on_connected(const connect_parameters& parameters, time_point now);

  /// The connection ended; tells `out()` too. Returns the will if it is due at
  /// once. On take-over it waits for what `on_connected` makes of it.
  publication_ptr on_disconnected(end_of_connection how, time_point now);
  /// DISCONNECT changed the expiry interval. False if it was 0 and now is not,
  /// which is a protocol error [MQTT-3.14.2-2].
  bool change_expiry(uint32_t seconds);
  /// Seconds the session outlives its connection.
  uint32_t expiry_interval() const noexcept { return expiry_interval_; }

  bool is_connected() const noexcept { return is_connected_; }
  /// True if the session outlives its connection.
  bool is_durable() const noexcept { return expiry_interval_ != 0; }
  /// The session must be ended by its owner (offline, expiry reached).
  bool is_over(time_point now) const noexcept;
  /// When `on_timer` should be called next; `never` if not at all.
  time_point next_deadline() const noexcept;
  /// Returns a will whose delay ran out.
  publication_ptr on_timer(time_point now);
  /// The session ends for good: returns a will that was still waiting.
  publication_ptr on_end(time_point now);
  /// Takes out what other members of the session's groups can have. To be
  /// called before a session that ends is let go.
  std::vector<orphan> take_orphans();

  /// The will, if there is one, as it is to be remembered.
  std::optional<stored_will> will(const instant& now) const;
  /// When the session is over; `never` while the client is connected.
  time_point ends_at() const noexcept { return ends_at_; }

  // -- subscriptions ----------------------------------------------------------

  /// Adds or replaces. Returns true if the filter is new to the session.
  /// `filter` is the whole text, `$share/...` included.
  bool subscribe(const std::string& filter,
                 const protocol::subscription_options& options,
                 uint32_t identifier);
  /// False if there was none. What came through a shared filter and still waits
  /// is then delivered here: `out().take_shared(find(filter)->shared)` before
  /// gives it to others.
  bool unsubscribe(const std::string& filter);
  /// Valid until the next change.
  const subscription_record* find(std::string_view filter) const {
    return subscriptions_.find(filter);
  }
  /// All subscriptions, by filter: pairs of text and record.
  const subscription_table& subscriptions() const { return subscriptions_; }
  /// The shared filter behind `delivery::shared`; empty if it is gone.
  const std::string& shared_filter(uint16_t shared) const;

  // -- messages ---------------------------------------------------------------

  sender& out() noexcept { return sender_; }
  const sender& out() const noexcept { return sender_; }
  /// Lent to the connection while it lives.
  receiver take_receiver();
  void return_receiver(receiver value);

private:
  // Names by index; free ones are empty and listed.
  struct shared_table {
    std::vector<std::string> filters;
    std::vector<uint16_t> free;
  };

  void discard(connected& result);
  publication_ptr release_will(time_point now);
  void forget_will() noexcept;
  void restore_shared(const std::string& filter, uint16_t shared);
  uint16_t add_shared(const std::string& filter);
  void remove_shared(uint16_t shared);

  std::string client_id_;
  session_key key_;
  sender sender_;
  // Only if it holds something and no connection has it.
  std::unique_ptr<receiver> receiver_;
  subscription_table subscriptions_;
  std::unique_ptr<shared_table> shared_;
  publication_ptr will_;
  // When the will is due and when the session is over: set on disconnection.
  time_point will_at_ = never;
  time_point ends_at_ = never;
  std::optional<uint32_t> will_expiry_interval_;
  uint32_t will_delay_ = 0;
  uint32_t expiry_interval_ = 0;
  bool is_connected_ = false;
  // It has had a connection.
  bool is_established_ = false;
  // The last connection was taken over and its will is undecided.
  bool is_taken_over_ = false;
};

} // namespace troupe::broker
