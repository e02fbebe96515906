#pragma once

#include "storage/database.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::storage {

/// A record of this family that can be read. It may still refer to another that
/// is not there.
bool is_sound(family where, std::string_view key, std::string_view value);

/// What is wrong with a record.
struct flaw {
  family where;
  std::string_view key;
  std::string_view value;
  /// "cannot be read", "belongs to no session" and so on.
  const char* text;
};

struct inspection {
  /// Called with every flaw; its views are good until it returns.
  std::function<void(const flaw&)> on_flaw;
  /// Called with every record, now and then: false stops.
  std::function<bool(uint64_t records)> on_progress;
};

/// Reads all records and checks each by itself and against the others. Returns
/// how many there were. A family that cannot be read to its end has the flaw
/// "cannot be read from here on", with the key before.
uint64_t inspect(const database& db, const inspection& how);

} // namespace troupe::storage
