#include "security/protected_file.hpp"

#include "core/file.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace troupe::security {

checked<std::string> read_protected_file(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    return explanation{
        fmt::format("cannot read {}: {}", path, std::strerror(errno))};
  if (!S_ISREG(about.st_mode))
    return explanation{
        fmt::format("cannot use {}: it is not a regular file", path)};
  if ((about.st_mode & S_IWOTH) != 0)
    return explanation{
        fmt::format("refusing {}: everybody can write it, and so could give "
                    "themselves rights; run: chmod o-w {}",
                    path, path)};
  return read_file(path);
}

} // namespace troupe::security
