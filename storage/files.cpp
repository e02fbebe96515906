#include "storage/files.hpp"

#include <algorithm>
#include <system_error>

namespace fs = std::filesystem;

namespace troupe::storage {

std::vector<fs::path> files_in(const std::string& directory,
                               std::string_view extension) {
  std::vector<fs::path> result;
  std::error_code error;
  for (fs::directory_iterator i{directory, error}, end; !error && i != end;
       i.increment(error))
    if (extension.empty() || i->path().extension() == extension)
      result.push_back(i->path());
  // The numbers have leading zeros; should they grow the longer one is newer.
  std::sort(result.begin(), result.end(),
            [](const fs::path& x, const fs::path& y) {
              const auto& left = x.native();
              const auto& right = y.native();
              return left.size() != right.size() ? left.size() < right.size()
                                                 : left < right;
            });
  return result;
}

void close_to_others(const fs::path& directory) noexcept {
  std::error_code ignored;
  fs::permissions(directory, fs::perms::others_all, fs::perm_options::remove,
                  ignored);
}

} // namespace troupe::storage
