#pragma once

#include "apps/tools/options.hpp"
#include "apps/tools/waiter.hpp"

#include <string>

namespace troupe::tools {

/// Opens a non-blocking stream socket to the broker that `options` name and
/// puts it into `socket`. Returns why it could not, or nothing.
std::string dial(const client_options& options, waiter& wait, int& socket);

} // namespace troupe::tools
