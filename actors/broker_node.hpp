#pragma once

#include "config/settings.hpp"
#include "net/inherited_sockets.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// A whole broker: loops, actors and listening sockets, from `read_files` to
/// `stop`.
class broker_node {
public:
  explicit broker_node(config::settings settings);
  /// Stops if it runs.
  ~broker_node();
  broker_node(const broker_node&) = delete;
  broker_node& operator=(const broker_node&) = delete;

  /// Reads the files with users, rights and certificates. Empty, or what is
  /// wrong with them.
  std::string read_files();

  /// Opens every listener, or takes its sockets from `inherited`. Empty, or
  /// what went wrong; nothing is started then. May resolve names. REQUIRES:
  /// read_files().
  std::string open(net::inherited_sockets inherited = {});

  /// Opens the database, where persistence is on. Empty, or what went wrong.
  /// Logs what is damaged. REQUIRES: before `start`.
  std::string open_store();

  /// "Opening ipv4 listen socket on port 1883." and the like, for the log.
  const std::vector<std::string>& listening_on() const noexcept;

  /// Brings back what the database holds, then starts the loops: clients are
  /// served from here on. Empty, or what went wrong. REQUIRES: open().
  std::string start();

  /// Puts another configuration in force, whole or not at all: empty, or why
  /// not, and then all is as before. What cannot change while the broker runs
  /// stays as it was. Reads files and may resolve names. REQUIRES: start().
  std::string change(config::settings settings);

  /// Takes no more connections, tells MQTT 5 clients (0x8B), waits until all
  /// connections are closed and ends the threads. Blocks for seconds at most.
  void stop();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::actors
