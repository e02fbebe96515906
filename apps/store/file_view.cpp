#include "apps/store/file_view.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace troupe::store_tool {

std::optional<file_view> file_view::open(const std::string& path,
                                         std::string& error) {
  auto fail = [&](const char* why) {
    error = "cannot read " + path + ": " + why;
    return std::nullopt;
  };
  auto descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return fail(std::strerror(errno));
  struct stat about {};
  auto is_known = fstat(descriptor, &about) == 0;
  file_view made;
  made.written_at_ = about.st_mtime;
  auto size = static_cast<size_t>(about.st_size);
  void* start = MAP_FAILED;
  if (is_known && S_ISREG(about.st_mode) && size != 0)
    start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  auto problem = errno;
  close(descriptor);
  if (!is_known || !S_ISREG(about.st_mode))
    return fail("it is no file");
  if (size == 0)
    return made;
  if (start == MAP_FAILED)
    return fail(std::strerror(problem));
  made.bytes_ = {static_cast<const uint8_t*>(start), size};
  return made;
}

file_view::file_view(file_view&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), written_at_(other.written_at_) {}

file_view::~file_view() {
  if (!bytes_.empty())
    munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

} // namespace troupe::store_tool
