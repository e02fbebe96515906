#pragma once

#include "actors/admission.hpp"
#include "actors/authentication.hpp"
#include "actors/policy.hpp"
#include "broker/batch.hpp"
#include "broker/connect_policy.hpp"
#include "broker/offline_sessions.hpp"
#include "broker/receiver.hpp"
#include "broker/session.hpp"
#include "core/byte_buffer.hpp"
#include "net/connector.hpp"
#include "net/stream.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

// Every message actors exchange, in the order of their type identifiers, and
// the interfaces that take them. On the hot path a message is a batch. They
// hold pointers, so none of them leaves the process.
namespace troupe::actors {

struct route;
struct subscribe_filters;
struct unsubscribe_filters;
struct member_state;
struct session_left;
struct redistribute;
struct continue_replay;
struct attach_connection;
struct detached;
struct deliver;
struct client_acknowledged;
struct client_subscribed;
struct client_unsubscribed;
struct filters_in_force;
struct output_writable;
struct routes_changed;
struct end_session;
struct attached;
struct taken_over;
struct send_now;
struct send_queued;
struct send_suback;
struct handed_over;
struct session_idle;
struct connection_closed;
struct stop_node;
struct logged_in;
struct rights_changed;
struct disconnect_users;
struct control_answer;
struct policy_changed;
struct drain_finished;
struct housekeeping;
struct commit_batch;
struct remember;
struct remember_retained;
struct remember_seen;
struct load_session;
struct read_queue;
struct shrink_queue;
struct claim;
struct enroll;
struct withdraw;
struct park;
struct parked;
struct parts_settled;
struct queue_shrunk;
struct claimed;
struct parking_begun;
struct session_loaded;
struct queue_read;
struct stored;
struct reload;
struct refill;
struct refilled;
struct introduce;
struct dialed;
struct link_attached;
struct link_ended;
struct end_link;
struct bridge_changed;
struct remove_bridge;
struct link_setup;
struct call_roll;
struct forget_origins;
class route_table;
class refilling;

/// Whoever takes messages for a session: the session itself or, for a durable
/// one, the appender of its loop.
using subscriber_actor = caf::typed_actor<
    // Messages for the client.
    caf::reacts_to<deliver>>;

/// Whoever has something remembered and wants to know when it is.
using stored_sink = caf::typed_actor<caf::reacts_to<stored>>;

/// Whoever asks for what a session needs when its client returns or it ends.
using load_sink = caf::typed_actor<caf::reacts_to<session_loaded>>;

/// Writes everything that must survive, in groups, on a thread of its own.
using store_actor = caf::typed_actor<
    // A batch with something to remember: lets it go when that is written.
    caf::reacts_to<commit_batch>,
    // Changes of one session.
    caf::reacts_to<remember>,
    // Retained messages were set or removed.
    caf::reacts_to<remember_retained>,
    // Messages of other nodes were taken.
    caf::reacts_to<remember_seen>,
    // Answers with `session_loaded`.
    caf::reacts_to<load_session>,
    // Answers with `queue_read`.
    caf::reacts_to<read_queue>,
    // Old or expired messages make room; answers with `queue_shrunk`.
    caf::reacts_to<shrink_queue>,
    // A subtree was started anew: tells it what it knew, with `refill`.
    caf::reacts_to<reload>,
    // Commit and end.
    caf::reacts_to<stop_node>>;

/// Stands in for the durable sessions of a loop: passes messages on to those
/// whose client is there and appends them to the queues of the others.
using appender_actor = caf::typed_actor<
    // Messages for a client.
    caf::reacts_to<deliver>,
    // A session actor wants what there is under its client id; answers with
    // `claimed`.
    caf::reacts_to<claim>,
    // A session has become durable.
    caf::reacts_to<enroll>,
    // A session is over.
    caf::reacts_to<withdraw>,
    // A session goes offline: answers with `parking_begun`.
    caf::reacts_to<park>,
    // It has gone.
    caf::reacts_to<parked>,
    // Parts are written, or could not be.
    caf::reacts_to<parts_settled>,
    // Messages were removed from a queue.
    caf::reacts_to<queue_shrunk>,
    // The filters of a session that ends.
    caf::reacts_to<session_loaded>,
    // A subtree was started anew: subscribe there again.
    caf::reacts_to<routes_changed>,
    // Messages that wait for nobody any more are to be removed.
    caf::reacts_to<housekeeping>>;

/// Routes publications and keeps subscriptions and retained messages of the
/// topics whose first level hashes to it.
using subtree_actor = caf::typed_actor<
    // Publications of one read of one connection.
    caf::reacts_to<route>,
    // Put filters in force; answers with `filters_in_force`, then replays
    // retained messages.
    caf::reacts_to<subscribe_filters>,
    // Take filters out; answers with `filters_in_force`.
    caf::reacts_to<unsubscribe_filters>,
    // A member of shared subscriptions came, went or filled up.
    caf::reacts_to<member_state>,
    // The session has no subscriptions any more and forgets us.
    caf::reacts_to<session_left>,
    // Messages of a member that left for good go to another one.
    caf::reacts_to<redistribute>,
    // A chunk of retained messages was taken: send the next.
    caf::reacts_to<continue_replay>,
    // What the subtree knew in whose place this one was started.
    caf::reacts_to<refill>,
    // That was all: serve.
    caf::reacts_to<refilled>,
    // Messages with these origins come again.
    caf::reacts_to<forget_origins>,
    // Drop what has expired.
    caf::reacts_to<housekeeping>>;

/// One client's session: connected or away.
using session_actor = caf::typed_actor<
    // A connection wants this session.
    caf::reacts_to<attach_connection>,
    // Its connection ended and gives back what it was lent.
    caf::reacts_to<detached>,
    // Messages for the client.
    caf::reacts_to<deliver>,
    // PUBACK, PUBREC and PUBCOMP of one read.
    caf::reacts_to<client_acknowledged>, caf::reacts_to<client_subscribed>,
    caf::reacts_to<client_unsubscribed>,
    // A subtree has carried out a subscribe or unsubscribe.
    caf::reacts_to<filters_in_force>,
    // The client reads again, or does not.
    caf::reacts_to<output_writable>,
    // A subtree was started anew: subscribe there again.
    caf::reacts_to<routes_changed>,
    // Its client may do something else from here on.
    caf::reacts_to<rights_changed>,
    // The registry has forgotten the session: end.
    caf::reacts_to<end_session>,
    // What there was under the client id.
    caf::reacts_to<claimed>,
    // From the appender: nothing more comes.
    caf::reacts_to<parking_begun>,
    // What the disk holds of the session.
    caf::reacts_to<session_loaded>,
    // A slice of its queue.
    caf::reacts_to<queue_read>,
    // Parts of its own are written, or could not be.
    caf::reacts_to<parts_settled>,
    // Messages were removed from its queue.
    caf::reacts_to<queue_shrunk>,
    // What it had remembered is on disk.
    caf::reacts_to<stored>>;

/// One network connection that sent an acceptable CONNECT.
using connection_actor = caf::typed_actor<
    // The session is ours: send CONNACK, begin to read.
    caf::reacts_to<attached>,
    // Another connection has the client id now: end.
    caf::reacts_to<taken_over>,
    // Deliveries straight from a batch.
    caf::reacts_to<send_now>,
    // Deliveries from the session's queue, or sent again.
    caf::reacts_to<send_queued>,
    // SUBACK or UNSUBACK.
    caf::reacts_to<send_suback>,
    // Identifiers are forgotten on disk: PUBCOMP may go out.
    caf::reacts_to<stored>,
    // Go by it from here on, or end.
    caf::reacts_to<policy_changed>,
    // End if it is one of those.
    caf::reacts_to<disconnect_users>,
    // The answer to a command that the client published to $CONTROL.
    caf::reacts_to<control_answer>,
    // Its bridge has no use for it any more.
    caf::reacts_to<end_link>,
    // The broker stops.
    caf::reacts_to<stop_node>>;

/// Knows the sessions and connections of one loop.
using registry_actor = caf::typed_actor<
    // A socket whose CONNECT was accepted.
    caf::reacts_to<handed_over>,
    // A bridge wants to talk to its session although it has no link.
    caf::reacts_to<introduce>,
    // A session is over: forget it unless somebody wants it meanwhile.
    caf::reacts_to<session_idle>,
    // A connection has ended.
    caf::reacts_to<connection_closed>,
    // Tell every session of new subtrees.
    caf::reacts_to<routes_changed>,
    // Go by it from here on, and tell every connection.
    caf::reacts_to<policy_changed>,
    // Tell every connection.
    caf::reacts_to<disconnect_users>,
    // Write down who is connected.
    caf::reacts_to<call_roll>,
    // Disconnect everybody.
    caf::reacts_to<stop_node>>;

/// Accepts connections on one loop and reads their CONNECT.
using greeter_actor = caf::typed_actor<
    // Open and close doors, and go by it from here on.
    caf::reacts_to<policy_changed>,
    // Whether somebody is who it says.
    caf::reacts_to<logged_in>,
    // Stop accepting, drop who has not said CONNECT.
    caf::reacts_to<stop_node>>;

/// One link to a remote broker: when it is there, a connection serves it as it
/// serves a client; the bridge sees to it that it is there. To its session it
/// stands in for a connection while it has no link.
using bridge_actor = caf::typed_actor<
    // A name is resolved.
    caf::reacts_to<dialed>,
    // Another connection takes its session over.
    caf::reacts_to<taken_over>,
    // The link serves.
    caf::reacts_to<link_attached>,
    // The link is gone.
    caf::reacts_to<link_ended>,
    // Go by this from here on.
    caf::reacts_to<bridge_changed>,
    // It is gone from the configuration: its session goes, too.
    caf::reacts_to<remove_bridge>,
    // The broker stops.
    caf::reacts_to<stop_node>>;

/// Publishes $SYS and has subtrees drop what expired. On loop 0.
using sys_actor = caf::typed_actor<
    // A subtree was started anew: publish there again.
    caf::reacts_to<routes_changed>,
    // Stop publishing.
    caf::reacts_to<stop_node>>;

/// Starts all of the above, restarts subtrees, ends the node in order.
using supervisor_actor = caf::typed_actor<
    // SIGHUP: tell everybody.
    caf::reacts_to<policy_changed>,
    // SIGTERM: end in order.
    caf::reacts_to<stop_node>,
    // A registry has no connection left.
    caf::reacts_to<drain_finished>>;

// -- to subtrees
// ----------------------------------------------------------------

struct route {
  broker::batch_ptr batch;
};

/// One filter of one session, in full (`$share/...` included).
struct filter_request {
  std::string filter;
  protocol::subscription_options options;
  /// Subscription identifier; 0: none.
  uint32_t identifier = 0;
  /// `delivery::shared` of the session for this filter.
  uint16_t shared = 0;
  /// The session did not have it before: decides about retained messages.
  bool is_new = true;
};

/// How a session can take messages of shared subscriptions.
enum class readiness : uint8_t {
  /// Online with room.
  ready,
  /// Durable: can keep messages although it is away or full.
  can_keep,
  /// Away and not durable.
  absent,
};

struct subscribe_filters {
  /// Who takes the messages.
  subscriber_actor subscriber;
  /// Who wants the answer.
  session_actor session;
  broker::session_key key = 0;
  /// The session's number for this request, for `filters_in_force`; 0: no
  /// answer wanted.
  uint32_t request = 0;
  readiness state = readiness::ready;
  std::vector<filter_request> filters;
};

struct unsubscribe_filters {
  session_actor session;
  broker::session_key key = 0;
  uint32_t request = 0;
  std::vector<std::string> filters;
};

struct member_state {
  broker::session_key key = 0;
  readiness state = readiness::ready;
};

struct session_left {
  broker::session_key key = 0;
  std::vector<std::string> filters;
};

/// A message that came through a shared subscription to a session that is gone.
struct redistribution {
  /// `$share/<name>/<filter>`.
  std::string filter;
  broker::publication_ptr message;
};

struct redistribute {
  std::vector<redistribution> messages;
};

struct continue_replay {
  uint64_t replay = 0;
};

/// What came over a bridge was seen, but then lost or not stored: it was not
/// acknowledged.
struct forget_origins {
  std::vector<broker::message_origin> origins;
};

struct housekeeping {};

/// Subscribers and retained messages for a subtree that was started anew. No
/// answer is wanted, and nothing is replayed.
struct refill {
  std::vector<subscribe_filters> subscribers;
  std::vector<broker::retained_message> retained;
};

struct refilled {};

// -- to sessions
// ----------------------------------------------------------------

/// The incoming half of a session on its way to a connection or back: the
/// receiver of the message takes it over. Shared only because messages must be
/// copyable.
using lent_receiver = std::shared_ptr<broker::receiver>;

struct attach_connection {
  connection_actor connection;
  broker::connect_parameters parameters;
  /// What the client may do; null: everything. Shared by its connection and
  /// its session, which are on one loop.
  std::shared_ptr<security::client_access> access;
  /// Whose will it is, so that it can be judged when he is gone; null: nobody
  /// left one.
  broker::author_ptr will_by;
  /// What bounds the session from here on; null: what bounds all.
  std::shared_ptr<const broker::session_limits> limits;
  /// Packet identifiers that the connection wants for packets of its own.
  uint16_t spare_ids = 0;
  /// A bridge of this node wants the session, and no client.
  bool is_bridge = false;
};

struct detached {
  connection_actor connection;
  /// Null if nothing is under way.
  lent_receiver receiver;
  broker::end_of_connection how = broker::end_of_connection::abnormal;
  /// DISCONNECT brought a new session expiry interval.
  bool changes_expiry = false;
  /// That interval, seconds.
  uint32_t expiry_interval = 0;
};

struct deliver {
  broker::session_key key = 0;
  broker::batch_ptr batch;
  std::vector<broker::delivery> deliveries;
};

struct client_acknowledged {
  std::vector<broker::receiver::acknowledgement> packets;
};

struct client_subscribed {
  uint16_t packet_id = 0;
  uint32_t identifier = 0;
  struct request {
    std::string filter;
    protocol::subscription_options options;
    /// Other than success: it is not allowed, and SUBACK says so.
    protocol::reason refusal = protocol::reason::success;
  };
  std::vector<request> requests;
  /// Whatever else the session is subscribed to, it is no longer. UNSUBACK
  /// says so before SUBACK does.
  bool replaces_all = false;
};

struct client_unsubscribed {
  uint16_t packet_id = 0;
  struct request {
    std::string filter;
    /// As with `client_subscribed`.
    protocol::reason refusal = protocol::reason::success;
  };
  std::vector<request> requests;
};

struct filters_in_force {
  uint32_t request = 0;
};

struct output_writable {
  bool writable = true;
};

struct routes_changed {
  std::shared_ptr<const route_table> routes;
  /// Index of the subtree that lost what it knew.
  size_t lost = 0;
  /// Held by whoever has something to tell the new one, until that is told.
  std::shared_ptr<refilling> until;
};

struct end_session {};

// -- to connections
// -------------------------------------------------------------

struct attached {
  /// Null: it failed, and the connection has been told to end.
  session_actor session;
  broker::session_key key = 0;
  bool session_present = false;
  /// Null: a new one will do.
  lent_receiver receiver;
  /// As many as were asked for; not used otherwise for a long while.
  std::vector<uint16_t> spare_ids;
};

struct taken_over {};

struct end_link {
  /// For the log.
  std::string why;
};

struct send_now {
  broker::batch_ptr batch;
  std::vector<broker::delivery> deliveries;
};

struct send_queued {
  std::vector<broker::queued_delivery> deliveries;
};

struct send_suback {
  uint16_t packet_id = 0;
  bool unsubscribe = false;
  std::vector<protocol::reason> codes;
};

// -- to the store
// ------------------------------------------------------------------

struct commit_batch {
  broker::batch_ptr batch;
};

/// What a session wants remembered or forgotten. Empty fields change nothing.
struct remember {
  /// An entry that is dealt with, or whose PUBREC has come (`packet_id`).
  struct entry {
    uint64_t sequence = 0;
    /// As for `broker::store::put_released`; 0: it was released.
    uint32_t size = 0;
    uint16_t packet_id = 0;
  };
  struct will_change {
    /// None: there is no will any more.
    std::optional<broker::stored_will> will;
  };

  broker::session_key key = 0;
  /// The session with everything that belongs to it goes first.
  bool erases_session = false;
  /// The queue of the erased session.
  broker::disk_queue_ptr ended_queue;
  std::optional<broker::session_record> session;
  std::optional<will_change> will;
  std::vector<broker::stored_subscription> subscribed;
  std::vector<std::string> unsubscribed;
  std::vector<entry> released;
  std::vector<entry> erased;
  /// As for `broker::store::erase_until`; 0: nothing.
  uint64_t erased_until = 0;
  std::optional<std::vector<broker::launch_run>> window;
  std::vector<uint16_t> incoming_erased;
  /// Told when it is on disk, with `ticket`; null: nobody is.
  stored_sink answer_to;
  uint64_t ticket = 0;
  /// Whoever waits is told if it cannot be written for now: it can do without.
  bool may_be_late = false;
  bool is_late = false; // and whoever waits has been told
};

struct remember_retained {
  /// An empty payload removes.
  std::vector<broker::retained_message> messages;
  /// Let go when they are written, so that the publisher is acknowledged then.
  broker::batch_ptr batch;
};

/// Messages of other nodes of which nothing else is remembered. Nobody waits:
/// if it gets lost they may be taken for new, should they come again.
struct remember_seen {
  std::vector<broker::message_origin> origins;
};

struct load_session {
  broker::session_key key = 0;
  load_sink answer_to;
};

struct read_queue {
  broker::session_key key = 0;
  uint64_t from = 0;
  session_actor answer_to;
};

struct shrink_queue {
  broker::session_key key = 0;
  /// Expired messages go.
  bool expired = false;
  /// So many of the oldest from `from` on go, and so many bytes of payload at
  /// least.
  size_t oldest = 0;
  size_t bytes = 0;
  uint64_t from = 0;
  appender_actor answer_to;
};

/// What is on disk for a subtree that was started anew.
struct reload {
  routes_changed change;
  /// The sessions whose filters are wanted, and who takes their messages.
  std::vector<broker::session_key> keys;
  subscriber_actor subscriber;
  /// Retained messages are wanted, too.
  bool retained = false;
};

// -- to appenders
// ------------------------------------------------------------------

struct claim {
  std::string client_id;
  session_actor session;
};

struct enroll {
  std::string client_id;
  broker::disk_queue_ptr queue;
  session_actor session;
};

struct withdraw {
  broker::session_key key = 0;
};

struct park {
  broker::session_key key = 0;
};

/// Shared only because messages must be copyable; the receiver takes it over.
using lent_offline_session = std::shared_ptr<broker::offline_session>;

struct parked {
  broker::session_key key = 0;
  lent_offline_session record;
};

struct parts_settled {
  std::vector<broker::journal_part_ptr> parts;
};

struct queue_shrunk {
  broker::session_key key = 0;
  /// What went beyond what was asked for: the asker counts that as gone.
  size_t messages = 0;
  size_t bytes = 0;
  /// What of it had expired.
  size_t expired = 0;
  /// Nothing of what was left then expires before; only if expired ones were to
  /// go.
  time_point earliest_expiry = never;
};

// -- from appender and store to sessions
// ------------------------------------------------

struct claimed {
  /// Null: there was nothing.
  lent_offline_session record;
};

struct parking_begun {};

struct session_loaded {
  broker::session_key key = 0;
  /// Shared only because messages must be copyable.
  std::shared_ptr<broker::stored_session> content;
  /// The beginning of its queue.
  std::shared_ptr<broker::queue_slice> queue;
};

struct queue_read {
  broker::session_key key = 0;
  std::shared_ptr<broker::queue_slice> slice;
};

struct stored {
  broker::session_key key = 0;
  uint64_t ticket = 0;
  /// It could not be written yet and is tried again: what can do without need
  /// not wait. Another answer follows.
  bool is_late = false;
};

// -- to registries and above
// ----------------------------------------------------

/// A socket with an accepted CONNECT. Shared only because a message must be
/// copyable; the receiver takes it over.
struct newcomer {
  net::stream stream;
  /// What the client sent behind its CONNECT.
  byte_buffer rest;
  broker::connect_decision decision;
  /// What holds at the listener it came through.
  listener_policy_ptr policy;
  /// Its place among the connections that are allowed.
  admission::slot slot;
  protocol::version version = protocol::version::v311;
  bool is_bridge = false;
  /// Aliases the broker may use towards the client.
  uint16_t topic_alias_maximum = 0;
  /// Who it proved to be.
  login who;
  /// What it may do; null: everything.
  std::shared_ptr<security::client_access> access;
  /// Goes into CONNACK: the last word of the authentication exchange.
  std::string authentication_data;
  /// Not a client's connection to us but a bridge's to a remote broker, which
  /// has accepted it; null: a client's.
  std::shared_ptr<link_setup> link;
};

struct introduce {
  std::string client_id;
  attach_connection request;
};

struct handed_over {
  std::shared_ptr<newcomer> client;
};

struct session_idle {
  /// `attaches` of a session that has failed: nobody can have it any more.
  static constexpr uint64_t failed = UINT64_MAX;

  session_actor session;
  std::string client_id;
  /// How many `attach` messages the session has seen.
  uint64_t attaches = 0;
};

struct connection_closed {
  uint64_t number = 0;
};

struct stop_node {};

/// A listening socket and what holds for who comes through it.
struct listening_socket {
  std::shared_ptr<const net::socket> socket;
  listener_policy_ptr policy;
};

/// A worker has judged whom a visitor of the greeter claims to be.
struct logged_in {
  uint64_t visitor = 0;
  admittance outcome;
};

/// What the client of a session may do from here on; null: everything.
struct rights_changed {
  std::shared_ptr<security::client_access> access;
};

/// Dynamic security wants clients with these user names to go; nothing: those
/// without a user name.
struct disconnect_users {
  std::shared_ptr<const std::vector<std::optional<std::string>>> names;
};

struct control_answer {
  std::string topic;
  std::string payload;
};

/// Another configuration is in force. `doors` are all listening sockets.
struct policy_changed {
  node_policy_ptr policy;
  std::shared_ptr<const std::vector<listening_socket>> doors;
  /// Held until whoever it is for has done as it says; null: nobody waits.
  std::shared_ptr<const void> until = nullptr;
};

struct drain_finished {
  size_t loop = 0;
};

// -- to bridges
// ------------------------------------------------------------------

/// A worker has found out what a name stands for.
struct dialed {
  /// The bridge's number for the request.
  uint64_t number = 0;
  std::vector<net::endpoint_candidate> candidates;
  /// Why there are none.
  std::string error;
};

struct link_attached {
  connection_actor connection;
};

struct link_ended {
  /// In words; empty: the bridge wanted it.
  std::string why;
};

struct bridge_changed {
  bridge_plan_ptr plan;
  /// Held until its session is subscribed to what it says, or that must wait
  /// for the end of the link; null: nobody waits.
  std::shared_ptr<const void> until = nullptr;
};

struct remove_bridge {
  /// Another bridge has its session from now on. May be told later, too.
  bool keeps_session = false;
};

/// Who is connected, written down by all registries together.
struct roll {
  struct entry {
    std::optional<std::string> user_name;
    std::string client_id;
    std::string address;
  };
  std::mutex guard;
  std::vector<entry> present;
};

struct call_roll {
  /// Complete when nobody else holds it.
  std::shared_ptr<roll> to;
};

} // namespace troupe::actors

// New messages go to the end: their identifiers must not change.
CAF_BEGIN_TYPE_ID_BLOCK(troupe, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(troupe, (troupe::actors::route))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::subscribe_filters))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::unsubscribe_filters))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::member_state))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::session_left))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::redistribute))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::continue_replay))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::attach_connection))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::detached))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::deliver))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::client_acknowledged))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::client_subscribed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::client_unsubscribed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::filters_in_force))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::output_writable))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::routes_changed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::end_session))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::attached))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::taken_over))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::send_now))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::send_queued))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::send_suback))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::handed_over))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::session_idle))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::connection_closed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::stop_node))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::drain_finished))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::housekeeping))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::commit_batch))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::remember))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::remember_retained))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::remember_seen))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::load_session))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::read_queue))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::shrink_queue))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::claim))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::enroll))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::withdraw))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::park))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::parked))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::parts_settled))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::queue_shrunk))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::claimed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::parking_begun))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::session_loaded))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::queue_read))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::stored))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::policy_changed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::logged_in))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::rights_changed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::disconnect_users))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::control_answer))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::reload))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::refill))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::refilled))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::introduce))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::dialed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::link_attached))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::link_ended))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::end_link))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::bridge_changed))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::remove_bridge))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::call_roll))
CAF_ADD_TYPE_ID(troupe, (troupe::actors::forget_origins))
CAF_END_TYPE_ID_BLOCK(troupe)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::route)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::subscribe_filters)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::unsubscribe_filters)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::member_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::redistribute)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::continue_replay)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::attach_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::detached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::client_acknowledged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::client_subscribed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::client_unsubscribed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::filters_in_force)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::output_writable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::routes_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::end_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::attached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::taken_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::send_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::send_queued)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::send_suback)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::handed_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::connection_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::drain_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::housekeeping)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::commit_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::remember)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::remember_retained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::remember_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::load_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::read_queue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shrink_queue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::claim)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::enroll)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::withdraw)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::park)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::parked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::parts_settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::queue_shrunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::claimed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::parking_begun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::queue_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::policy_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::logged_in)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::rights_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::disconnect_users)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::control_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::reload)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::refill)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::refilled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::introduce)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::dialed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::link_attached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::link_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::end_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::bridge_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::remove_bridge)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::call_roll)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::forget_origins)
