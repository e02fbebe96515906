#pragma once

#include "core/checked.hpp"

#include <functional>
#include <string>
#include <string_view>

// Files that change in one step: whoever reads them, and whatever fails
// meanwhile, there is either the old content or the new one.
namespace troupe::security {

/// Makes a file, with mode 0600, that did not exist. Empty, or what went wrong.
/// Blocks until it is on disk.
std::string create_file(const std::string& path, std::string_view content);

/// Puts a file with mode 0600 in the place of `path`, whatever is there; its
/// owner stays as far as we may, and so do symbolic links to it. Empty, or what
/// went wrong. Blocks until it is on disk.
std::string replace_file(const std::string& path, std::string_view content);

/// What becomes of a content; an explanation leaves the file as it is.
using change = std::function<checked<std::string>(const std::string& content)>;

/// Replaces the content of a file; mode, owner and symbolic links to it stay.
/// Two that change the same file do it one after the other. Empty, or what went
/// wrong. Blocks until it is on disk.
std::string change_file(const std::string& path, const change& make);

} // namespace troupe::security
