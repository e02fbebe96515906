#pragma once

#include "actors/admission.hpp"
#include "actors/authentication.hpp"
#include "actors/messages.hpp"
#include "actors/policy.hpp"
#include "core/byte_buffer.hpp"
#include "core/timer_queue.hpp"
#include "net/poller.hpp"
#include "net/proxy_header.hpp"
#include "net/stream.hpp"
#include "security/scram.hpp"

#include <list>
#include <memory>

namespace troupe::actors {

class greeter;

/// Somebody who has connected and is no client yet: a PROXY header, handshakes
/// and a CONNECT are awaited, or whether the client is who it says. Costs a
/// list entry, what it sent and a deadline; no actor. Belongs to a greeter.
class visitor final : public net::poll_target, public timer {
public:
  /// What is awaited.
  enum class stage : uint8_t {
    /// A PROXY header.
    proxy,
    /// A CONNECT, and what TLS and WebSocket need before.
    connect,
    /// A worker, who checks its password.
    judgement,
    /// AUTH, the next message of the authentication exchange.
    exchange,
  };

  visitor(greeter& owner, net::socket connection, listener_policy_ptr via,
          admission::slot place)
      : stream(std::move(connection)), policy(std::move(via)),
        slot(std::move(place)), owner_(owner) {}

  void on_ready(bool readable, bool writable) noexcept override;
  void on_timer(time_point now) noexcept override;

  net::stream stream;
  /// A packet that has not come whole.
  byte_buffer input;
  listener_policy_ptr policy;
  admission::slot slot;
  std::list<visitor>::iterator position;
  net::interest interest = net::interest::none;
  stage awaits = stage::connect;
  /// The configuration has changed since it came.
  bool is_outdated = false;
  /// No other visitor of the greeter ever had it.
  uint64_t number = 0;
  /// The name in the certificate that it showed to a trusted proxy.
  std::string proxied_name;
  /// Of stage `proxy`.
  std::unique_ptr<net::proxy_reader> proxy;
  /// Of stage `exchange`.
  std::unique_ptr<security::scram_server> exchange;
  /// Its CONNECT was accepted: this is what becomes of it if it proves who it
  /// is.
  std::shared_ptr<newcomer> client;

private:
  greeter& owner_;
};

} // namespace troupe::actors
