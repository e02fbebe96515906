#pragma once

#include "core/checked.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The content of a file of at most 16 MiB. Blocks.
checked<std::string> read_file(const std::string& path);

/// The paths of the files in `folder` whose names end in `ending`, in the
/// order of their bytes. Blocks.
checked<std::vector<std::string>> list_files(const std::string& folder,
                                             std::string_view ending);

} // namespace troupe
