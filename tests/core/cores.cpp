#include "core/cores.hpp"

#include <caf/test/unit_test.hpp>

#include <sched.h>

#include <thread>

using namespace troupe;

namespace {

/// Restricts the calling thread to the first `count` of its cores; how many
/// there were.
int keep_cores(int count) {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0)
    return 0;
  cpu_set_t kept;
  CPU_ZERO(&kept);
  for (size_t each = 0; each < CPU_SETSIZE && CPU_COUNT(&kept) < count; ++each)
    if (CPU_ISSET(each, &all))
      CPU_SET(each, &kept);
  return sched_setaffinity(0, sizeof kept, &kept) == 0 ? CPU_COUNT(&all) : 0;
}

} // namespace

CAF_TEST(what a thread may not run on does not count) {
  auto before = usable_cores();
  std::thread{[&] {
    auto all = keep_cores(1);
    CAF_REQUIRE(all > 0);
    CAF_CHECK_EQUAL(before, static_cast<size_t>(all));
    CAF_CHECK_EQUAL(usable_cores(), size_t{1});
  }}.join();
  CAF_CHECK_EQUAL(usable_cores(), before);
}
