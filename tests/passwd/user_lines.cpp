#include "apps/passwd/user_lines.hpp"

#include <caf/test/dsl.hpp>

#include <string>
#include <string_view>

using namespace troupe;
using namespace troupe::passwd_tool;

namespace {

// Made by Debian's mosquitto_passwd 2.0.11.
const std::string hashed =
    "$7$101$4N/a+vV3w5UaJsM/$/nTjOVOf5Z02wmtyOtww+J6bI552+yFt/"
    "8ZFW31ZsTdd5tYFOBRaSHQP9Cuo/LVGoluiu6F5JYJfbIR5GUFVKQ==";

checked<upgraded> upgrade_text(std::string_view text) {
  return upgrade(text, "users", [](std::string_view password) {
    return checked<std::string>{"<" + std::string{password} + ">"};
  });
}

void check_refused(std::string_view text, std::string_view begin) {
  auto made = upgrade_text(text);
  auto why = made ? "upgraded" : made.error().text;
  if (!why.starts_with(begin))
    CAF_ERROR(text << ": " << why);
}

} // namespace

CAF_TEST(a new user comes last) {
  CAF_CHECK_EQUAL(set_user("", "u", "h").text, "u:h\n");
  CAF_CHECK_EQUAL(set_user("a:b\n", "u", "h").text, "a:b\nu:h\n");
  CAF_CHECK_EQUAL(set_user("a:b", "u", "h").text, "a:b\nu:h\n");
  CAF_CHECK_EQUAL(set_user("a:b", "u", "h").found, 0u);
}

CAF_TEST(a user who is there stays in place and so does all else) {
  auto made = set_user("# u:1\n\nu:1\n  x y \na:b\r\n", "u", "h");
  CAF_CHECK_EQUAL(made.text, "# u:1\n\nu:h\n  x y \na:b\r\n");
  CAF_CHECK_EQUAL(made.found, 1u);
}

CAF_TEST(lines of the same user become one) {
  auto made = set_user("u:1\na:b\n u : 2\nu:3", "u", "h");
  CAF_CHECK_EQUAL(made.text, "u:h\na:b\n");
  CAF_CHECK_EQUAL(made.found, 3u);
}

CAF_TEST(only the whole name is the user) {
  auto text = "uu:1\nU:2\nu\nu u:3\n#u:4\n:u\nx:u:5\n";
  CAF_CHECK_EQUAL(remove_user(text, "u").text, text);
  CAF_CHECK_EQUAL(remove_user(text, "u").found, 0u);
}

CAF_TEST(a user is removed with all lines and nothing else is) {
  auto made = remove_user("# all\nu:1\r\na:b\nu:2", "u");
  CAF_CHECK_EQUAL(made.text, "# all\na:b\n");
  CAF_CHECK_EQUAL(made.found, 2u);
  CAF_CHECK_EQUAL(remove_user("u:1\n", "u").text, "");
}

CAF_TEST(plain passwords are hashed and the rest stays) {
  auto made =
      upgrade_text("# a:b\n\nu:geheim\n v : a b \r\nw:" + hashed + "\nx:c:d");
  CAF_REQUIRE(made.has_value());
  CAF_CHECK_EQUAL(made->text,
                  "# a:b\n\nu:<geheim>\nv:<a b>\nw:" + hashed + "\nx:<c:d>\n");
  CAF_CHECK_EQUAL(made->hashed, 3u);
  CAF_CHECK_EQUAL(made->kept, 1u);
}

CAF_TEST(a password that begins with a dollar is still one) {
  auto made = upgrade_text("u:$ecret\nv:$5$x");
  CAF_REQUIRE(made.has_value());
  CAF_CHECK_EQUAL(made->text, "u:<$ecret>\nv:<$5$x>\n");
}

CAF_TEST(what cannot be upgraded is named with its line) {
  check_refused("a:b\nu\n", "users:2: Corrupt password file");
  check_refused("\n:b\n", "users:2: Corrupt password file");
  check_refused("u:\n", "users:1: user `u` has no password");
  check_refused("u: \n", "users:1: user `u` has no password");
  for (auto broken : {"u:$7$101$x", "u:$6$YWJj$YWJj", "u:$argon2i$v=19$x",
                      "u:$scram-sha-1$x"})
    check_refused(broken, "users:1: user `u` has what looks like a hash");
}

CAF_TEST(a password that cannot be hashed stops everything) {
  auto made = upgrade("u:a\n", "users", [](std::string_view) {
    return checked<std::string>{explanation{"no memory"}};
  });
  CAF_REQUIRE(!made);
  CAF_CHECK_EQUAL(made.error().text, "no memory");
}
