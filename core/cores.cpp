#include "core/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <thread>

namespace troupe {

// Not `hardware_concurrency`: with glibc it is what the machine has.
size_t usable_cores() noexcept {
  // Room for 16384: more than Linux supports.
  std::array<cpu_set_t, 16> cores{};
  if (sched_getaffinity(0, sizeof cores, cores.data()) != 0)
    return std::max(1u, std::thread::hardware_concurrency());
  auto count = CPU_COUNT_S(sizeof cores, cores.data());
  return static_cast<size_t>(std::max(1, count));
}

} // namespace troupe
