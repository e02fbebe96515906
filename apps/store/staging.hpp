#pragma once

#include "apps/store/location.hpp"
#include "storage/rocks_store.hpp"

#include <memory>
#include <string>

namespace troupe::store_tool {

/// A database that is made aside and takes its place in one step, or not at
/// all: an import that ends half-way leaves what was there untouched. It begins
/// as a copy of the database that is there (files are shared, not copied), or
/// empty.
class staging {
public:
  explicit staging(const location& where);
  staging(const staging&) = delete;
  staging& operator=(const staging&) = delete;
  /// Removes what was made unless it was published.
  ~staging();

  /// Empty, or what went wrong. No broker may use the database meanwhile: it is
  /// locked.
  std::string open();
  storage::rocks_store& store() noexcept { return *store_; }
  /// Puts it in the place of the database, which is kept as `aside()`. Empty,
  /// or what went wrong: nothing was changed then.
  std::string publish();

  /// Whether there was a database before.
  bool was_there() const noexcept { return was_there_; }
  std::string aside() const { return where_.database + ".before-import"; }

private:
  std::string copy_original();
  std::string swap();

  const location& where_;
  std::string directory_;
  std::unique_ptr<storage::rocks_store> original_;
  std::unique_ptr<storage::rocks_store> store_;
  bool was_there_ = false;
  bool is_published_ = false;
};

} // namespace troupe::store_tool
