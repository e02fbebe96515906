#include "core/file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace troupe {

namespace {

constexpr size_t most_bytes = 16 * 1024 * 1024;

explanation cannot_read(const std::string& path) {
  return {fmt::format("cannot read {}: {}", path, std::strerror(errno))};
}

checked<std::string> read_all(int file, const std::string& path) {
  std::string content;
  std::array<char, 16384> part;
  while (true) {
    auto count = ::read(file, part.data(), part.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return cannot_read(path);
    if (count == 0)
      return content;
    content.append(part.data(), static_cast<size_t>(count));
    if (content.size() > most_bytes)
      return explanation{fmt::format(
          "cannot use {}: it is larger than 16 MiB, which no configuration is",
          path)};
  }
}

} // namespace

checked<std::string> read_file(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return cannot_read(path);
  auto content = read_all(file, path);
  ::close(file);
  return content;
}

checked<std::string> read_protected_file(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    return cannot_read(path);
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

checked<std::vector<std::string>> list_files(const std::string& folder,
                                             std::string_view ending) {
  std::vector<std::string> paths;
  std::error_code failed;
  std::filesystem::directory_iterator each{folder, failed};
  for (; !failed && each != std::filesystem::directory_iterator{};
       each.increment(failed))
    if (each->path().native().ends_with(ending)
        && each->path().filename().native().size() > ending.size())
      paths.push_back(each->path().native());
  if (failed)
    return explanation{failed.message()};
  std::sort(paths.begin(), paths.end());
  return paths;
}

} // namespace troupe
