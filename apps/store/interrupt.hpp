#pragma once

namespace troupe::store_tool::interrupt {

/// From now on SIGINT and SIGTERM are noted instead of ending the process, but
/// the second one ends it.
void watch();

/// The signal that came; 0: none yet.
int signal() noexcept;

/// The exit status that a shell gives for it. REQUIRES: signal() != 0.
int exit_status() noexcept;

} // namespace troupe::store_tool::interrupt
