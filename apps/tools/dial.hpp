#pragma once

#include "apps/tools/options.hpp"
#include "apps/tools/waiter.hpp"
#include "net/socket.hpp"

#include <string>

namespace troupe::tools {

/// Opens a non-blocking stream socket to the broker that `options` name and
/// puts it into `connection`. Returns why it could not, or nothing.
std::string dial(const client_options& options, waiter& wait,
                 net::socket& connection);

} // namespace troupe::tools
