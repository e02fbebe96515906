#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// The files in a directory with this extension (".sst"), in the order of their
/// numbers; all of them if it is empty. Nothing if it cannot be read.
std::vector<std::filesystem::path> files_in(const std::string& directory,
                                            std::string_view extension = {});

} // namespace troupe::storage
