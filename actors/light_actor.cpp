#include "actors/light_actor.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <exception>

namespace troupe::actors {

namespace {

caf::mailbox_element* link_of(caf::mailbox_element* element) {
  return static_cast<caf::mailbox_element*>(element->next);
}

void destroy(caf::mailbox_element* element) {
  caf::mailbox_element_ptr{element}.reset();
}

} // namespace

light_actor::light_actor(caf::actor_config& cfg, caf::execution_unit* home)
    : caf::monitorable_actor(cfg), home_(home) {
  inbox_.try_block();
}

light_actor::~light_actor() {
  discard_mail();
}

void light_actor::on_destroy() {
  if (!getf(is_cleaned_up_flag))
    cleanup(caf::make_error(caf::exit_reason::unreachable), nullptr);
  caf::monitorable_actor::on_destroy();
}

void light_actor::enqueue(caf::mailbox_element_ptr mail,
                          caf::execution_unit* sender) {
  using caf::intrusive::inbox_result;
  if (inbox_.push_front(mail.release()) != inbox_result::unblocked_reader)
    return;
  intrusive_ptr_add_ref_impl(); // given back when the mailbox is empty again
  if (home_ != nullptr)
    home_->exec_later(this);
  else if (sender != nullptr)
    sender->exec_later(this);
  else
    home_system().scheduler().enqueue(this);
}

caf::mailbox_element* light_actor::peek_at_next_mailbox_element() {
  return inbox_.closed() || (taken_ == nullptr && inbox_.blocked()) ? nullptr
                                                                    : next();
}

caf::resumable::subtype_t light_actor::subtype() const {
  return scheduled_actor;
}

void light_actor::intrusive_ptr_add_ref_impl() {
  caf::intrusive_ptr_add_ref(ctrl());
}

void light_actor::intrusive_ptr_release_impl() {
  caf::intrusive_ptr_release(ctrl());
}

caf::resumable::resume_result light_actor::resume(caf::execution_unit*,
                                                  size_t max_throughput) {
  for (size_t handled = 0; handled < max_throughput; ++handled) {
    if (has_quit())
      return resumable::done;
    if (next() == nullptr) {
      if (inbox_.try_block())
        return resumable::awaiting_message;
      continue; // mail came in between
    }
    if (!consume_one())
      return resumable::done;
  }
  return resumable::resume_later;
}

/// The oldest message, still linked in front of `taken_`; null if none.
caf::mailbox_element* light_actor::next() {
  if (taken_ != nullptr)
    return taken_;
  auto* newest_first = inbox_.take_head();
  while (newest_first != nullptr) {
    auto* rest = link_of(newest_first);
    newest_first->next = taken_;
    taken_ = newest_first;
    newest_first = rest;
  }
  return taken_;
}

/// False if the actor is no more.
bool light_actor::consume_one() {
  caf::mailbox_element_ptr element{taken_};
  taken_ = link_of(taken_);
  mail message{element->content()};
  try {
    if (message.is_ours())
      receive(message);
    else
      obey(element->content());
  } catch (const std::exception& failed) {
    on_failure(failed.what());
    if (!has_quit() && !survives_failure())
      quit(caf::make_error(caf::sec::runtime_error, failed.what()));
  }
  return !has_quit();
}

/// What any actor of CAF understands: an exit message ends it.
void light_actor::obey(caf::type_erased_tuple& content) {
  if (!content.match_elements<caf::exit_msg>())
    return;
  auto reason = content.get_as<caf::exit_msg>(0).reason;
  if (!reason) // "normal" asks for nothing
    return;
  on_failure("told to exit");
  quit(std::move(reason));
}

void light_actor::quit(caf::error reason) {
  if (has_quit())
    return;
  inbox_.close();
  discard_mail();
  cleanup(std::move(reason), home_);
}

void light_actor::discard_mail() noexcept {
  while (taken_ != nullptr) {
    auto* element = taken_;
    taken_ = link_of(taken_);
    destroy(element);
  }
}

} // namespace troupe::actors
