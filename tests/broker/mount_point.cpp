#include "broker/mount_point.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe::broker;

CAF_TEST(topics move below the mount point) {
  CAF_CHECK_EQUAL(mounted_topic("site/", "a/b"), "site/a/b");
  CAF_CHECK_EQUAL(mounted_topic("site", "a/b"), "sitea/b");
}

CAF_TEST(of a shared subscription only the filter moves) {
  CAF_CHECK_EQUAL(mounted_filter("site/", "a/#"), "site/a/#");
  CAF_CHECK_EQUAL(mounted_filter("site/", "$share/g/a/#"), "$share/g/site/a/#");
  CAF_CHECK_EQUAL(mounted_filter("site/", "$share//a"), "$share//site/a");
  CAF_CHECK_EQUAL(mounted_filter("site/", "$SYS/#"), "site/$SYS/#");
}

CAF_TEST(only topics of its own lose the mount point) {
  CAF_CHECK_EQUAL(hidden_prefix("site/", "site/a"), 5u);
  CAF_CHECK_EQUAL(hidden_prefix("site/", "other/a"), 0u);
  CAF_CHECK_EQUAL(hidden_prefix("site/", "site/"), 0u);
  CAF_CHECK_EQUAL(hidden_prefix("", "site/a"), 0u);
}
