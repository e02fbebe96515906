#include "apps/store/location.hpp"

#include "apps/store/control.hpp"
#include "config/load.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace fs = std::filesystem;

namespace troupe::store_tool {

namespace {

bool is_database(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "CURRENT", ignored);
}

location location_at(const std::string& directory) {
  auto database = fs::path{directory} / storage::database_name;
  std::error_code ignored;
  if (!is_database(directory) || fs::exists(database, ignored))
    return {directory, database.string()};
  fs::path path{directory};
  if (!path.has_filename())
    path = path.parent_path();
  auto parent = path.parent_path();
  return {parent.empty() ? "." : parent.string(), path.string()};
}

} // namespace

std::string location::control_socket() const {
  return (fs::path{directory} / control_socket_name).string();
}

location find_location(const options& given) {
  if (!given.directory.empty())
    return location_at(given.directory);
  if (given.config_file.empty())
    return location_at(".");
  auto loaded = config::load(given.config_file);
  if (!loaded)
    return {{}, {}, loaded.error().text};
  const auto& directory = loaded->settings.persistence_location;
  return location_at(directory.empty() ? "." : directory);
}

std::string check_database(const location& where) {
  std::error_code error;
  if (is_database(where.database))
    return {};
  if (!fs::is_directory(where.directory, error))
    return "there is no directory " + where.directory;
  if (fs::exists(where.database, error))
    return where.database + " is no database, or it cannot be read"
           + (error ? ": " + error.message() : "");
  return "there is no database in " + where.directory
         + ": name the broker's persistence_location with -d, or its "
           "configuration with -c";
}

storage::opened_store open_existing(const location& where, bool read_only) {
  if (auto error = check_database(where); !error.empty())
    return {nullptr, error, {}};
  // A file may vanish while it is opened, as the broker tidies up.
  constexpr int attempts = 5;
  for (int left = attempts;; --left) {
    auto opened = storage::open_store({where.database, read_only});
    if (opened.store || !read_only || left == 1)
      return opened;
  }
}

bool is_in_use(const location& where) {
  if (control_client::is_answered(where.control_socket()))
    return true;
  auto lock = open((where.database + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0)
    return false;
  struct flock whole {};
  whole.l_type = F_RDLCK;
  whole.l_whence = SEEK_SET;
  auto is_known = fcntl(lock, F_GETLK, &whole) == 0;
  close(lock);
  return is_known && whole.l_type != F_UNLCK;
}

void give_to_owner(const location& where, const std::string& made) {
  struct stat about {};
  if (geteuid() != 0 || stat(where.directory.c_str(), &about) != 0)
    return;
  auto give = [&about](const fs::path& path) {
    return lchown(path.c_str(), about.st_uid, about.st_gid) == 0;
  };
  std::error_code error;
  auto is_given = give(made);
  for (fs::recursive_directory_iterator i{made, error}, end;
       is_given && !error && i != end; i.increment(error))
    is_given = give(i->path());
}

} // namespace troupe::store_tool
