#pragma once

#include "actors/client_output.hpp"
#include "actors/connection_books.hpp"
#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "broker/rate_limit.hpp"
#include "broker/receiver.hpp"
#include "broker/topic_aliases.hpp"
#include "core/timer_queue.hpp"
#include "net/poller.hpp"
#include "protocol/decoder.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe::actors {

class link;

/// One client's network connection from an accepted CONNECT to its end: reads
/// and decodes packets, routes PUBLISH straight to the subtrees, hands the rest
/// to its session, and writes what the session sends. Pinned to the loop of its
/// session.
///
/// It ends in two steps: the socket goes first; the session is told when the
/// last publication of this client is complete, so that whoever takes the
/// session over finds the receiver's state final.
class connection final : public light_actor,
                         public net::poll_target,
                         public timer,
                         public turn_target,
                         public batch_receiver,
                         public broker::batch_owner {
public:
  using behavior_type = connection_actor::behavior_type;

  /// `number` is the registry's name for it.
  connection(caf::actor_config& cfg, node_context& shared, loop& home,
             registry_actor registry, uint64_t number,
             std::shared_ptr<newcomer> client);
  ~connection() override;

  const char* name() const override { return "troupe.connection"; }

  /// For who wants to know who is connected; nothing: it is ending. On its loop
  /// only.
  std::optional<roll::entry> as_entry() const {
    if (is_ending_)
      return std::nullopt;
    return roll::entry{who_ ? who_->user_name : std::nullopt, client_id_,
                       stream_.address()};
  }

  // What the loop calls.
  void on_ready(bool readable, bool writable) noexcept override;
  void on_timer(time_point now) noexcept override;
  void on_end_of_turn() noexcept override;
  bool on_receipt(broker::publication_batch& batch) override;
  void on_batch_complete(broker::publication_batch* batch) noexcept override;

protected:
  void receive(const mail& message) override;
  void on_failure(const char* what) noexcept override;

private:
  /// Why a connection ends, as logs and the client's session hear of it.
  struct ending {
    broker::end_of_connection how = broker::end_of_connection::abnormal;
    /// Sent in DISCONNECT to MQTT 5 clients; success: no DISCONNECT.
    protocol::reason code = protocol::reason::success;
    std::string why;
  };

  /// What a client may send per second.
  struct traffic_limits {
    broker::rate_limit messages;
    broker::rate_limit bytes;
  };

  // connection.cpp: messages and life
  void on(attached& message);
  void on(policy_changed& message);
  void on(disconnect_users& message);
  void on(control_answer& message);
  void on(end_link& message);
  /// At the other end is a broker that passes on what others have published.
  bool is_of_bridge() const { return link_ || peer_ || is_bridge_; }
  void end(const ending& how);
  void send_disconnect(protocol::reason code);
  void close_socket();
  void finish_if_done();
  void log_end(const ending& how) const;
  void set_traffic_limits();
  bool may(security::action what, std::string_view topic);
  void set_interest(net::interest wanted);
  void update_interest();
  void arm();
  void mark();
  void after_flush(net::io_result::kind what);
  void tell_writable();
  bool wants_input() const;
  const config::listener_settings& rules() const;
  const broker::author_ptr& as_author();

  // connection_output.cpp: what the client is sent
  void send_connack(bool session_present);
  void on(send_now& message);
  void on(send_queued& message);
  void on(send_suback& message);
  void release(const broker::queued_delivery& delivery);
  bool prepare(broker::delivery_header& header,
               const broker::publication& message);

  // connection_receipts.cpp: what becomes of what the client has published
  void settle(broker::publication_batch& batch);
  bool sends_again() const;
  void acknowledge(const broker::publication_batch& batch);
  void collect_codes(const broker::publication_batch& batch, bool failed);
  void forget_incoming();
  void on(stored& message);
  void send_pubcomp(uint16_t packet_id);

  // connection_input.cpp: what the client sends
  void read();
  bool read_once();
  size_t decode_all(std::span<const uint8_t> bytes);
  bool handle(const protocol::frame& in);
  bool handle_publish(const protocol::frame& in);
  std::optional<ending> forbidden(const protocol::publish& packet);
  protocol::reason refusal(const protocol::publish& packet);
  bool has_too_many_levels(std::string_view topic) const;
  protocol::reason refusal_of_filter(std::string_view filter);
  bool turn_down(const protocol::publish& packet);
  void answer_control(const protocol::publish& packet);
  void drop_loop(const protocol::publish& packet);
  void refuse_publish(const protocol::publish& packet, protocol::reason code);
  void route_publish(const protocol::publish& packet, std::string_view path);
  bool handle_acknowledgement(const protocol::frame& in);
  bool handle_other(const protocol::frame& in);
  std::string mounted(std::string_view filter) const;
  bool rename_incoming(protocol::publish& packet, std::string& name);
  bool handle_subscribe(const protocol::subscribe& packet);
  bool handle_unsubscribe(const protocol::unsubscribe& packet);
  bool handle_disconnect(const protocol::disconnect& packet);

  // connection_auth.cpp: who it is, once more
  bool handle_auth(const protocol::auth& packet);
  bool begin_exchange(const protocol::auth& packet);
  bool go_on_with_exchange(std::string_view data);
  bool finish_exchange(const security::scram_step& step);
  bool refuse_exchange(protocol::reason code, std::string why);

  void dispatch_batches();
  void pass_on_acknowledgements();
  void send_due_acknowledgements();
  bool fail(const failure& why);
  bool end_in_order(const ending& how);
  void decode_input();
  bool is_taking_packets() const;

  // connection_link.cpp: the other way round, as a bridge's link
  void begin_link(const attached& message);
  void watch_link(time_point now);
  void say_farewell(const ending& how);
  void settle_lowered();
  void write_to_server();
  bool prepare_for_server(broker::delivery_header& header,
                          const broker::publication& message);
  void warn_of_refusals(const send_suback& answer) const;
  bool handle_from_server(const protocol::frame& in);
  bool handle_suback(const protocol::suback& packet);
  bool handle_server_disconnect(const protocol::disconnect& packet);
  void tell_bridge(const ending& how);

  node_context& node_;
  loop& loop_;
  registry_actor registry_;
  uint64_t number_;
  std::shared_ptr<newcomer> client_; // until CONNACK is sent
  std::string client_id_;
  session_actor session_;
  broker::session_key session_key_ = 0;
  net::stream stream_;
  byte_buffer input_; // a packet that has not arrived whole
  client_output output_;
  broker::receiver receiver_;
  std::unique_ptr<broker::incoming_aliases> aliases_;
  std::vector<broker::receiver::acknowledgement> acknowledged_;
  // Null: nothing is remembered for this client.
  std::unique_ptr<connection_books> books_;
  // How to end once what came before is answered; null: not yet.
  std::unique_ptr<ending> last_word_;
  connection_actor self_; // keeps us alive while the loop knows us
  time_point last_read_;
  uint64_t next_batch_ = 1;
  size_t unfinished_bytes_ = 0;
  listener_policy_ptr policy_;
  // Null: it did not have to prove who it is.
  std::unique_ptr<login> who_;
  // Null: it does not prove it again just now.
  std::unique_ptr<security::scram_server> exchange_;
  // Null: nothing of it was retained yet.
  broker::author_ptr author_;
  // Null: it may do everything.
  std::shared_ptr<security::client_access> access_;
  std::unique_ptr<traffic_limits> traffic_;
  // Null: it is a client's.
  std::unique_ptr<link> link_;
  admission::slot slot_;
  uint32_t expiry_interval_; // as the client asked, seconds
  uint32_t unfinished_batches_ = 0;
  std::optional<uint32_t> new_expiry_interval_;
  uint16_t keep_alive_;
  protocol::version version_;
  uint32_t max_packet_size_; // as announced
  bool retain_available_;    // as announced
  net::interest interest_ = net::interest::none;
  broker::end_of_connection how_ended_ = broker::end_of_connection::abnormal;
  bool is_bridge_;
  bool peer_; // a node of troupe: messages keep their path
  bool is_attached_ = false;
  bool is_ending_ = false;    // no packet is taken any more
  bool is_lingering_ = false; // DISCONNECT is out; the client may read it
  bool is_detached_ = false;
  bool is_marked_ = false;
  bool awaits_answer_ = false; // SUBACK or UNSUBACK
  bool is_blocked_ = false;    // the socket took less than we had
  bool was_writable_ = true;
};

} // namespace troupe::actors
