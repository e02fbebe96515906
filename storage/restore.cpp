// Putting a backup in the place of a database.
#include "storage/files.hpp"
#include "storage/mend.hpp"
#include "storage/open.hpp"
#include "storage/rocks_store.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace fs = std::filesystem;

namespace troupe::storage {

namespace {

constexpr size_t copied_at_once = size_t{1} << 20;

class restorer {
public:
  restorer(const std::string& backup, const std::string& directory,
           const progress& tell)
      : backup_(backup), directory_(directory), copy_(directory + ".restoring"),
        kept_(directory + ".before-restore"), tell_(tell) {}

  std::string run() {
    auto problem = check();
    if (problem.empty())
      problem = copy_files();
    if (problem.empty())
      problem = exchange();
    std::error_code ignored;
    fs::remove_all(copy_, ignored);
    return problem;
  }

private:
  // A backup that cannot be used must not replace what can.
  std::string check() {
    if (!fs::is_directory(backup_))
      return fmt::format("{} is not a directory", backup_);
    if (fs::exists(kept_))
      return fmt::format("{} exists already: move it away or delete it", kept_);
    if (fs::exists(directory_))
      if (auto problem = used_by_another(directory_); !problem.empty())
        return refusal(directory_, problem);
    auto nothing_expires = std::make_shared<told>();
    auto opened =
        open_database(backup_, open_mode::read_only, nothing_expires, nullptr);
    if (!opened.db)
      return refusal(backup_, opened.status.ToString());
    if (auto problem = format_problem(*opened.db); !problem.empty())
      return refusal(backup_, problem);
    auto status = (*opened.db)->VerifyChecksum();
    return status.ok() ? std::string{} : refusal(backup_, status.ToString());
  }

  std::string copy_files() {
    std::error_code error;
    fs::remove_all(copy_, error);
    fs::create_directories(copy_, error);
    close_to_others(copy_);
    std::vector<fs::path> files;
    for (fs::directory_iterator i{backup_, error}, end; !error && i != end;
         i.increment(error))
      if (i->is_regular_file(error) && i->path().filename() != "LOCK") {
        files.push_back(i->path());
        total_ += i->file_size(error);
      }
    if (error)
      return fmt::format("{}: {}", backup_, error.message());
    for (const auto& each : files)
      if (auto problem = copy_file(each); !problem.empty())
        return problem;
    return {};
  }

  std::string copy_file(const fs::path& from) {
    auto to = copy_ + "/" + from.filename().string();
    std::ifstream in{from, std::ios::binary};
    std::ofstream out{to, std::ios::binary};
    std::vector<char> bytes(copied_at_once);
    while (in.read(bytes.data(), copied_at_once) || in.gcount() > 0) {
      out.write(bytes.data(), in.gcount());
      done_ += static_cast<uint64_t>(in.gcount());
      if (tell_ && !tell_(done_, total_))
        return "interrupted";
    }
    if (!in.eof() || !out.flush())
      return fmt::format("{} cannot be copied to {}", from.string(), to);
    return sync(to);
  }

  // It must be on disk before it replaces anything.
  static std::string sync(const std::string& path) {
    std::unique_ptr<rocksdb::WritableFile> file;
    auto* env = rocksdb::Env::Default();
    auto status = env->ReopenWritableFile(path, &file, rocksdb::EnvOptions{});
    if (status.ok())
      status = file->Sync();
    return status.ok() ? std::string{} : status.ToString();
  }

  std::string exchange() {
    std::error_code error;
    if (fs::exists(directory_))
      fs::rename(directory_, kept_, error);
    if (!error)
      fs::rename(copy_, directory_, error);
    return error ? fmt::format("{}: {}", directory_, error.message())
                 : std::string{};
  }

  const std::string& backup_;
  const std::string& directory_;
  std::string copy_;
  std::string kept_;
  const progress& tell_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

} // namespace

std::string restore(const std::string& backup, const std::string& directory,
                    const progress& tell) {
  return restorer{backup, directory, tell}.run();
}

} // namespace troupe::storage
