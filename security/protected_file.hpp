#pragma once

#include "core/file.hpp"

namespace troupe::security {

using troupe::read_protected_file;

} // namespace troupe::security
