#include "storage/quarantine.hpp"

#include "storage/files.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <utility>

namespace fs = std::filesystem;

namespace troupe::storage {

namespace {

std::string to_hex(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size() * 2);
  for (auto each : bytes) {
    result += "0123456789abcdef"[static_cast<uint8_t>(each) >> 4];
    result += "0123456789abcdef"[static_cast<uint8_t>(each) & 15];
  }
  return result;
}

// A name nobody has yet: two repairs may fall into one second.
fs::path free_name(const fs::path& wanted) {
  auto result = wanted;
  for (int n = 2; fs::exists(fs::symlink_status(result)); ++n)
    result = fmt::format("{}.{}", wanted.string(), n);
  return result;
}

} // namespace

quarantine::quarantine(std::string database) : database_(std::move(database)) {
  while (database_.size() > 1 && database_.back() == '/')
    database_.pop_back();
}

std::string quarantine::make_directory() {
  if (!directory_.empty())
    return {};
  auto now =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  auto home = fs::path{database_}.parent_path() / "quarantine";
  std::error_code error;
  fs::create_directories(home, error);
  auto name =
      free_name(home / fmt::format("{:%Y-%m-%dT%H%M%SZ}", fmt::gmtime(now)));
  if (!error)
    fs::create_directory(name, error);
  if (error)
    return fmt::format("{}: {}", name.string(), error.message());
  close_to_others(name);
  directory_ = name.string();
  return {};
}

bool quarantine::add_record(family where, std::string_view key,
                            std::string_view value) {
  ++records_;
  if (!make_directory().empty())
    return false;
  std::ofstream file{directory_ + "/records", std::ios::app};
  file << to_string(where) << ' ' << to_hex(key) << ' ' << to_hex(value)
       << '\n';
  return file.flush().good();
}

std::string quarantine::take(const std::string& path) {
  if (auto error = make_directory(); !error.empty())
    return error;
  std::error_code error;
  auto target = free_name(fs::path{directory_} / fs::path{path}.filename());
  fs::rename(path, target, error);
  return error ? fmt::format("{}: {}", path, error.message()) : std::string{};
}

std::string quarantine::copy(const std::string& path) {
  if (auto error = make_directory(); !error.empty())
    return error;
  std::error_code error;
  auto target = free_name(fs::path{directory_} / fs::path{path}.filename());
  fs::copy_file(path, target, error);
  return error ? fmt::format("{}: {}", path, error.message()) : std::string{};
}

} // namespace troupe::storage
