#pragma once

#include "apps/tools/client.hpp"
#include "apps/tools/options.hpp"
#include "apps/tools/waiter.hpp"
#include "core/clock.hpp"
#include "net/stream.hpp"

#include <poll.h>

#include <string>

namespace troupe::tools {

/// The way from a client to the broker: TCP or a unix domain socket, with TLS
/// above it if the options say so. Closes it when it goes.
class connection {
public:
  enum class state { open, lost, not_mqtt };
  /// Why no connection was made; empty: it was.
  struct failure {
    std::string text;
    bool is_tls = false;
  };

  connection() noexcept = default;
  ~connection() { close(); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Connects as `options` say, one address after the other; waits until one
  /// answers, and until TLS stands.
  failure open(const client_options& options, waiter& wait);

  /// What to wait for: bytes to read, and room for the client's output.
  pollfd interest(const client& owner) const noexcept;

  /// Writes what the client has for the broker and reads what came, once.
  state serve(const pollfd& ready, client& owner);

  /// Writes the rest, ends the stream and waits a moment until the broker has
  /// done so too: closing with bytes unread would take back what was written.
  void finish(client& owner, waiter& wait);

  void close() noexcept;
  bool is_open() const noexcept { return stream_.is_open(); }
  /// What TLS found wrong with a connection that was lost; empty: nothing.
  std::string tls_error() const { return std::string{stream_.error()}; }

private:
  bool write(client& owner);
  state read(client& owner);
  failure begin_tls(const client_options& options, waiter& wait);
  std::string shake_hands(waiter& wait, time_point deadline);

  net::stream stream_;
};

} // namespace troupe::tools
