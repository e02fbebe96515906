#pragma once

#include "stores.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace troupe::test {

inline std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// The names of the files in `directory` that begin or end like this.
inline std::vector<std::string> files_like(const std::string& directory,
                                           std::string_view part) {
  std::vector<std::string> result;
  for (const auto& each : std::filesystem::directory_iterator{directory}) {
    auto name = each.path().filename().string();
    if (name.starts_with(part) || name.ends_with(part))
      result.push_back(name);
  }
  std::sort(result.begin(), result.end());
  return result;
}

inline void copy_directory(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

} // namespace troupe::test
