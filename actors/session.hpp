#pragma once

#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "actors/session_books.hpp"
#include "broker/session.hpp"
#include "core/timer_queue.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Owns a client's session machine, whether the client is there or not. Pinned
/// to the loop that its client id hashes to, as is its connection, so that a
/// take-over concerns one loop.
///
/// Where there is a store, a durable session has it keep what must survive (its
/// books), and gets its messages through the appender of the loop. It ends when
/// its client has gone: what is left of it then lies on disk and with the
/// appender, from whom the next session actor of that client id claims it.
class session final : public light_actor, public timer {
public:
  using behavior_type = session_actor::behavior_type;

  session(caf::actor_config& cfg, node_context& shared, loop& home,
          registry_actor registry, std::string client_id);
  ~session() override;

  const char* name() const override { return "troupe.session"; }
  const std::string& client_id() const { return machine_.client_id(); }
  /// What waits for the client. REQUIRES: on its loop.
  broker::disk_backlog queue() const noexcept;

  void on_timer(time_point now) noexcept override;

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;

private:
  /// A SUBACK or UNSUBACK that waits for subtrees.
  struct pending_answer {
    uint32_t request = 0;
    size_t subtrees = 0;
    send_suback answer;
  };

  /// The answer to a connection; it may wait until something is on disk.
  struct held_answer {
    attached what;
    broker::sender_parameters client;
    uint16_t spare_ids = 0;
  };

  void on(attach_connection& message);
  void on(detached& message);
  void on(deliver& message);
  void on(client_acknowledged& message);
  void on(client_subscribed& message);
  void on(client_unsubscribed& message);
  void on(filters_in_force& message);
  void on(output_writable& message);
  void on(routes_changed& message);
  void on(rights_changed& message);
  void on(end_session& message);

  // session_durable.cpp
  void on(claimed& message);
  void on(session_loaded& message);
  void on(queue_read& message);
  void on(parts_settled& message);
  void on(queue_shrunk& message);
  void on(stored& message);
  void on(parking_begun& message);
  bool concerns_us(broker::session_key key) const noexcept;
  void receive_of_store(const mail& message);
  void start();
  void become_ready();
  void become_durable();
  uint64_t remember_connect(bool is_new);
  void send_answer(held_answer&& answer);
  uint64_t retire();
  void change_key();
  void remember_presence();
  void flush_books();
  void begin_parking();
  void park_when_settled();
  void finish_parking();
  subscriber_actor target() const;

  void admit(attach_connection& message);
  void admit_next();
  void count_answer(uint32_t request);
  void settle();
  void leave();
  static void merge_copies(std::vector<broker::delivery>& deliveries);
  void pass_on(std::vector<broker::orphan>&& orphans);
  void publish(const broker::publication_ptr& message);
  std::optional<broker::stored_will> will_to_remember() const;
  void answer_when_done(pending_answer&& pending);
  void uncount(std::string_view filter);
  void drop_filters(const std::vector<std::string>& filters);
  void unsubscribe_others(const client_subscribed& wanted);
  void send_again(std::vector<broker::queued_delivery>&& deliveries);
  bool may(security::action what, std::string_view topic);
  void withhold(deliver& message);
  bool withhold(std::vector<broker::queued_delivery>& deliveries);
  void skip(const broker::queued_delivery& what,
            std::vector<broker::queued_delivery>& next);
  protocol::reason refusal(const client_subscribed::request& wanted) const;
  void after_change();
  void tell_readiness();
  readiness current_readiness();
  /// Has the sender do something that may drop messages: counts those.
  template <class Call>
  void with_sender(Call&& call);
  /// The same for what also gives messages that may be sent now: sends them.
  template <class Call>
  void send_after(Call&& call);
  void
  count_drops(const std::array<uint64_t, broker::drop_reason_count>& before);
  uint32_t next_request();

  /// How far a session is with what may lie on disk of it.
  enum class stage : uint8_t {
    /// It does not know yet.
    starting,
    /// It has all there was.
    ready,
    /// It goes; nobody attaches any more.
    parking,
  };

  session_actor self() const;

  node_context& node_;
  loop& loop_;
  registry_actor registry_;
  broker::session machine_;
  /// Null: the session is not remembered.
  std::unique_ptr<session_books> books_;
  std::unique_ptr<held_answer> held_answer_;
  /// What the appender left us, until the rest is read.
  lent_offline_session left_;
  uint64_t held_until_ = 0; // a ticket
  uint64_t next_hold_ = UINT64_MAX;
  connection_actor connection_;
  // What the client may do; null: everything.
  std::shared_ptr<security::client_access> access_;
  // Null: the limits of the loop.
  std::shared_ptr<const broker::session_limits> limits_;
  // Whose will this is; null: nobody's.
  broker::author_ptr will_by_;
  std::vector<attach_connection> waiting_; // for the old connection to end
  std::vector<pending_answer> pending_;
  std::vector<broker::batch_ptr> held_replays_;
  uint64_t attaches_ = 0;
  size_t counted_stored_ = 0;
  uint32_t last_request_ = 0;
  uint32_t shared_filters_ = 0;
  stage stage_ = stage::ready;
  readiness told_ = readiness::absent;
  bool is_parking_begun_ = false;
  bool drop_logged_ = false;
  bool wants_one_copy_ = false;
  bool is_bridge_ = false; // whoever had it last
};

template <class Call>
void session::with_sender(Call&& call) {
  auto& out = machine_.out();
  auto before = out.dropped();
  call(out);
  if (out.dropped() != before)
    count_drops(before);
}

template <class Call>
void session::send_after(Call&& call) {
  std::vector<broker::queued_delivery> next;
  with_sender([&](broker::sender& out) { call(out, next); });
  send_again(std::move(next));
}

} // namespace troupe::actors
