#pragma once

#include "apps/store/options.hpp"
#include "storage/rocks_store.hpp"

#include <string>

namespace troupe::store_tool {

/// Where the data of a broker lie.
struct location {
  /// The broker's persistence_location.
  std::string directory;
  /// The database's own directory in it.
  std::string database;
  /// Empty, or why there is none.
  std::string error = {};

  std::string control_socket() const;
};

/// What -d says, else the configuration of -c, else the current directory. -d
/// may also name a database itself, a backup for one.
location find_location(const options& given);

/// Empty, or that there is no database and where one was looked for.
std::string check_database(const location& where);

/// Opens the database that `where` holds; it is never made.
storage::opened_store open_existing(const location& where, bool read_only);

/// True if a broker, or another `troupe store`, uses it. REQUIRES: this process
/// has not locked it, or would lose its lock.
bool is_in_use(const location& where);

/// What root makes belongs to whoever owns the directory, or the broker could
/// not open it. Does nothing for others.
void give_to_owner(const location& where, const std::string& made);

} // namespace troupe::store_tool
