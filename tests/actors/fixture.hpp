#pragma once

#include "actors/light_actor.hpp"
#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/routes.hpp"
#include "actors/spawn.hpp"
#include "actors/tell.hpp"

#include <caf/test/dsl.hpp>
#include <caf/test/unit_test.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::actors {

struct test_config : caf::actor_system_config {
  test_config() { add_message_types<caf::id_block::troupe>(); }
};

/// CAF's deterministic scheduler: actors that are not pinned run when a test
/// says so, one message at a time.
using caf_fixture = test_coordinator_fixture<test_config>;

/// An actor that does what a test tells it to with the mail for `Interface`.
template <class Interface>
class recorder final : public light_actor {
public:
  using behavior_type = typename Interface::behavior_type;
  using handler = std::function<void(const mail&)>;

  recorder(caf::actor_config& cfg, caf::execution_unit* home, handler on_mail)
      : light_actor(cfg, home), on_mail_(std::move(on_mail)) {}

  const char* name() const override { return "troupe.recorder"; }
  using light_actor::quit;

protected:
  void receive(const mail& message) override { on_mail_(message); }
  void on_failure(const char*) noexcept override {}

private:
  handler on_mail_;
};

template <class Interface, class Handler>
Interface record(caf::actor_system& system, Handler&& on_mail,
                 caf::execution_unit* home = nullptr) {
  return spawn_light<recorder<Interface>>(system, home,
                                          std::forward<Handler>(on_mail));
}

/// Something to do on a loop's thread.
class job final : public caf::resumable, public caf::ref_counted {
public:
  explicit job(std::function<void()> what) : what_(std::move(what)) {}
  subtype_t subtype() const override { return function_object; }
  resume_result resume(caf::execution_unit*, size_t) override {
    what_();
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  std::function<void()> what_;
};

/// Has `where` call `what` on its thread.
inline void run_on(loop& where, std::function<void()> what) {
  where.exec_later(new job{std::move(what)});
}

} // namespace troupe::actors
