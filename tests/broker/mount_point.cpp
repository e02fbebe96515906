#include "broker/mount_point.hpp"

#include <caf/test/unit_test.hpp>

#include <cstddef>
#include <string>

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

CAF_TEST(what becomes too long or too deep does not fit) {
  auto levels = [](size_t slashes) {
    std::string result = "site/"; // one of them
    for (size_t i = 1; i < slashes; ++i)
      result += "a/";
    return result;
  };
  CAF_CHECK(fits("site/a"));
  CAF_CHECK(fits(mounted_topic("site/", std::string(65530, 'a'))));
  CAF_CHECK(!fits(mounted_topic("site/", std::string(65531, 'a'))));
  CAF_CHECK(fits(levels(200)));
  CAF_CHECK(!fits(levels(201)));
}
