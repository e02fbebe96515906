#pragma once

#include "apps/tools/client.hpp"
#include "apps/tools/options.hpp"
#include "apps/tools/waiter.hpp"
#include "core/clock.hpp"

#include <poll.h>

#include <string>

namespace troupe::tools {

/// The socket under a client: a stream to the broker over TCP or a unix domain
/// socket. Closes it when it goes.
class connection {
public:
  enum class state { open, lost, not_mqtt };

  connection() noexcept = default;
  ~connection() { close(); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Connects as `options` say, one address after the other; waits until one
  /// answers. Returns why it could not, or nothing.
  std::string open(const client_options& options, waiter& wait);

  /// What to wait for: bytes to read, and room for the client's output.
  pollfd interest(const client& owner) const noexcept;

  /// Writes what the client has for the broker and reads what came, once.
  state serve(const pollfd& ready, client& owner);

  /// Writes the rest, ends the stream and waits a moment until the broker has
  /// done so too: closing with bytes unread would take back what was written.
  void finish(client& owner, waiter& wait);

  void close() noexcept;
  bool is_open() const noexcept { return socket_ >= 0; }

private:
  bool write(client& owner);
  state read(client& owner);

  int socket_ = -1;
};

} // namespace troupe::tools
