#pragma once

#include "apps/tools/client.hpp"
#include "apps/tools/connection.hpp"
#include "apps/tools/options.hpp"
#include "apps/tools/waiter.hpp"

#include <optional>
#include <string_view>

namespace troupe::tools {

/// What `troupe pub` and `troupe sub` have in common: a client, its connection,
/// and the words for a person.
class tool : public client_events {
public:
  /// `options` must outlive the tool.
  tool(const client_options& options, bool stop_on_signals);

  void on_refused(uint8_t code) override;
  void on_disconnected(protocol::reason reason) override;

protected:
  /// Writes a line to stderr unless --quiet was given.
  void report(std::string_view line) const;
  /// Connects for the first time. False if that failed: then the exit status
  /// stands.
  bool connect();
  /// Waits a second and connects again, until that works. False if `deadline`
  /// came or a signal did.
  bool reconnect(time_point deadline);
  /// Moves bytes after a wait and looks at the clock.
  connection::state serve(const pollfd& ready);
  /// Says goodbye and sets the exit status.
  void leave(int status, protocol::reason reason);

  waiter waiter_;
  client client_;
  connection connection_;
  /// How the tool ends, once it does.
  std::optional<int> status_;

private:
  const client_options& options_;
  bool was_connected_ = false;
};

} // namespace troupe::tools
