#pragma once

namespace troupe {

/// `troupe` without a subcommand: runs a broker until SIGTERM or SIGINT.
/// Returns the exit status: 0 after an orderly end, 1 if it cannot run, 3 for
/// a bad configuration or command line, as Mosquitto's.
int broker_main(int argc, char** argv);

} // namespace troupe
