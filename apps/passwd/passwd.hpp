#pragma once

namespace troupe {

/// `troupe passwd`: adds, changes and removes the users of a password file,
/// with the flags of mosquitto_passwd. `argv[0]` is skipped, and a password
/// that stands in `argv` is wiped there; returns the exit status.
int passwd_main(int argc, char** argv);

} // namespace troupe
