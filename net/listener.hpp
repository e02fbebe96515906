#pragma once

#include "net/socket.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::net {

/// Which addresses a host name may stand for.
enum class address_family : uint8_t { any, ipv4, ipv6 };

/// Listening sockets, or why there are none: in words, with the address.
struct listen_result {
  std::vector<socket> sockets;
  std::string error;
};

/// Listens on every address that `host` stands for; an empty host is every
/// address of the machine. With `interface` only what comes in there is taken;
/// where the kernel does not allow that, the addresses that the interface has
/// now. Sockets are non-blocking and close on exec. May resolve a name: not for
/// a loop.
listen_result listen_tcp(const std::string& host, uint16_t port,
                         address_family family,
                         const std::string& interface = {},
                         bool shares_port = false);

/// While it lives, another socket of this process may listen on the same port
/// as `listening`, on an address that covers the other one: by `listen_tcp`
/// with `shares_port`. So a listener moves without a gap.
class port_sharing {
public:
  explicit port_sharing(const socket& listening) noexcept;
  port_sharing(port_sharing&& other) noexcept;
  port_sharing& operator=(port_sharing&&) = delete;
  ~port_sharing();

private:
  int fd_;
};

/// Listens on a unix socket; a stale file of a dead process is replaced, one
/// that somebody listens on is not. `mode`: its permissions from the first
/// moment on that anybody can connect; without one what the umask leaves.
listen_result listen_unix(const std::string& path,
                          std::optional<mode_t> mode = std::nullopt);

/// A connection that was waiting, ready for use (non-blocking, close on exec,
/// TCP_NODELAY), or how the attempt ended: `no_descriptors` only if somebody is
/// waiting.
struct accepted {
  enum class kind : uint8_t { connection, none, no_descriptors, failed };
  kind what = kind::none;
  socket connection;
};
accepted accept_from(const socket& listener) noexcept;

} // namespace troupe::net
