#include "broker/system_topics.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe::broker;

CAF_TEST(below SYS clients publish only whether a bridge is there) {
  CAF_CHECK(!is_reserved_topic("$SYS/broker/connection/far/state"));
  CAF_CHECK(is_reserved_topic("$SYS/broker/connection/a/b/state"));
  CAF_CHECK(is_reserved_topic("$SYS/broker/connection/far"));
  CAF_CHECK(is_reserved_topic("$SYS/broker/uptime"));
  CAF_CHECK(!is_reserved_topic("broker/uptime"));
}
