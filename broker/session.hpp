#pragma once

#include "broker/batch.hpp"
#include "broker/limits.hpp"
#include "broker/receiver.hpp"
#include "broker/sender.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
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
  /// The will, if any, and how long it waits.
  publication_ptr will;
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

struct subscription_record {
  protocol::subscription_options options;
  uint32_t identifier = 0;
  /// Index + 1 in the table of shared filters; 0: not shared.
  uint16_t shared = 0;
};

/// One client's session: subscriptions, will, expiry and both halves of its
/// message flow. Pure.
class session {
public:
  session(std::string client_id, session_key key, const session_limits& limits);

  const std::string& client_id() const noexcept;
  session_key key() const noexcept;

  // -- life -------------------------------------------------------------------

  struct connected {
    bool session_present = false;
    /// Filters of the discarded session: the owner takes them out of the trie.
    std::vector<std::string> removed_filters;
    /// A will that is due now because the session was discarded [MQTT-3.1.4-?]
    /// or because a clean connection took over.
    publication_ptr will;
  };
  /// A client connected. Discards the old state on clean start. The owner then
  /// calls `out().on_connected`.
  connected on_connected(const connect_parameters& parameters, time_point now);

  /// The connection ended. Returns the will if it is due at once.
  publication_ptr on_disconnected(end_of_connection how, time_point now);
  /// DISCONNECT changed the expiry interval. False if it was 0 and now is not,
  /// which is a protocol error [MQTT-3.14.2-2].
  bool change_expiry(uint32_t seconds);

  bool is_connected() const noexcept;
  /// The session must be ended by its owner (offline, expiry reached).
  bool is_over(time_point now) const noexcept;
  /// When `on_timer` should be called next; `never` if not at all.
  time_point next_deadline() const noexcept;
  /// Returns a will whose delay ran out.
  publication_ptr on_timer(time_point now);
  /// The session ends for good: returns a will that was still waiting.
  publication_ptr on_end();

  // -- subscriptions ----------------------------------------------------------

  /// Adds or replaces. Returns true if the filter is new to the session.
  /// `filter` is the whole text, `$share/...` included.
  bool subscribe(const std::string& filter,
                 const protocol::subscription_options& options,
                 uint32_t identifier);
  /// False if there was none.
  bool unsubscribe(const std::string& filter);
  const subscription_record* find(const std::string& filter) const;
  /// All subscriptions, by filter.
  const std::map<std::string, subscription_record>& subscriptions() const;
  /// The shared filter behind `delivery::shared`.
  const std::string& shared_filter(uint16_t shared) const;

  // -- messages ---------------------------------------------------------------

  sender& out() noexcept;
  /// Lent to the connection while it lives.
  receiver take_receiver();
  void return_receiver(receiver value);
};

} // namespace troupe::broker
