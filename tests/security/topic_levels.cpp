#include "security/topic_levels.hpp"

#include <caf/test/dsl.hpp>

#include <string>
#include <vector>

using namespace troupe::security;

namespace {

std::vector<std::string> levels_of(std::string_view topic) {
  std::vector<std::string> result;
  for (level_cursor rest{topic}; !rest.at_end();)
    result.emplace_back(rest.next());
  return result;
}

using strings = std::vector<std::string>;

} // namespace

CAF_TEST(levels are what stands between slashes) {
  CAF_CHECK_EQUAL(levels_of("a/bc/d"), (strings{"a", "bc", "d"}));
  CAF_CHECK_EQUAL(levels_of("a"), strings{"a"});
}

CAF_TEST(levels may be empty) {
  CAF_CHECK_EQUAL(levels_of(""), strings{""});
  CAF_CHECK_EQUAL(levels_of("/"), (strings{"", ""}));
  CAF_CHECK_EQUAL(levels_of("a//b/"), (strings{"a", "", "b", ""}));
}

CAF_TEST(wildcards stand alone in their level and the hash at the end) {
  for (auto good : {"#", "+", "a/#", "+/+/#", "/", "a b/c", "+/a", "$SYS/#"})
    CAF_CHECK(is_filter(good));
  for (auto bad : {"", "#/", "#/a", "a/#/b", "a#", "a/b#", "+a", "a+/b", "++",
                   "##", "a/+#"})
    CAF_CHECK(!is_filter(bad));
}

CAF_TEST(filters have limits) {
  CAF_CHECK(is_filter(std::string(200, '/')));
  CAF_CHECK(!is_filter(std::string(201, '/')));
  CAF_CHECK(is_filter(std::string(65'535, 'a')));
  CAF_CHECK(!is_filter(std::string(65'536, 'a')));
}

CAF_TEST(the share name is no part of what is matched) {
  CAF_CHECK_EQUAL(without_share("$share/group/a/b"), "a/b");
  CAF_CHECK_EQUAL(without_share("$share//a"), "a");
  CAF_CHECK_EQUAL(without_share("$share/group"), "$share/group");
  CAF_CHECK_EQUAL(without_share("$shared/group/a"), "$shared/group/a");
}
