#include "security/file_swap.hpp"

#include "security/protected_file.hpp"
#include "security/secret.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace troupe::security {

namespace {

std::string last_error(std::string_view what, const std::string& path) {
  return fmt::format("cannot {} {}: {}", what, path, std::strerror(errno));
}

/// Closes a file when it goes.
class descriptor {
public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }
  int get() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }

private:
  int number_;
};

std::string folder_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return path.substr(0, slash + 1);
}

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    auto count = ::write(file, content.data(), content.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    content.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

/// Beside a file, with a name of its own; goes unless it was moved there.
class draft {
public:
  explicit draft(const std::string& beside)
      : path_(beside + ".XXXXXX"), file_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  ~draft() {
    if (file_.is_open() && !path_.empty())
      ::unlink(path_.c_str());
  }

  /// Takes over mode and owner. False: see errno.
  bool resemble(const struct stat& like) {
    if (!file_.is_open() || !belong_to(like))
      return false;
    return ::fchmod(file_.get(), like.st_mode & 07777) == 0;
  }

  /// Takes over the owner. False: see errno.
  bool belong_to(const struct stat& like) {
    struct stat own {};
    if (!file_.is_open() || ::fstat(file_.get(), &own) != 0)
      return false;
    bool is_theirs = own.st_uid == like.st_uid && own.st_gid == like.st_gid;
    return is_theirs || ::fchown(file_.get(), like.st_uid, like.st_gid) == 0;
  }

  /// False: see errno.
  bool fill(std::string_view content) {
    return file_.is_open() && write_all(file_.get(), content)
           && ::fsync(file_.get()) == 0;
  }

  /// Moves it to `target`; only if nothing is there, unless it `replaces`.
  bool move_to(const std::string& target, bool replaces) {
    bool is_moved = replaces ? ::rename(path_.c_str(), target.c_str()) == 0
                             : put_where_nothing_is(target);
    if (is_moved)
      path_.clear();
    return is_moved;
  }

private:
  bool put_where_nothing_is(const std::string& target) {
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(),
                    RENAME_NOREPLACE)
        == 0)
      return true;
    // Not every file system can do that; a second name does as well.
    return errno == EINVAL && ::link(path_.c_str(), target.c_str()) == 0
           && ::unlink(path_.c_str()) == 0;
  }

  std::string path_;
  descriptor file_;
};

/// After this a loss of power does not bring the old file back.
bool sync_folder(const std::string& path) {
  descriptor folder{
      ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return folder.is_open() && ::fsync(folder.get()) == 0;
}

std::optional<std::string> resolve(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr)
    return std::nullopt;
  std::string made{resolved};
  ::free(resolved);
  return made;
}

/// Opens and locks the file that is at `path` once the lock is there: whoever
/// had it before has put another one in its place.
int open_locked(const std::string& path, struct stat& about) {
  while (true) {
    auto file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
      return -1;
    struct stat there {};
    if (::flock(file, LOCK_EX) != 0 || ::fstat(file, &about) != 0
        || ::stat(path.c_str(), &there) != 0) {
      auto why = std::exchange(errno, 0);
      ::close(file);
      errno = why;
      return -1;
    }
    if (about.st_ino == there.st_ino && about.st_dev == there.st_dev)
      return file;
    ::close(file);
  }
}

/// Fills `made` and moves it to `target`.
std::string finish(draft& made, const std::string& target,
                   std::string_view content, bool replaces) {
  if (!made.fill(content))
    return last_error("write beside", target);
  if (!made.move_to(target, replaces))
    return last_error(replaces ? "replace" : "make", target);
  if (!sync_folder(target))
    return last_error("sync the folder of", target);
  return {};
}

} // namespace

std::string create_file(const std::string& path, std::string_view content) {
  draft made{path};
  return finish(made, path, content, false);
}

std::string replace_file(const std::string& path, std::string_view content) {
  auto target = resolve(path).value_or(path);
  draft made{target};
  struct stat old {};
  if (::stat(target.c_str(), &old) == 0)
    static_cast<void>(made.belong_to(old)); // only root may
  return finish(made, target, content, true);
}

std::string change_file(const std::string& path, const change& make) {
  auto target = resolve(path);
  if (!target)
    return last_error("open", path);
  struct stat about {};
  descriptor lock{open_locked(*target, about)};
  if (!lock.is_open())
    return last_error("open", path);
  auto content = read_protected_file(*target);
  if (!content)
    return content.error().text;
  auto changed = make(*content);
  // With -U there were passwords in it.
  wipe(*content);
  if (!changed)
    return changed.error().text;
  draft made{*target};
  if (!made.resemble(about))
    return last_error("write beside", *target);
  return finish(made, *target, *changed, true);
}

} // namespace troupe::security
