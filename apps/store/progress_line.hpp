#pragma once

#include "storage/rocks_store.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe::store_tool {

/// Shows on a terminal how far something is, in one line that is written over
/// and gone at the end; elsewhere nothing. Ends what it watches when a signal
/// comes.
class progress_line {
public:
  explicit progress_line(std::string what);
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line();

  /// What `storage` calls. Refers to this object.
  storage::progress teller();

private:
  bool tell(uint64_t done, uint64_t total);

  std::string what_;
  std::chrono::steady_clock::time_point shown_at_{};
  bool is_terminal_;
  bool is_shown_ = false;
};

} // namespace troupe::store_tool
