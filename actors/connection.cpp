#include "actors/connection.hpp"

#include "actors/authorship.hpp"
#include "actors/link.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"
#include "protocol/encoder.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace troupe::actors {

namespace {

using protocol::reason;
using protocol::version;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long a client may take to read a DISCONNECT before the socket goes.
constexpr auto linger_time = seconds{1};

/// Acknowledgements owed at which reading stops. A client can have 65,535 QoS 2
/// messages open and must then still be heard, for its PUBRELs.
constexpr size_t most_unacknowledged = 2 * 65'536;

output_limits limits_of(const listener_policy& at) {
  return {at.broker->output_pause, at.broker->output_limit};
}

} // namespace

connection::connection(caf::actor_config& cfg, node_context& shared, loop& home,
                       registry_actor registry, uint64_t number,
                       std::shared_ptr<newcomer> client)
    : light_actor(cfg, &home), node_(shared), loop_(home),
      registry_(std::move(registry)), number_(number),
      client_(std::move(client)), client_id_(client_->decision.client_id),
      stream_(std::move(client_->stream)),
      output_(home, client_->version, limits_of(*client_->policy),
              {client_->topic_alias_maximum,
               client_->decision.parameters.client.maximum_packet_size}),
      last_read_(home.now()), policy_(client_->policy),
      access_(client_->access), slot_(std::move(client_->slot)),
      expiry_interval_(client_->decision.parameters.expiry_interval),
      keep_alive_(client_->decision.keep_alive), version_(client_->version),
      max_packet_size_(policy_->broker->max_packet_size),
      retain_available_(policy_->broker->retain_available),
      is_bridge_(client_->is_bridge),
      peer_(client_->decision.parameters.client.is_peer) {
  self_ = caf::actor_cast<connection_actor>(ctrl());
  if (client_->who.how != login::method::none || client_->who.user_name)
    who_ = std::make_unique<login>(std::move(client_->who));
  if (client_->link) {
    link_ = std::make_unique<link>(std::move(*client_->link), home.now());
    auto is_announced = version_ == version::v5; // 0: no limit
    max_packet_size_ = is_announced ? link_->plan().own.max_packet_size : 0;
    retain_available_ = true;
  } else {
    set_traffic_limits();
  }
  if (node_.store)
    books_ = std::make_unique<connection_books>(expiry_interval_ != 0);
  loop_.stats().connections.add();
  loop_.stats().connections_total.add();
}

connection::~connection() = default;

void connection::set_traffic_limits() {
  auto messages = policy_->broker->max_publish_rate;
  auto bytes = policy_->broker->max_publish_bytes_rate;
  traffic_.reset();
  if (messages != 0 || bytes != 0)
    traffic_ = std::make_unique<traffic_limits>(
        traffic_limits{broker::rate_limit{messages, loop_.now()},
                       broker::rate_limit{bytes, loop_.now()}});
}

bool connection::may(security::action what, std::string_view topic) {
  return !access_ || access_->may(what, topic);
}

const config::listener_settings& connection::rules() const {
  return policy_->own;
}

/// Who the client is to whom keeps what it publishes.
const broker::author_ptr& connection::as_author() {
  if (!author_)
    author_ = make_author(*policy_, who_ ? *who_ : login{}, client_id_);
  return author_;
}

// -- messages
// -------------------------------------------------------------------

void connection::receive(const mail& message) {
  if (auto* now = message.get_if<send_now>())
    on(*now);
  else if (auto* queued = message.get_if<send_queued>())
    on(*queued);
  else if (auto* suback = message.get_if<send_suback>())
    on(*suback);
  else if (auto* session = message.get_if<attached>())
    on(*session);
  else if (auto* done = message.get_if<stored>())
    on(*done);
  else if (auto* changed = message.get_if<policy_changed>())
    on(*changed);
  else if (auto* unwanted = message.get_if<disconnect_users>())
    on(*unwanted);
  else if (auto* answer = message.get_if<control_answer>())
    on(*answer);
  else if (auto* unneeded = message.get_if<end_link>())
    on(*unneeded);
  else if (message.get_if<taken_over>())
    end({broker::end_of_connection::taken_over, reason::session_taken_over,
         "session taken over"});
  else if (message.get_if<stop_node>())
    end({broker::end_of_connection::abnormal, reason::server_shutting_down,
         "the broker is shutting down"});
}

void connection::on(attached& message) {
  session_ = std::move(message.session);
  session_key_ = message.key;
  if (message.receiver)
    receiver_ = std::move(*message.receiver);
  is_attached_ = true;
  if (client_ && client_->access != access_) // changed under way
    tell(session_, rights_changed{access_});
  if (is_ending_) { // taken over before it was ours
    finish_if_done();
    return;
  }
  receiver_.on_connected(version_ != version::v5 ? 0
                         : link_ ? link_->plan().own.receive_maximum
                                 : policy_->broker->max_inflight_messages);
  if (link_)
    begin_link(message);
  else
    send_connack(message.session_present);
  if (is_ending_)
    return;
  auto rest = std::move(client_->rest);
  client_.reset();
  last_read_ = loop_.now();
  arm();
  update_interest();
  if (!rest.empty()) {
    auto used = decode_all(rest.bytes());
    if (!is_ending_)
      input_.append(rest.bytes().subspan(used));
  }
}

/// The listener may be gone; else its new rules hold from the next packet on.
void connection::on(policy_changed& message) {
  if (is_ending_ || link_) // its bridge decides
    return;
  auto now = message.policy->find(policy_->own);
  if (!now) {
    end({broker::end_of_connection::abnormal, reason::administrative_action,
         "its listener is gone from the configuration"});
    return;
  }
  static const login anonymous;
  const auto& who = who_ ? *who_ : anonymous;
  if (!may_stay(*now, who, client_id_)) {
    end({broker::end_of_connection::abnormal, reason::not_authorized,
         "it may no longer connect"});
    return;
  }
  if (auto why = now->tls ? stream_.objection(*now->tls) : std::string{};
      !why.empty()) {
    end({broker::end_of_connection::abnormal, reason::not_authorized,
         std::move(why)});
    return;
  }
  policy_ = std::move(now);
  access_ = make_access(*policy_, who, client_id_);
  set_traffic_limits();
  if (is_attached_) // else it is told then
    tell(session_, rights_changed{access_});
}

void connection::on(disconnect_users& message) {
  if (link_)
    return;
  const auto& names = *message.names;
  auto user_name = who_ ? who_->user_name : std::nullopt;
  if (std::find(names.begin(), names.end(), user_name) != names.end())
    end({broker::end_of_connection::by_client, reason::administrative_action,
         "dynamic security was changed"});
}

void connection::on(control_answer& message) {
  if (is_ending_)
    return;
  protocol::message answer;
  answer.topic = message.topic;
  answer.payload = message.payload;
  output_.publish(*broker::publication::make(answer, loop_.now()), {});
  mark();
}

void connection::on_failure(const char* what) noexcept {
  log::client(log::level::error, client_id_, "Connection failed: {}", what);
  // What was read before the failure was not acknowledged and goes nowhere; it
  // must not travel with the next client's.
  for (auto& batch : loop_.open_batches())
    batch.reset();
  end({broker::end_of_connection::abnormal, reason::unspecified_error, what});
}

// -- the end
// --------------------------------------------------------------------

void connection::end(const ending& how) {
  if (is_ending_)
    return;
  is_ending_ = true;
  how_ended_ = how.how;
  log_end(how);
  pass_on_acknowledgements();
  auto says_why =
      !link_ && version_ == version::v5 && how.code != reason::success;
  if (is_attached_ && says_why)
    send_disconnect(how.code);
  if (link_ && is_attached_)
    say_farewell(how);
  if (stream_.is_open() && is_attached_)
    output_.flush(stream_);
  output_.discard();
  if (is_attached_ && says_why && stream_.is_open()) {
    is_lingering_ = true;
    stream_.shutdown_write();
    set_interest(net::interest::read);
    loop_.timers().arm(*this, loop_.now() + linger_time);
  } else {
    stream_.take_leave();
    close_socket();
  }
  if (link_)
    tell_bridge(how);
  finish_if_done();
}

void connection::send_disconnect(reason code) {
  log::client(log::level::debug, client_id_, "Sending DISCONNECT to {} (rc{})",
              client_id_, static_cast<int>(code));
  protocol::encode(output_.control(), protocol::disconnect{code, {}}, version_);
  loop_.stats().packets_sent.add();
}

void connection::close_socket() {
  loop_.poller().forget(this);
  interest_ = net::interest::none;
  loop_.timers().disarm(*this);
  stream_.close();
  is_lingering_ = false;
}

void connection::finish_if_done() {
  if (is_attached_ && !is_detached_ && unfinished_batches_ == 0) {
    is_detached_ = true;
    detached message;
    message.connection = self_;
    if (receiver_.unacknowledged() != 0)
      message.receiver =
          std::make_shared<broker::receiver>(std::move(receiver_));
    message.how = how_ended_;
    message.changes_expiry = new_expiry_interval_.has_value();
    message.expiry_interval = new_expiry_interval_.value_or(0);
    if (session_)
      tell(session_, std::move(message));
    session_ = session_actor{};
  }
  if (!is_detached_ || is_lingering_)
    return;
  if (is_marked_)
    loop_.forget(this);
  loop_.stats().connections.subtract();
  slot_ = admission::slot{};
  tell(registry_, connection_closed{number_});
  auto self = std::move(self_); // may be the last handle
  quit();
}

void connection::log_end(const ending& how) const {
  if (link_ || !policy_->broker->connection_messages)
    return;
  if (how.how == broker::end_of_connection::by_client)
    log::client(log::level::notice, client_id_, "Client {} disconnected.",
                client_id_);
  else
    log::client(log::level::notice, client_id_, "Client {} disconnected: {}.",
                client_id_, how.why);
}

// -- readiness, time and turns
// ----------------------------------------------------

void connection::on_ready(bool readable, bool writable) noexcept {
  try {
    if (writable && is_blocked_) {
      is_blocked_ = false;
      mark();
    } else if (writable && stream_.has_output()) {
      after_flush(stream_.write({}).what); // what the layer itself has to say
      update_interest();
    }
    if (readable)
      read();
  } catch (const std::exception& failed) {
    on_failure(failed.what());
  }
}

void connection::on_timer(time_point now) noexcept {
  if (is_lingering_) {
    close_socket();
    finish_if_done();
    return;
  }
  if (now >= output_.hold_deadline()) {
    output_.on_patience_over();
    log::client(log::level::notice, client_id_,
                "Client {} reads too slowly: QoS 0 messages beyond {} bytes of "
                "unsent output are dropped until it catches up.",
                client_id_, policy_->broker->output_limit);
  }
  if (who_ && now >= who_->ends_at) {
    end({broker::end_of_connection::abnormal, reason::not_authorized,
         "its token has expired"});
    return;
  }
  if (link_) {
    watch_link(now);
    return;
  }
  auto silence = milliseconds{1500} * keep_alive_;
  if (keep_alive_ != 0 && now - last_read_ >= silence)
    end({broker::end_of_connection::abnormal, reason::keep_alive_timeout,
         "exceeded timeout"});
  else
    arm();
}

void connection::arm() {
  auto deadline = output_.hold_deadline();
  if (keep_alive_ != 0)
    deadline =
        std::min(deadline, last_read_ + milliseconds{1500} * keep_alive_);
  if (who_)
    deadline = std::min(deadline, who_->ends_at);
  if (link_)
    deadline = std::min(deadline, link_->deadline(loop_.now()));
  // A later keep alive deadline is found out when the timer fires: arming it
  // for every packet would cost more.
  if (deadline < this->deadline() || !is_armed())
    loop_.timers().arm(*this, deadline);
}

void connection::mark() {
  // Once ending there is nothing left to do at the end of a turn, and this
  // connection may be gone by then: its session drops the last handle.
  if (is_marked_ || is_ending_)
    return;
  is_marked_ = true;
  loop_.at_end_of_turn(this);
}

void connection::on_end_of_turn() noexcept {
  is_marked_ = false;
  if (is_ending_)
    return;
  if (stream_.has_input() && wants_input())
    read(); // credit is back, and polling does not tell of what a layer has
  if (is_ending_)
    return;
  if (!is_blocked_)
    link_ ? write_to_server() : after_flush(output_.flush(stream_));
  if (is_ending_)
    return;
  update_interest();
  tell_writable();
  if (link_ || output_.hold_deadline() != never)
    arm();
}

void connection::after_flush(net::io_result::kind what) {
  using kind = net::io_result::kind;
  if (what == kind::would_block)
    is_blocked_ = true;
  else if (what == kind::broken)
    end({broker::end_of_connection::abnormal, reason::success,
         "connection lost"});
}

void connection::update_interest() {
  auto wanted = wants_input() ? net::interest::read : net::interest::none;
  if (is_blocked_ || stream_.has_output())
    wanted = wanted | net::interest::write;
  set_interest(wanted);
}

void connection::set_interest(net::interest wanted) {
  if (!stream_.is_open() || wanted == interest_)
    return;
  if (!loop_.poller().change(stream_.fd(), this, interest_, wanted)) {
    end({broker::end_of_connection::abnormal, reason::success,
         "the system cannot poll its socket"});
    return;
  }
  interest_ = wanted;
}

void connection::tell_writable() {
  auto writable =
      was_writable_ ? !output_.is_above_pause() : output_.is_below_pause();
  if (writable == was_writable_)
    return;
  was_writable_ = writable;
  tell(session_, output_writable{writable});
}

bool connection::wants_input() const {
  return is_taking_packets() && (!link_ || link_->may_read(loop_.now()))
         && unfinished_batches_ < policy_->broker->publish_credit_batches
         && unfinished_bytes_ < policy_->broker->publish_credit_bytes
         && receiver_.unacknowledged() < most_unacknowledged;
}

} // namespace troupe::actors
