// The part of a bridge that stands in for a connection of its session while it
// has none.
#include "actors/bridge.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <utility>

namespace troupe::actors {

namespace {

using std::chrono::seconds;

/// After the session could not be had; and how long its answer is waited for:
/// with a full disk it does not come, but what waits there can leave all the
/// same.
constexpr auto session_retry = seconds{5};

} // namespace

/// The session of a bridge that is removed begins anew, and ends with us.
void bridge::introduce_ourselves() {
  auto ends = is_removed_;
  stage_ = ends ? stage::removing : stage::preparing;
  retry_at_ = never;
  prepared_for_ = plan_;
  loop_.timers().arm(*this, loop_.now() + session_retry);
  introduce wanted;
  wanted.client_id = plan_->own.local_clientid;
  auto& request = wanted.request;
  request.connection = as_connection();
  request.parameters.clean_start = ends;
  request.parameters.expiry_interval = ends ? 0 : broker::session_never_expires;
  request.parameters.client.version = plan_->version();
  // What the session has waits for the link.
  request.parameters.client.takes_messages = false;
  request.limits = {plan_, &plan_->limits};
  request.is_bridge = true;
  tell(node_.registries[loop_.index()], std::move(wanted));
}

void bridge::on(attached& message) {
  if (stage_ != stage::preparing && stage_ != stage::removing)
    return;
  if (!message.session && stage_ == stage::removing) {
    finish(); // there is none
    return;
  }
  if (!message.session) {
    log::write(log::level::warning,
               "Bridge {}: its session cannot be had; it is tried again.",
               status_->name());
    retry_at_ = loop_.now() + session_retry;
    return;
  }
  session_ = std::move(message.session);
  receiver_ = std::move(message.receiver);
  if (is_stopping_ || stage_ == stage::removing) {
    leave_session();
    return;
  }
  retry_at_ = loop_.now() + session_retry;
  tell(session_, local_subscriptions(*plan_, protocol::qos::exactly_once,
                                     protocol::retain_handling::no_retained));
}

/// The filters are in force, and on disk where there is one.
void bridge::on(send_suback& message) {
  if (stage_ == stage::preparing && session_ && !message.unsubscribe)
    leave_session();
}

/// A client of its name wants it. What it was asked for, it does all the same.
void bridge::give_session_up() {
  if (stage_ == stage::preparing && session_)
    leave_session();
}

void bridge::leave_session() {
  retry_at_ = never;
  detached farewell;
  farewell.connection = as_connection();
  farewell.receiver = std::exchange(receiver_, nullptr);
  farewell.how = broker::end_of_connection::by_client;
  tell(std::exchange(session_, session_actor{}), std::move(farewell));
  if (is_stopping_ || stage_ == stage::removing) {
    finish();
  } else if (is_removed_) {
    remove_session();
  } else if (prepared_for_ != plan_) {
    begin_schedule();
    prepare();
  } else {
    rest();
  }
}

} // namespace troupe::actors
