#include "storage/library_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

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

int visit(dl_phdr_info* library, size_t, void*) noexcept {
  std::string_view name{library->dlpi_name};
  if (name.find("/librocksdb") != name.npos)
    for (int i = 0; i < library->dlpi_phnum; ++i)
      release(*library, library->dlpi_phdr[i]);
  return 0;
}

} // namespace

void release_library_pages() noexcept {
  ::dl_iterate_phdr(visit, nullptr);
}

} // namespace troupe::storage
