#pragma once

#include "actors/light_actor.hpp"
#include "actors/messages.hpp"
#include "actors/stats.hpp"
#include "broker/batch.hpp"
#include "broker/retained_set.hpp"
#include "broker/seen_set.hpp"
#include "broker/shared_groups.hpp"
#include "broker/slot_index.hpp"
#include "broker/subscription_trie.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <variant>
#include <vector>

namespace troupe::actors {

/// What a subtree needs to know of the settings.
struct subtree_options {
  /// Deliver at the subscription's QoS even what was published at a lower one.
  bool upgrade_outgoing_qos = false;
  /// How long a retained message is kept; 0: for ever.
  std::chrono::seconds retain_expiry_interval{0};
  /// Null: retained messages are not remembered.
  store_actor store;
  /// It takes the place of one that failed: whatever comes waits until it knows
  /// what that knew.
  bool awaits_refill = false;
  /// What messages that cross bridges get as their origin: the node, and an
  /// epoch that no other life of this subtree has.
  broker::node_id node = 0;
  uint64_t epoch = 0;
  /// What was seen of other nodes' messages when this node started; may be
  /// null.
  std::shared_ptr<const broker::seen_set> seen_before{};
};

/// Subscriptions and retained messages of all topics whose first level hashes
/// to it, and the fan-out of their publications. Not pinned: it runs on
/// whichever loop gave it mail, so routing costs no thread switch.
class subtree final : public light_actor {
public:
  using behavior_type = subtree_actor::behavior_type;

  /// `stats` outlives the actor.
  subtree(caf::actor_config& cfg, size_t index, const subtree_options& options,
          subtree_stats& stats);
  ~subtree() override;

  const char* name() const override { return "troupe.subtree"; }

  // For the start: REQUIRES that no loop runs yet.

  /// A retained message that was found on disk.
  void adopt(broker::retained_message retained);
  /// The filters of a session that was found on disk.
  void adopt(subscribe_filters& message);

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;
  void on_end() override;

private:
  /// A session with subscriptions here. Its slot is the trie's subscriber.
  struct subscriber {
    subscriber_actor target;
    broker::session_key key = 0;
    uint32_t filters = 0;
    /// Its replays under way, one per filter at most.
    uint32_t replays = 0;
    /// One more than its place in `gathered_`; 0: it has none.
    uint32_t place = 0;
    readiness state = readiness::ready;
  };
  // A node has a million of them, most of which are offline sessions.
  static_assert(sizeof(subscriber) == 32);

  /// What a subscriber gets of the batch that is routed.
  struct gathered {
    uint32_t slot = 0;
    std::vector<broker::delivery> deliveries;
  };

  /// Retained messages on their way to a new subscription.
  struct replay {
    uint32_t slot = 0;
    uint32_t identifier = 0;
    protocol::qos qos = protocol::qos::at_most_once;
    bool is_peer = false;
    std::string filter;
    broker::retained_set::cursor position;
  };

  /// Mail that waits until there is all that it needs.
  using held_mail = std::variant<route, subscribe_filters, unsubscribe_filters,
                                 member_state, session_left, redistribute,
                                 continue_replay, forget_origins, housekeeping>;

  template <class T>
  bool take(const mail& message);
  template <class... Ts>
  bool take_any(const mail& message, std::variant<Ts...>*);
  void on(refill& message);
  void serve();
  void on(route& message);
  void on(subscribe_filters& message);
  void on(unsubscribe_filters& message);
  void on(member_state& message);
  void on(session_left& message);
  void on(redistribute& message);
  void on(continue_replay& message) { continue_with(message.replay); }
  void on(forget_origins& message);
  void on(housekeeping& message);

  void retain(const broker::publication_ptr& message,
              const broker::author_ptr& by);
  void remember(const broker::publication_ptr& message,
                const broker::author_ptr& by);
  void send_remembered(const broker::batch_ptr& batch);
  void expire_retained(time_point at);
  void forget_replaced(time_point at);
  void count_retained();
  void route_item(broker::publication_batch& batch, uint32_t index);
  void find_matches(std::string_view topic);
  bool is_repeat(const broker::publication& message);
  void give_origin(broker::publication_ptr& message);
  void give_origin_for_good(broker::publication_ptr& retained);
  void add_for_group(broker::publication_batch& batch, uint32_t index,
                     uint32_t group);
  void add(uint32_t slot, size_t expected, const broker::delivery& delivery);
  void send_deliveries(const broker::batch_ptr& batch);
  protocol::qos granted(protocol::qos published, protocol::qos wanted) const;

  auto key_of_slot() const noexcept {
    return [this](uint32_t slot) { return subscribers_[slot].key; };
  }
  uint32_t slot_of(const subscribe_filters& message);
  void insert(uint32_t slot, const filter_request& request);
  bool erase(uint32_t slot, std::string_view filter);
  void remove(broker::session_key key, const std::vector<std::string>& filters);
  void forget_if_empty(uint32_t slot);
  void start_replay(uint32_t slot, const filter_request& request);
  void continue_with(uint64_t number);
  void send_chunk(uint64_t number,
                  std::vector<broker::retained_message>&& messages);
  void end_replay(uint64_t number);
  void end_replay_of(uint32_t slot, std::string_view filter);

  size_t index_;
  subtree_options options_;
  subtree_stats& stats_;
  broker::subscription_trie trie_;
  broker::shared_groups groups_;
  broker::retained_set retained_;
  std::vector<subscriber> subscribers_;
  std::vector<uint32_t> free_slots_;
  broker::slot_index slots_; // by session key
  std::unordered_map<uint64_t, replay> replays_;
  uint64_t next_replay_ = 1;
  std::deque<held_mail> held_;
  bool is_serving_;
  broker::seen_set seen_; // since it started
  uint64_t last_sequence_ = 0;
  // When retained messages grow too old, soonest first; only where
  // retain_expiry_interval is set.
  std::deque<std::pair<time_point, broker::publication_ptr>> aging_;

  // Valid while one batch is routed.
  std::vector<broker::trie_entry> matches_;
  bool matches_peer_ = false;
  std::string_view matched_topic_;
  std::vector<gathered> gathered_;
  std::vector<broker::retained_message> remembered_;
};

} // namespace troupe::actors
