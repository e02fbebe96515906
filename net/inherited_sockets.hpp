#pragma once

#include "core/checked.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::net {

/// What a service manager says about the sockets it passes on, as
/// sd_listen_fds(3) defines it: LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
struct listen_environment {
  std::string process;
  std::string count;
  std::string names; // separated by colons
};

/// Reads the environment and removes it from there, so that no child process
/// takes it for its own. REQUIRES: no other thread runs yet.
listen_environment take_listen_environment();

/// A listening socket that somebody else has opened for us.
struct inherited_socket {
  net::socket listening;
  /// FileDescriptorName= of its unit; empty: none.
  std::string name;
  /// Path of a unix socket; empty: it is a TCP socket.
  std::string path;
  ip_address address{};
  uint16_t port = 0;

  /// "127.0.0.1:1883" or the path, for logs.
  std::string where() const;
};

/// The sockets passed to this process, which listeners of the configuration
/// take instead of opening their own.
class inherited_sockets {
public:
  inherited_sockets() noexcept = default;

  /// Takes over the descriptors from `first` on (a service manager passes 3),
  /// if they are meant for the process `self`. Each must be a stream socket
  /// that listens; the error names the one that is not. Those taken are
  /// non-blocking and close on exec.
  static checked<inherited_sockets> adopt(const listen_environment& from,
                                          pid_t self, int first = 3);

  /// Hands out the sockets for a TCP listener: of its port and family, and of
  /// its address, where it has one. `host` is an address, "localhost" or empty;
  /// other names match nothing, as what they stand for may change.
  std::vector<inherited_socket> claim_tcp(const std::string& host,
                                          uint16_t port, address_family family);

  /// Hands out the sockets for a listener on a unix socket.
  std::vector<inherited_socket> claim_unix(const std::string& path);

  /// Those nobody has claimed: worth a warning.
  const std::vector<inherited_socket>& rest() const noexcept { return rest_; }

private:
  std::vector<inherited_socket> rest_;
};

} // namespace troupe::net
