#pragma once

namespace troupe {

/// `troupe acl`: explains what a client may do, and checks ACL files.
/// `argv[0]` is skipped; returns the exit status.
int acl_main(int argc, char** argv);

} // namespace troupe
