#pragma once

namespace troupe {

/// `troupe config`: checks a configuration, converts a mosquitto.conf to JSON,
/// shows what is in force and where it came from, writes the JSON Schema.
/// `argv[0]` is skipped; returns the exit status.
int config_main(int argc, char** argv);

} // namespace troupe
