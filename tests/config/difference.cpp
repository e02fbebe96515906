#include "config/difference.hpp"

#include "config/load.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace troupe;
using config::settings;

namespace {

settings read(std::string_view text) {
  auto got = config::parse_mosquitto_conf(text, "m.conf");
  if (!got)
    CAF_FAIL(got.error().text);
  return got->settings;
}

/// What a log would say of the change, a line each.
std::string described(std::string_view before, std::string_view after) {
  auto old = read(before);
  auto now = read(after);
  std::string all;
  for (const auto& each : config::describe(config::compare(old, now), old, now))
    all += each + "\n";
  return all;
}

} // namespace

CAF_TEST(the same settings do not differ) {
  auto text = "listener 1\nmax_qos 1\nlistener 0 /x\nmax_keepalive 5\n";
  CAF_CHECK(config::compare(read(text), read(text)).is_empty());
  CAF_CHECK(config::compare(settings{}, settings{}).is_empty());
  // Neither the order of the lines nor the spelling matters.
  CAF_CHECK_EQUAL(described("listener 1\nlistener 2\nmax_qos 1",
                            "listener 2\nmaximum_qos 1\nlistener 1"),
                  "");
}

CAF_TEST(a changed option says when it takes effect) {
  CAF_CHECK_EQUAL(described("listener 1", "listener 1\nmemory_limit 5000"),
                  "memory_limit: 5000 instead of 0, at once\n");
  CAF_CHECK_EQUAL(described("max_keepalive 5", ""),
                  "max_keepalive: 0 instead of 5, for new connections\n");
  CAF_CHECK_EQUAL(described("loops 2", "loops 3"),
                  "loops: 3 instead of 2, only after a restart\n");
  CAF_CHECK_EQUAL(described("log_type all", "log_type error\nlog_type debug"),
                  "log_type: error, debug instead of all, at once\n");
  CAF_CHECK_EQUAL(described("", "acl_file /a"),
                  "acl_file: /a instead of (none), at once\n"
                  "listener 1883 on 127.0.0.1: acl_file: /a instead of (none), "
                  "at once\n"
                  "listener 1883 on ::1: acl_file: /a instead of (none), at "
                  "once\n");
}

CAF_TEST(listeners come and go and change) {
  CAF_CHECK_EQUAL(described("listener 1\nlistener 2 ::1\nlistener 0 /x",
                            "listener 2 ::1\nmax_qos 1\nlistener 3"),
                  "listener 1: removed\n"
                  "listener /x: removed\n"
                  "listener 3: added\n"
                  "listener 2 on ::1: max_qos: 1 instead of 2, for new "
                  "connections\n");
  auto old = read("listener 1\nlistener 2");
  auto now = read("listener 3\nlistener 2");
  auto made = config::compare(old, now);
  CAF_CHECK_EQUAL(made.listeners.added, std::vector<size_t>{0});
  CAF_CHECK_EQUAL(made.listeners.removed, std::vector<size_t>{0});
  CAF_REQUIRE_EQUAL(made.listeners.kept.size(), 1u);
  CAF_CHECK_EQUAL(made.listeners.kept[0].before, 1u);
  CAF_CHECK_EQUAL(made.listeners.kept[0].after, 1u);
  CAF_CHECK(made.listeners.kept[0].options.empty());
  CAF_CHECK(!made.is_empty());
}

CAF_TEST(a socket that must be made anew is another listener) {
  CAF_CHECK_EQUAL(described("listener 0 /x\nsocket_mode 0600",
                            "listener 0 /x\nsocket_mode 0660"),
                  "listener /x: removed\nlistener /x: added\n");
  CAF_CHECK_EQUAL(described("listener 1\nbind_interface a", "listener 1"),
                  "listener 1 at a: removed\nlistener 1: added\n");
}

CAF_TEST(further certificates are compared) {
  auto old = read("listener 1\ncertfile /c\nkeyfile /k");
  auto now = old;
  now.listeners[0].certificates = {{"/c2", "/k2"}};
  auto made = config::compare(old, now);
  CAF_REQUIRE_EQUAL(made.listeners.kept.at(0).options.size(), 1u);
  CAF_CHECK_EQUAL(made.listeners.kept[0].options[0].name, "certificates");
  CAF_CHECK_EQUAL(made.listeners.kept[0].options[0].after, "/c2");
}

CAF_TEST(what needs a restart stays as it was until then) {
  auto old = read("loops 2\npersistence true\npersistence_location /a\n"
                  "acknowledge_after synced\nmax_keepalive 1");
  auto now = read("loops 3\npersistence_location /b\nmax_keepalive 2");
  CAF_CHECK(config::compare(old, now).needs_restart());
  auto becomes = config::without_restart(old, now);
  CAF_CHECK_EQUAL(becomes.loops, 2u);
  CAF_CHECK(becomes.persistence);
  CAF_CHECK_EQUAL(becomes.persistence_location, "/a");
  CAF_CHECK(becomes.acknowledge_after == config::acknowledge_after::synced);
  CAF_CHECK_EQUAL(becomes.max_keepalive, 2);
  CAF_CHECK(!config::compare(old, becomes).needs_restart());
}
