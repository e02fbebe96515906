#pragma once

namespace troupe::bench {

/// Runs `troupe bench`: `argv[0]` is the word `bench`, the scenario and its
/// options follow. Returns the exit status: 0, 1 where a check failed or the
/// run could not take place, 2 for bad usage.
int bench_main(int argc, char** argv);

} // namespace troupe::bench
