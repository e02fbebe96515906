#pragma once

#include "storage/quarantine.hpp"
#include "storage/rocks_store.hpp"

#include <rocksdb/env.h>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::storage {

struct mend_report {
  /// Empty: a whole database stands in the place of the damaged one.
  std::string error;
  /// What could not be read, one sentence each.
  std::vector<std::string> findings;
  /// Damaged records, and stretches of files that held more of them.
  uint64_t damaged = 0;
};

/// Builds a database from everything that can be read of the one in `directory`
/// and puts it in its place; the old one goes to quarantine as a whole. Nothing
/// is lost when it is interrupted. REQUIRES: nobody has it open.
mend_report mend(const std::string& directory, quarantine& aside,
                 const progress& tell);

/// Ends what an interrupted `mend` had begun. Empty, or what went wrong.
std::string finish_mending(const std::string& directory);

} // namespace troupe::storage
