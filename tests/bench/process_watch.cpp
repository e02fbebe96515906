#include "apps/bench/process_watch.hpp"

#include <caf/test/unit_test.hpp>

#include <unistd.h>

using namespace troupe::bench;

CAF_TEST(a number is found behind its name in status text) {
  auto text = "Name:\tbroker\nVmHWM:\t    9216 kB\nVmRSS:\t    8660 kB\n";
  CAF_CHECK_EQUAL(status_number(text, "VmRSS:"), 8660U);
  CAF_CHECK_EQUAL(status_number(text, "VmHWM:"), 9216U);
  CAF_CHECK_EQUAL(status_number(text, "VmSwap:"), 0U);
  CAF_CHECK_EQUAL(status_number("VmRSS:", "VmRSS:"), 0U);
}

CAF_TEST(a process that works is seen to use its core) {
  process_watch watch{getpid()};
  watch.begin();
  auto start = own_cpu();
  while (own_cpu() - start < 20'000'000) {
  }
  watch.end();
  CAF_CHECK(watch.cpu() >= 10'000'000);
  CAF_CHECK(watch.own_cpu() >= 20'000'000);
  CAF_CHECK(watch.rss_at_start() > 1000);
  CAF_CHECK(watch.rss_peak() >= watch.rss_at_start());
}

CAF_TEST(without a process nothing is watched) {
  process_watch watch{0};
  CAF_CHECK(!watch.is_on());
  watch.begin();
  watch.end();
  CAF_CHECK_EQUAL(watch.cpu(), 0U);
  CAF_CHECK_EQUAL(watch.rss_peak(), 0U);
}
