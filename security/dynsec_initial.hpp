#pragma once

#include "security/dynsec_document.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security::dynsec {

/// The document of a first start, with the names that Mosquitto 2.1 gives its
/// roles: `admin` may do everything below $CONTROL, read $SYS and listen to all
/// topics; `democlient`, which is there only with a password of its own, may
/// use all topics. Nothing: a password cannot be hashed.
std::optional<document>
initial_document(const std::function<std::string(std::string_view)>& hash,
                 std::string_view admin_password,
                 const std::string* demo_password);

} // namespace troupe::security::dynsec
