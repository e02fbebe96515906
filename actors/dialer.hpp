#pragma once

#include "actors/loop.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"
#include "config/bridge_settings.hpp"
#include "net/connector.hpp"
#include "net/poller.hpp"
#include "net/socket.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::actors {

class dialer;

/// Who wants a connection.
class dial_owner {
public:
  virtual void on_dialed(dialer& by, net::socket connection) = 0;
  /// Nothing that the address stands for answers; why the last did not.
  virtual void on_dial_failed(dialer& by, std::string why) = 0;

protected:
  ~dial_owner() = default;
};

/// Connects to a remote broker without blocking its loop: a worker resolves the
/// name, then what it stands for is tried, one after the other. Used again and
/// again; only on its loop. How long it may take is the owner's affair.
class dialer final : public net::poll_target {
public:
  dialer(dial_owner& owner, node_context& shared, loop& home)
      : owner_(owner), node_(shared), loop_(home) {}
  ~dialer() { cancel(); }

  /// Begins; the owner hears of it, and passes on the `dialed` that it gets
  /// with this number.
  void begin(const config::bridge_settings& how,
             const config::bridge_address& where, uint64_t number,
             const bridge_actor& owner);
  void on(dialed& message);
  /// Gives up: the owner hears nothing more.
  void cancel() noexcept;

  bool is_busy() const noexcept { return number_ != 0; }
  uint64_t number() const noexcept { return number_; }

  void on_ready(bool readable, bool writable) noexcept override;

private:
  void try_next();
  void fail(std::string why);

  dial_owner& owner_;
  node_context& node_;
  loop& loop_;
  uint64_t number_ = 0; // 0: idle
  std::vector<net::endpoint_candidate> candidates_;
  size_t next_ = 0;
  std::string last_error_;
  net::connect_options options_;
  net::socket connecting_;
};

} // namespace troupe::actors
