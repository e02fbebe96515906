#pragma once

#include <caf/actor_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/intrusive/lifo_inbox.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/resumable.hpp>
#include <caf/type_erased_tuple.hpp>

#include <typeinfo>

namespace troupe::actors {

/// One message as its receiver sees it. CAF knows message types by their
/// `type_info`; ours are all of one program, so its address is enough.
class mail {
public:
  explicit mail(caf::type_erased_tuple& content)
      : type_(content.size() == 1 ? content.type(0).second : nullptr),
        data_(type_ != nullptr ? content.get_mutable(0) : nullptr) {}

  /// The content as a `T`, or null if it is of another type.
  template <class T>
  T* get_if() const noexcept {
    return type_ == &typeid(T) ? static_cast<T*>(data_) : nullptr;
  }

  /// False for what CAF itself sends.
  bool is_ours() const noexcept { return type_ != nullptr; }

private:
  const std::type_info* type_;
  void* data_;
};

/// An actor of CAF with a mailbox of eight bytes: what connections, sessions
/// and subtrees are made of, because there is one per client. (CAF's own
/// `event_based_actor` takes over 1,100 bytes.) It receives one message at a
/// time, on the loop it is pinned to or, if it is not pinned, on the execution
/// unit of whoever gave it mail.
class light_actor : public caf::monitorable_actor, public caf::resumable {
public:
  /// `home` null: not pinned.
  light_actor(caf::actor_config& cfg, caf::execution_unit* home);
  ~light_actor() override;

  /// The last handle is gone: monitors are told, as by `quit`.
  void on_destroy() override;

  using caf::monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr mail,
               caf::execution_unit* sender) override;

  /// For CAF's test DSL.
  caf::mailbox_element* peek_at_next_mailbox_element() override;

  subtype_t subtype() const override;
  resume_result resume(caf::execution_unit* host,
                       size_t max_throughput) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;

  /// Ends this actor when its node does: what it knows and the mail it has
  /// goes, mail that still comes is dropped. REQUIRES: no loop runs.
  void end() {
    on_end();
    quit();
  }

protected:
  /// Handles one message of the types the actor's interface names.
  virtual void receive(const mail& message) = 0;

  /// Called instead of the rest of a handler that threw, and on an exit
  /// message: the actor decides how to go down. It is terminated afterwards.
  virtual void on_failure(const char* what) noexcept = 0;

  /// Lets go of whom it knows: two that know each other would live for ever.
  virtual void on_end() {}

  /// True for actors that a loop cannot do without: an exception costs them the
  /// message they were handling, not their life.
  virtual bool survives_failure() const noexcept { return false; }

  /// Ends this actor: no further message is received, monitors are told with
  /// `reason`. The object lives on as long as handles to it.
  void quit(caf::error reason = caf::none);

  bool has_quit() const noexcept { return inbox_.closed(); }

private:
  struct inbox_policy {
    using mapped_type = caf::mailbox_element;
    using unique_pointer = caf::mailbox_element_ptr;
  };

  caf::mailbox_element* next();
  bool consume_one();
  void obey(caf::type_erased_tuple& content);
  void discard_mail() noexcept;

  caf::intrusive::lifo_inbox<inbox_policy> inbox_;
  // Mail already taken out of the inbox, oldest first.
  caf::mailbox_element* taken_ = nullptr;
  caf::execution_unit* home_;
};

} // namespace troupe::actors
