#pragma once

#include "core/checked.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The content of a file of at most 16 MiB. Blocks.
checked<std::string> read_file(const std::string& path);

/// The same of a file that decides who may do what: a regular one that only
/// its owner and its group can write. The explanation says which it is not and
/// what to do. Blocks.
checked<std::string> read_protected_file(const std::string& path);

/// The paths of the files in `folder` whose names end in `ending`, in the
/// order of their bytes. Blocks.
checked<std::vector<std::string>> list_files(const std::string& folder,
                                             std::string_view ending);

} // namespace troupe
