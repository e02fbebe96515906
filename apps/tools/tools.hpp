#pragma once

namespace troupe {

/// `troupe pub`: publishes messages as mosquitto_pub does. `argv[0]` is
/// skipped; returns the exit status.
int pub_main(int argc, char** argv);

/// `troupe sub`: subscribes and prints what comes, as mosquitto_sub does.
/// `argv[0]` is skipped; returns the exit status.
int sub_main(int argc, char** argv);

} // namespace troupe
