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

/// Takes from everybody but the owner of a directory and its group what they
/// may do with it: messages are none of their business. Does nothing where that
/// is not allowed.
void close_to_others(const std::filesystem::path& directory) noexcept;

} // namespace troupe::storage
