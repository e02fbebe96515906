#include "apps/store/staging.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace fs = std::filesystem;

namespace troupe::store_tool {

namespace {

constexpr std::string_view infix = ".import-";
constexpr const char* in_use =
    " is in use: a broker, or another troupe store, was started meanwhile";

/// Holds the lock that keeps others from opening a database, as RocksDB does.
class database_lock {
public:
  explicit database_lock(const std::string& database)
      : descriptor_(open((database + "/LOCK").c_str(), O_RDWR | O_CLOEXEC)) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    is_held_ = descriptor_ >= 0 && fcntl(descriptor_, F_SETLK, &whole) == 0;
  }
  database_lock(const database_lock&) = delete;
  database_lock& operator=(const database_lock&) = delete;
  ~database_lock() {
    if (descriptor_ >= 0)
      close(descriptor_);
  }
  bool is_held() const noexcept { return is_held_; }

private:
  int descriptor_;
  bool is_held_ = false;
};

std::string last_error(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

/// What an import left behind whose process is gone.
void remove_leftovers(const location& where) {
  auto prefix = std::string{storage::database_name}.append(infix);
  std::error_code error;
  for (const auto& each : fs::directory_iterator{where.directory, error}) {
    auto name = each.path().filename().string();
    if (!name.starts_with(prefix))
      continue;
    pid_t process = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(),
                    process);
    std::error_code ignored;
    if (process > 0 && kill(process, 0) != 0 && errno == ESRCH)
      fs::remove_all(each.path(), ignored);
  }
}

void sync_directory(const std::string& path) {
  auto descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return;
  fsync(descriptor);
  close(descriptor);
}

} // namespace

staging::staging(const location& where)
    : where_(where), directory_(where.database + std::string{infix}
                                + std::to_string(getpid())) {}

staging::~staging() {
  store_.reset();
  std::error_code ignored;
  if (!is_published_)
    fs::remove_all(directory_, ignored);
}

std::string staging::open() {
  std::error_code error;
  if (!fs::is_directory(where_.directory, error))
    return "there is no directory " + where_.directory;
  if (is_in_use(where_))
    return where_.database + ": a broker uses it: stop the broker first";
  remove_leftovers(where_);
  was_there_ = fs::exists(where_.database, error);
  if (was_there_ && fs::exists(aside(), error))
    return aside() + " exists already: move it away or delete it";
  if (was_there_)
    if (auto problem = copy_original(); !problem.empty())
      return problem;
  auto opened = storage::open_store({directory_, false});
  store_ = std::move(opened.store);
  return opened.error;
}

std::string staging::copy_original() {
  auto opened = open_existing(where_, false);
  if (!opened.store)
    return opened.error;
  original_ = std::move(opened.store);
  auto status = original_->backup(directory_);
  return status ? std::string{}
                : "cannot copy " + where_.database + ": " + status.text;
}

std::string staging::publish() {
  store_.reset();
  give_to_owner(where_, directory_);
  auto problem = swap();
  // From then on what is called `directory_` may be the old database.
  is_published_ = problem.empty();
  if (is_published_)
    sync_directory(where_.directory);
  return problem;
}

std::string staging::swap() {
  auto database = where_.database;
  if (!was_there_) {
    if (renameat2(AT_FDCWD, directory_.c_str(), AT_FDCWD, database.c_str(),
                  RENAME_NOREPLACE)
        == 0)
      return {};
    return errno == EEXIST ? database + in_use
                           : last_error("cannot make " + database);
  }
  // RocksDB must have let go of the files before they change their names.
  original_.reset();
  database_lock lock{database};
  if (!lock.is_held())
    return database + in_use;
  if (renameat2(AT_FDCWD, directory_.c_str(), AT_FDCWD, database.c_str(),
                RENAME_EXCHANGE)
      != 0)
    return last_error("cannot replace " + database);
  std::error_code ignored;
  fs::rename(directory_, aside(), ignored);
  return {};
}

} // namespace troupe::store_tool
