#include "config/load.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;
using config::settings;

namespace {

config::outcome parse(std::string_view text) {
  return config::parse_json(text, "t.json");
}

/// What was read, or something that no test expects.
settings read(std::string_view text) {
  auto got = parse(text);
  if (got)
    return got->settings;
  CAF_ERROR(got.error().text);
  settings none;
  none.listeners.clear();
  return none;
}

std::string error(std::string_view text) {
  auto got = parse(text);
  return got ? std::string{"(was accepted)"} : got.error().text;
}

struct text_and_error {
  std::string_view text;
  std::string_view wanted;
};

constexpr text_and_error bad_files[] = {
    {R"({"listeners": [{"port": 70000}]})",
     "listeners[0].port: 70000 is not a port (1 to 65535)"},
    {R"({"listeners": [{"port": 1}, {"port": 0}]})",
     "listeners[1].port: 0 is not a port (1 to 65535)"},
    {R"({"listeners": [{"port": -1}]})",
     "listeners[0].port: -1 is not a port (1 to 65535)"},
    {R"({"listeners": [{"port": "1883"}]})",
     "listeners[0].port: `\"1883\"` is not a port; use a whole number without "
     "a "
     "unit"},
    {R"({"listeners": [{"port": 1883.0}]})",
     "listeners[0].port: `1883.0` is not a port; use a whole number without a "
     "unit"},
    {R"({"memory_limit": 18446744073709551615})",
     "memory_limit: `18446744073709551615` is not a number of bytes; use a "
     "whole "
     "number without a unit"},
    {R"({"memory_limit": 1e400})",
     "this is not JSON: number overflow parsing '1e400'"},
    {R"({"listeners": [{"port": 1883, "max_qos": 3}]})",
     "listeners[0].max_qos: 3 is not a QoS (0 to 2)"},
    {R"({"listeners": [{"prot": 1883}]})",
     "listeners[0].prot: unknown option; did you mean `port`?"},
    {R"({"listeners": [{"port": 1883, "max_keepalive": 3}]})",
     "listeners[0].max_keepalive: belongs to the broker; put it outside of "
     "`listeners`"},
    {R"({"listeners": [{}]})",
     "listeners[0]: a listener has either a `port` or the `path` of a Unix "
     "socket"},
    {R"({"listeners": [{"port": 1, "path": "/x"}]})",
     "listeners[0]: a listener has either a `port` or the `path` of a Unix "
     "socket"},
    {R"({"listeners": [{"address": "::1", "path": "/x"}]})",
     "listeners[0]: a Unix socket has no `address`; remove it"},
    {R"({"listeners": [{"path": ""}]})",
     "listeners[0].path: a path of 0 bytes does not fit a Unix socket (1 to "
     "107)"},
    {R"({"listeners": [1883]})",
     "listeners[0]: `1883` is not a listener; use {\"port\": 1883}"},
    {R"({"listeners": []})",
     "listeners: `[]` is not a list of listeners; use [{\"port\": 1883}], or "
     "leave it out for the loopback addresses"},
    {R"({"port": 1883})",
     "port: belongs to a listener; put it into an entry of `listeners`"},
    {R"({"max_qos": 1})",
     "max_qos: belongs to a listener; put it into an entry of `listeners`"},
    {R"({"allow_anonymous": "true"})",
     "allow_anonymous: `\"true\"` is not a boolean; use true or false"},
    {R"({"allow_anonymous": 1})",
     "allow_anonymous: `1` is not a boolean; use true or false"},
    {R"({"allow_anonymous": null})",
     "allow_anonymous: `null` is not a boolean; use true or false"},
    {R"({"pid_file": 7})",
     "pid_file: `7` is not a text; write it between quotes"},
    {R"({"auto_id_prefix": "a\u0000b"})",
     "auto_id_prefix: the value holds a control character or is not UTF-8; use "
     "printable UTF-8 text"},
    {R"({"max_queued_messages": -1})",
     "max_queued_messages: -1 is not a number of messages (at least 0)"},
    {R"({"log_type": []})",
     "log_type: the list is empty; name something or leave the option out"},
    {R"({"log_type": ["error", 7.5]})",
     "log_type: `7.5` cannot stand in this list; use texts"},
    {R"({"listeners": [{"port": 1, "accept_protocol_versions": [4, 6]}]})",
     "listeners[0].accept_protocol_versions: `6` is not a protocol version; "
     "use "
     "3 (MQTT 3.1), 4 (3.1.1) and 5 (5.0)"},
    {R"({"max_keepalives": 1})",
     "max_keepalives: unknown option; did you mean `max_keepalive`?"},
    {R"({"\u001b[2J": 1})", "\\x1b[2J: unknown option; docs/configuration.md "
                            "lists the known ones"},
    {R"({"password_file": 1})",
     "password_file: `1` is not a text; write it between quotes"},
    {R"({"certfile": "/c"})",
     "certfile: belongs to a listener; put it into an entry of `listeners`"},
    {R"({"jwt": []})",
     "jwt: `[]` is not an object; use {\"key_file\": \"/path\"}"},
    {R"({"jwt": {"keyfile": "/k"}})",
     "jwt.keyfile: unknown option; did you mean `jwt_key_file`?"},
    {R"({"jwt": {"user_claim": ""}})",
     "jwt.user_claim: an empty text names no claim; use sub, or leave the "
     "option out"},
    {R"({"jwt_key_file": "/k"})",
     "jwt_key_file: belongs into `jwt`; use {\"jwt\": {\"key_file\": ...}}"},
    {R"({"listeners": [{"port": 1, "certificates": [{"certfile": "/c"}]}]})",
     "listeners[0].certificates: `{\"certfile\":\"/c\"}` is not a certificate "
     "with its key; use [{\"certfile\": \"/path\", \"keyfile\": \"/path\"}]"},
    {R"({"listeners": [{"port": 1, "certificates": {}}]})",
     "listeners[0].certificates: `{}` is not a list of certificates; use "
     "[{\"certfile\": \"/path\", \"keyfile\": \"/path\"}]"},
    {R"({"listeners": [{"port": 1}, {"port": 1}]})",
     "listeners[1]: listens where another listener does, that at "
     "t.json:1: listeners[0]; remove one or change its port"},
    {R"({"listeners": [{"port": 1, "certfile": "/c"}]})",
     "listeners[0]: certfile needs its private key; add keyfile"},
    {R"({"persistence": "true"})",
     "persistence: `\"true\"` is not a boolean; use true or false"},
    {R"({"persistence_location": ""})",
     "persistence_location: an empty text names no directory; use . for the "
     "current one"},
    {R"({"acknowledge_after": "never"})",
     "acknowledge_after: `never` is no point in time; use routed, written "
     "(which survives a crash) or synced (a loss of power too)"},
    {R"({"when_queue_full": true})",
     "when_queue_full: `true` is not a text; write it between quotes"},
    {R"({"loops": 1, "loops": 2})",
     "loops: is given twice; remove one of them"},
    {R"({"listeners": [{"port": 1, "port": 2}]})",
     "listeners[0].port: is given twice; remove one of them"},
};

} // namespace

CAF_TEST(an empty object means the defaults) {
  CAF_CHECK(read("{}") == settings{});
  CAF_CHECK(read("\xef\xbb\xbf{ }\r\n") == settings{});
}

CAF_TEST(a value that cannot be used is refused with its path) {
  for (const auto& row : bad_files)
    CAF_CHECK_EQUAL(error(row.text), "t.json:1: " + std::string{row.wanted});
}

CAF_TEST(a value that cannot be used is refused with its line) {
  CAF_CHECK_EQUAL(error("{\n\"loops\":\n-1}"),
                  "t.json:2: loops: -1 is not a number of threads (0 to 1024)");
  CAF_CHECK_EQUAL(
      error("{\"listeners\": [ // one\n{\"port\": 1},\n{\"port\": 2,\n"
            "\"max_qos\": 3}]}"),
      "t.json:4: listeners[1].max_qos: 3 is not a QoS (0 to 2)");
  CAF_CHECK_EQUAL(error("{\"listeners\": [{\"port\": 1},\n{}]}"),
                  "t.json:2: listeners[1]: a listener has either a `port` or "
                  "the `path` of a Unix socket");
  for (std::string text : {"[]", "17"})
    CAF_CHECK_EQUAL(error(text), "t.json: `" + text
                                     + "` is not an object; write the options "
                                       "between { and }");
}

CAF_TEST(text that is not JSON is refused with its line) {
  for (std::string_view text :
       {"{\n\"loops\": 1,\n}", "{\n\n\"loops\" 1}", "{\n\n", "{\n/*\n",
        "{\n\"a\": \"\n\"}", "{\r\n\"a\": \"\xff\"\r\n\r\n}"}) {
    auto got = error(text);
    CAF_CHECK(got.starts_with("t.json:2: this is not JSON: ")
              || got.starts_with("t.json:3: this is not JSON: "));
  }
  CAF_CHECK(error("").starts_with("t.json:1: this is not JSON: "));
  CAF_CHECK(error("{\n\"loops\": 1,\n}").starts_with("t.json:3: "));
}

CAF_TEST(deep nesting is refused without harm) {
  auto deep = "{\"loops\": " + std::string(100'000, '[')
              + std::string(100'000, ']') + "}";
  CAF_CHECK_EQUAL(error(deep), "t.json:1: the values are nested too deeply; no "
                               "option needs that");
}

CAF_TEST(comments of both kinds are read over) {
  CAF_CHECK_EQUAL(read("// one\n{ /* two */ \"loops\": 3 // three\n}").loops,
                  3u);
}

CAF_TEST(values arrive with the names of mosquitto conf) {
  auto in = read(R"({
    "allow_anonymous": false, "allow_zero_length_clientid": false,
    "connect_timeout": 5, "log_dest": ["stdout", "file /var/log/a b.log"],
    "log_type": "all", "log_timestamp_format": "%H", "max_inflight_messages": 0,
    "memory_limit": 9000000000000, "persistent_client_expiration": "3h",
    "retain_expiry_interval": 2, "publish_credit_bytes": 1,
    "persistence": true, "persistence_location": "/p",
    "acknowledge_after": "routed", "sync_interval": 0,
    "when_queue_full": "drop_oldest",
    "sys_interval": 65535})");
  settings wanted;
  wanted.allow_anonymous = false;
  wanted.allow_zero_length_clientid = false;
  for (auto& each : wanted.listeners)
    each.allow_anonymous = each.allow_zero_length_clientid = false;
  wanted.connect_timeout = 5s;
  wanted.log.to_stderr = false;
  wanted.log.to_stdout = true;
  wanted.log.files = {"/var/log/a b.log"};
  wanted.log.types = log::all_levels;
  wanted.log.timestamp_format = "%H";
  wanted.max_inflight_messages = 0;
  wanted.memory_limit = 9'000'000'000'000;
  wanted.persistent_client_expiration = 3h;
  wanted.retain_expiry_interval = 2min;
  wanted.publish_credit_bytes = 1;
  wanted.persistence = true;
  wanted.persistence_location = "/p";
  wanted.acknowledge_after = config::acknowledge_after::routed;
  wanted.sync_interval = 0s;
  wanted.when_queue_full = config::queue_full_policy::drop_oldest;
  wanted.sys_interval = 65535s;
  CAF_CHECK(in == wanted);
}

CAF_TEST(listeners have their own values or those of the broker) {
  auto in = read(R"({"auto_id_prefix": "b-", "listeners": [
    {"port": 1884, "address": "::1", "allow_anonymous": true,
     "auto_id_prefix": "", "accept_protocol_versions": [5, 4]},
    {"path": "/run/x.sock", "allow_zero_length_clientid": false,
     "max_connections": -1, "socket_domain": "ipv6"}]})");
  config::listener_settings tcp;
  tcp.port = 1884;
  tcp.address = "::1";
  tcp.auto_id_prefix = "";
  tcp.accept_v31 = false;
  config::listener_settings local;
  local.port = 0;
  local.path = "/run/x.sock";
  local.allow_anonymous = false;
  local.allow_zero_length_clientid = false;
  local.auto_id_prefix = "b-";
  local.socket_domain = config::socket_domain::ipv6;
  CAF_CHECK(in.listeners
            == (std::vector<config::listener_settings>{tcp, local}));
  CAF_CHECK(in.listeners_configured);
  CAF_CHECK(!in.allow_anonymous);
}

CAF_TEST(listeners make anonymous clients unwelcome unless it says otherwise) {
  CAF_CHECK(
      !read(R"({"listeners": [{"port": 1}]})").listeners[0].allow_anonymous);
  CAF_CHECK(read(R"({"listeners": [{"port": 1}], "allow_anonymous": true})")
                .listeners[0]
                .allow_anonymous);
}

CAF_TEST(what has no effect is named in a warning) {
  auto got = parse(R"({"persistence": true, "autosave_interval": 3,
                       "log_dest": "topic", "autosave_on_changes": false,
                       "listeners": [{"port": 1, "http_dir": "/w"}]})");
  CAF_REQUIRE(got);
  std::string all;
  for (const auto& each : got->warnings)
    all += each.substr(0, each.find(":", 10)) + "\n";
  CAF_CHECK_EQUAL(all, "t.json:1: autosave_interval\n"
                       "t.json:3: listeners[0].http_dir\n"
                       "t.json:2: log_dest\n");
}

CAF_TEST(a plugin is passed over only where nobody is let in without a name) {
  CAF_CHECK(parse(R"({"plugin": "/p.so", "allow_anonymous": false})"));
  CAF_CHECK_EQUAL(error(R"({"plugin": "/p.so"})"),
                  "t.json:1: plugin: troupe loads no plugins, and without this "
                  "one anonymous clients might do what it forbids; remove it, "
                  "or set allow_anonymous false");
}
