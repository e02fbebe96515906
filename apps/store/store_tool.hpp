#pragma once

namespace troupe {

/// `troupe store`: looks at the database of a broker, checks, mends, saves and
/// restores it, and fills it from Mosquitto's. `argv[0]` is skipped; returns
/// the exit status.
int store_main(int argc, char** argv);

} // namespace troupe
