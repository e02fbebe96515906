#include "storage/library_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace troupe::storage {

namespace {

// The pages of a segment that nobody can have changed.
void release(const dl_phdr_info& library, const ElfW(Phdr) & segment) noexcept {
  if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0)
    return;
  auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = library.dlpi_addr + segment.p_vaddr;
  auto end = begin + segment.p_memsz;
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin < end)
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

int visit(dl_phdr_info* library, size_t, void* wanted) noexcept {
  std::string_view path{library->dlpi_name};
  auto is_wanted = [&](std::string_view name) {
    return path.find(name) != path.npos;
  };
  const auto& names =
      *static_cast<const std::span<const std::string_view>*>(wanted);
  if (std::any_of(names.begin(), names.end(), is_wanted))
    for (int i = 0; i < library->dlpi_phnum; ++i)
      release(*library, library->dlpi_phdr[i]);
  return 0;
}

} // namespace

void release_library_pages(std::span<const std::string_view> names) noexcept {
  ::dl_iterate_phdr(visit, &names);
}

} // namespace troupe::storage
