// Checking and repairing a database that nobody uses.
#include "storage/files.hpp"
#include "storage/inspect.hpp"
#include "storage/log_reader.hpp"
#include "storage/mend.hpp"
#include "storage/open.hpp"
#include "storage/rocks_store.hpp"
#include "storage/table_reader.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace fs = std::filesystem;

namespace troupe::storage {

namespace {

/// Sentences about records; the rest is only counted.
constexpr size_t told_flaws = 1000;

std::string readable(std::string_view key) {
  std::string result;
  for (auto each : key)
    result += each >= ' ' && each <= '~'
                  ? std::string{each}
                  : fmt::format("\\x{:02x}", static_cast<uint8_t>(each));
  return result;
}

std::string name_of(queue_place place) {
  switch (place.what) {
  case queue_record::entry:
    break;
  case queue_record::gap:
    return fmt::format("queue {}, gap {}", place.key, place.sequence);
  case queue_record::pack:
    return fmt::format("queue {}, entries up to {}", place.key, place.sequence);
  }
  return fmt::format("queue {}, entry {}", place.key, place.sequence);
}

// Keys of sessions begin with a number.
std::string name_of(family where, std::string_view key) {
  auto id = session_of(key);
  if (!id || where == family::retained || where == family::meta)
    return fmt::format("{} \"{}\"", to_string(where), readable(key));
  if (auto place = where == family::queue ? place_of(key) : std::nullopt)
    return name_of(*place);
  auto rest = key.substr(session_id::size);
  return fmt::format("{} {}{}{}", to_string(where), *id,
                     rest.empty() ? "" : " ", readable(rest));
}

class checker {
public:
  checker(const std::string& directory, const progress& tell)
      : directory_(directory), tell_(tell) {}

  check_report run() {
    report_.error = used_by_another(directory_);
    if (report_.error.empty() && check_files())
      check_records();
    return std::move(report_);
  }

private:
  bool go_on(uint64_t done, uint64_t total) {
    if (!tell_ || tell_(done, total))
      return true;
    report_.error = "interrupted";
    return false;
  }

  template <class... Ts>
  void find(fmt::format_string<Ts...> format, Ts&&... args) {
    report_.damage.push_back(fmt::format(format, std::forward<Ts>(args)...));
  }

  bool check_files() {
    auto paths = files_in(directory_);
    for (size_t i = 0; i < paths.size(); ++i) {
      check_file(paths[i]);
      if (!go_on(i, paths.size() * 2))
        return false;
    }
    files_ = paths.size();
    return true;
  }

  void check_file(const fs::path& path) {
    auto name = path.filename().string();
    if (path.extension() == ".sst") {
      if (!table_reader{path, families_}.is_good())
        find("{}: the table is damaged", name);
    } else if (path.extension() == ".log") {
      auto gaps = read_log(path, [](const rocksdb::WriteBatch&) {});
      if (gaps != 0)
        find("{}: {} parts of the log are damaged", name, gaps);
    }
  }

  void check_records() {
    auto opened =
        open_database(directory_, open_mode::read_only, known_, nullptr);
    if (!opened.db) {
      find("The database cannot be opened: {}", opened.status.ToString());
      return;
    }
    if (auto problem = format_problem(*opened.db); !problem.empty()) {
      report_.error = refusal(directory_, problem);
      return;
    }
    auto expected = expected_records(*opened.db);
    inspection how;
    how.on_flaw = [this](const flaw& what) { add(what); };
    how.on_progress = [&](uint64_t records) {
      auto share = std::min(records, expected) * files_ / expected;
      return go_on(files_ + share, files_ * 2);
    };
    report_.records = inspect(*opened.db, how);
    if (flaws_ > told_flaws)
      find("{} more records like these", flaws_ - told_flaws);
  }

  uint64_t expected_records(const database& db) const {
    uint64_t result = 1;
    for (auto each : all_families)
      result += db.sizes_of(each).records;
    return result;
  }

  void add(const flaw& what) {
    if (++flaws_ <= told_flaws)
      find("{}: {}", name_of(what.where, what.key), what.text);
  }

  const std::string& directory_;
  const progress& tell_;
  check_report report_;
  told_ptr known_ = std::make_shared<told>();
  std::vector<rocksdb::ColumnFamilyDescriptor> families_ =
      family_descriptors(known_);
  uint64_t files_ = 0;
  uint64_t flaws_ = 0;
};

} // namespace

check_report verify(const std::string& directory, const progress& tell) {
  return checker{directory, tell}.run();
}

check_report repair(const std::string& directory, const progress& tell) {
  if (auto problem = finish_mending(directory); !problem.empty())
    return {0, {}, problem};
  auto report = verify(directory, tell);
  if (!report.error.empty() || report.damage.empty())
    return report;
  quarantine aside{directory};
  auto mended = mend(directory, aside, tell);
  report.error = std::move(mended.error);
  for (auto& each : mended.findings)
    report.damage.push_back(std::move(each));
  if (report.error.empty())
    report.damage.push_back(
        fmt::format("The database as it was is in {}.", aside.directory()));
  return report;
}

} // namespace troupe::storage
