#pragma once

#include <cstddef>

namespace troupe {

/// How many cores the calling thread may run on, at least one: those of the
/// machine, less what `taskset`, a cpuset or a container takes away.
size_t usable_cores() noexcept;

} // namespace troupe
