#include "security/dynsec_file.hpp"

#include "security/dynsec_initial.hpp"
#include "security/dynsec_password.hpp"
#include "security/protected_file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace troupe::security::dynsec {

namespace {

using complaint = std::optional<explanation>;

complaint cannot(std::string_view do_what, const std::string& path) {
  return explanation{
      fmt::format("cannot {} {}: {}", do_what, path, std::strerror(errno))};
}

/// A file beside another one, which takes its place or goes.
class draft_file {
public:
  explicit draft_file(const std::string& target)
      : target_(target), path_(target + ".XXXXXX"),
        // Made with mode 0600.
        file_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  draft_file(const draft_file&) = delete;
  draft_file& operator=(const draft_file&) = delete;
  ~draft_file() {
    if (file_ < 0)
      return;
    ::close(file_);
    if (!is_moved_)
      ::unlink(path_.c_str());
  }

  /// Nothing: it is in the place of the other one, on the disk.
  complaint replace(std::string_view content) {
    if (file_ < 0)
      return cannot("write beside", target_);
    keep_owner();
    if (!write_all(content) || ::fsync(file_) != 0)
      return cannot("write", path_);
    if (::rename(path_.c_str(), target_.c_str()) != 0)
      return cannot("replace", target_);
    is_moved_ = true;
    return sync_folder();
  }

private:
  /// Root may save what another user owns and will want to read.
  void keep_owner() const {
    struct stat old {};
    if (::stat(target_.c_str(), &old) == 0 && old.st_uid != ::geteuid())
      static_cast<void>(!::fchown(file_, old.st_uid, old.st_gid));
  }

  bool write_all(std::string_view content) const {
    while (!content.empty()) {
      auto count = ::write(file_, content.data(), content.size());
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return false;
      content.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }

  /// Without it the folder may name the old file after a loss of power.
  complaint sync_folder() const {
    auto folder = std::filesystem::path{target_}.parent_path();
    auto name = folder.empty() ? std::string{"."} : folder.string();
    int opened = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
      return cannot("open", name);
    bool done = ::fsync(opened) == 0;
    auto wrong = done ? complaint{} : cannot("sync", name);
    ::close(opened);
    return wrong;
  }

  std::string target_;
  std::string path_;
  int file_;
  bool is_moved_ = false;
};

/// The file itself, where `path` is a symbolic link to it.
std::string resolve(const std::string& path) {
  std::error_code failed;
  auto found = std::filesystem::canonical(path, failed);
  return failed ? path : found.string();
}

complaint replace_file(const std::string& path, std::string_view content) {
  draft_file draft{resolve(path)};
  return draft.replace(content);
}

/// The first line, without the blanks at its end.
checked<std::string> read_password(const std::string& path) {
  auto content = read_protected_file(path);
  if (!content)
    return content.error();
  auto password = content->substr(0, content->find('\n'));
  password.erase(password.find_last_not_of(" \t\r\n\v\f") + 1);
  wipe(*content);
  if (password.empty())
    return explanation{fmt::format(
        "{}: its first line is to be the password of admin, but is empty",
        path)};
  return password;
}

checked<std::string> check_environment(const std::string& value) {
  constexpr size_t least = 12;
  if (value.size() < least)
    return explanation{fmt::format(
        "MOSQUITTO_DYNSEC_PASSWORD has {} characters; use at least {}",
        value.size(), least)};
  return value;
}

/// Draws passwords and writes them down beside `path`.
checked<creation>
create_by_lot(const std::string& path,
              const std::function<std::string(std::string_view)>& hash) {
  auto admin = make_random_password();
  auto demo = make_random_password();
  auto made = initial_document(hash, admin, &demo);
  if (admin.empty() || demo.empty() || !made)
    return explanation{"cannot make passwords: there are no random numbers"};
  auto beside = path + ".pw";
  auto text = fmt::format("admin {}\ndemoclient {}\n", admin, demo);
  auto wrong = replace_file(beside, text);
  for (auto* secret : {&admin, &demo, &text})
    wipe(*secret);
  if (wrong)
    return *wrong;
  return creation{std::move(*made), beside};
}

checked<creation>
create_given(checked<std::string> password,
             const std::function<std::string(std::string_view)>& hash) {
  if (!password)
    return password.error();
  auto made = initial_document(hash, *password, nullptr);
  wipe(*password);
  if (!made)
    return explanation{"cannot hash the password of admin"};
  return creation{std::move(*made), {}};
}

checked<creation>
create(const std::string& path, const first_password& given,
       const std::function<std::string(std::string_view)>& hash) {
  if (!given.file.empty())
    return create_given(read_password(given.file), hash);
  if (given.environment)
    return create_given(check_environment(*given.environment), hash);
  return create_by_lot(path, hash);
}

} // namespace

checked<reading> load_file(const std::string& path) {
  auto text = read_protected_file(path);
  if (!text)
    return text.error();
  return read_document(*text, path);
}

std::optional<explanation> save_file(const std::string& path,
                                     const document& content) {
  auto text = write_document(content);
  if (text.size() > most_file_bytes)
    return explanation{
        fmt::format("cannot save {}: it would have {} bytes, and files of more "
                    "than {} are not read; delete what is not needed",
                    path, text.size(), most_file_bytes)};
  return replace_file(path, text);
}

checked<creation>
create_file(const std::string& path, const first_password& given,
            const std::function<std::string(std::string_view)>& hash) {
  auto made = create(path, given, hash ? hash : make_password_hash);
  if (!made)
    return made;
  if (auto wrong = save_file(path, made->content))
    return *wrong;
  return made;
}

} // namespace troupe::security::dynsec
