#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::bench {

/// CPU time of this process, in nanoseconds.
uint64_t own_cpu();

/// The number behind `name` in text as /proc/PID/status has it; 0: not there.
uint64_t status_number(std::string_view text, std::string_view name);

/// Watches a broker while it is loaded. With process 0 it watches nothing.
class process_watch {
public:
  explicit process_watch(int pid);

  bool is_on() const noexcept { return pid_ != 0; }

  /// CPU is counted from here.
  void begin();
  /// CPU is counted up to here.
  void end();
  /// Looks at the memory, if it is time to; cheap otherwise.
  void tick(time_point now);
  /// Looks at the memory and returns it, in KiB.
  uint64_t look();

  /// Nanoseconds between `begin` and `end`, of the broker and of ourselves.
  uint64_t cpu() const noexcept { return cpu_; }
  uint64_t own_cpu() const noexcept { return own_cpu_; }
  duration elapsed() const noexcept { return elapsed_; }
  uint64_t rss_at_start() const noexcept { return rss_start_; }
  uint64_t rss_peak() const noexcept { return rss_peak_; }
  uint64_t rss_at_end() const noexcept { return rss_end_; }

private:
  int pid_;
  uint64_t cpu_ = 0;
  uint64_t own_cpu_ = 0;
  uint64_t rss_start_ = 0;
  uint64_t rss_peak_ = 0;
  uint64_t rss_end_ = 0;
  time_point begun_{};
  duration elapsed_{};
  time_point next_look_{};
};

} // namespace troupe::bench
