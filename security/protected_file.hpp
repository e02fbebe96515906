#pragma once

#include "core/checked.hpp"

#include <string>

namespace troupe::security {

/// The content of a file that decides who may do what: of at most 16 MiB, a
/// regular file that nobody but its owner and its group can write. The
/// explanation says which it is not and what to do. Blocks.
checked<std::string> read_protected_file(const std::string& path);

} // namespace troupe::security
