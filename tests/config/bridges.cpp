#include "config/difference.hpp"
#include "config/load.hpp"
#include "config/options.hpp"
#include "config/written.hpp"

#include <caf/test/unit_test.hpp>

#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

using namespace troupe;
using namespace std::chrono_literals;
using config::bridge_settings;

namespace {

/// The beginning of a bridge that needs nothing more; two lines follow it.
constexpr std::string_view whole = "connection b\naddress h\ntopic #\n";

config::outcome parse(std::string_view text) {
  return config::parse_mosquitto_conf(text, "m.conf");
}

/// The bridges, or none so that a failure cannot pass for a success.
std::vector<bridge_settings> read(std::string_view text) {
  auto got = parse(text);
  if (!got)
    CAF_ERROR(got.error().text);
  return got ? got->settings.bridges : std::vector<bridge_settings>{};
}

/// A bridge that begins as `whole`.
bridge_settings read_one(std::string_view lines) {
  auto all = read(std::string{whole} + std::string{lines});
  CAF_REQUIRE_EQUAL(all.size(), 1u);
  return all.front();
}

/// What is wrong with `text`, or what it is warned of.
std::string said(const config::outcome& got) {
  if (!got)
    return got.error().text;
  std::string all;
  for (const auto& each : got->warnings)
    all += (all.empty() ? "" : "\n") + each;
  return all;
}

std::string said_of(std::string_view lines) {
  return said(parse(std::string{whole} + std::string{lines}));
}

std::string json_said(const std::string& members) {
  return said(config::parse_json(
      "{\"bridges\": [{\"name\": \"b\",\n" + members + "}]}", "t.json"));
}

std::string host() {
  std::array<char, 256> room{};
  CAF_REQUIRE_EQUAL(gethostname(room.data(), room.size() - 1), 0);
  return room.data();
}

std::string addresses(std::string_view line) {
  std::string all;
  for (const auto& bridge :
       read("connection b\ntopic #\n" + std::string{line} + "\n"))
    for (const auto& each : bridge.addresses)
      all += (all.empty() ? "" : " ") + config::to_text(each);
  return all;
}

std::string topics(std::string_view lines) {
  std::string all;
  for (const auto& bridge :
       read("connection b\naddress h\n" + std::string{lines}))
    for (const auto& each : bridge.topics)
      all += config::to_text(each) + "\n";
  return all;
}

struct lines_and_complaint {
  std::string_view lines;
  std::string_view wanted;
};

/// What follows `whole`, and what is said of it.
constexpr lines_and_complaint refused[] = {
    {"topic a sideways", "m.conf:4: topic: `sideways` is not a direction; use "
                         "out, in or both"},
    {"topic a out 3", "m.conf:4: topic: `3` is not a QoS (0 to 2)"},
    {"topic a out 1x", "m.conf:4: topic: `1x` is not a QoS (0 to 2)"},
    {"topic a out -1", "m.conf:4: topic: `-1` is not a QoS (0 to 2)"},
    {"topic a/#/b", "m.conf:4: topic: `a/#/b` is not a topic filter; `#` "
                    "stands for all last levels and `+` for one whole level: "
                    "a/+/b/#"},
    {"topic a out 0 l+", "m.conf:4: topic: the prefix `l+` holds a wildcard; "
                         "use a text such as site/1/"},
    {"topic + in 0 l", "m.conf:4: topic: `l+` is not a topic filter; `#` "
                       "stands for all last levels and `+` for one whole "
                       "level: a/+/b/#"},
    {"topic \"\" out 0 l", "m.conf:4: topic: an empty pattern needs both "
                           "prefixes, the topic here and the topic there that "
                           "stand for each other"},
    {"topic \xff", "m.conf:4: topic: the value holds a control character or "
                   "is not UTF-8; use printable UTF-8 text"},
    {"address g", "m.conf:4: address: is given for the second time, first at "
                  "m.conf:2; remove one of them"},
    {"clientid a\nremote_clientid b",
     "m.conf:5: remote_clientid: is given for the second time, first at "
     "m.conf:4; remove one of them"},
    {"start_type sometimes",
     "m.conf:4: start_type: `sometimes` is not known here; use automatic, "
     "lazy, once, manual"},
    {"bridge_protocol_version mqttv5",
     "m.conf:4: bridge_protocol_version: `mqttv5` is not known here; use "
     "mqttv31, mqttv311, mqttv50"},
    {"keepalive_interval 65536",
     "m.conf:4: keepalive_interval: 65536 is not a number of seconds (5 to "
     "65535)"},
    {"restart_timeout 9 5",
     "m.conf:4: restart_timeout: the longest wait, 5, is less than the first, "
     "9; use such as 5 30"},
    {"restart_timeout x",
     "m.conf:4: restart_timeout: `x` is not a number of seconds; use a whole "
     "number without a unit"},
    {"restart_timeout 1 2 3 4",
     "m.conf:4: restart_timeout: up to three numbers are taken: the first "
     "wait, the longest one, and how long a link must hold"},
    {"restart_timeout # 5", "m.conf:4: restart_timeout: the value is missing; "
                            "write it behind the name"},
    {"bridge_tcp_keepalive 60 10",
     "m.conf:4: bridge_tcp_keepalive: needs three numbers: seconds of silence, "
     "seconds between probes, and probes"},
    {"bridge_tcp_keepalive 60 10 128",
     "m.conf:4: bridge_tcp_keepalive: `128` is not a number from 1 to 127; use "
     "seconds of silence, seconds between probes, and probes: 60 10 5"},
    {"bridge_psk 00", "m.conf:4: bridge_psk: needs bridge_identity; add it"},
    {"bridge_identity i", "m.conf:4: bridge_identity: needs bridge_psk; add "
                          "it"},
    {"bridge_psk secret", "m.conf:4: bridge_psk: the key is not hexadecimal, "
                          "or longer than 512 digits; use 0 to 9 and a to f"},
    {"bridge_cafile c\nbridge_psk 00\nbridge_identity i",
     "m.conf:5: bridge_psk: a bridge has certificates or a pre-shared key, not "
     "both; remove one of them"},
    {"bridge_cafile c\nbridge_certfile c",
     "m.conf:5: bridge_certfile: needs its private key; add bridge_keyfile"},
    {"bridge_cafile c\nbridge_keyfile c",
     "m.conf:5: bridge_keyfile: needs its certificate; add bridge_certfile"},
    {"bridge_certfile c\nbridge_keyfile k",
     "m.conf:4: bridge_certfile: needs the CAs that the remote broker is "
     "checked against, without which nothing is encrypted; add bridge_cafile, "
     "bridge_capath or bridge_tls_use_os_certs true"},
    {"bridge_require_ocsp true",
     "m.conf:4: bridge_require_ocsp: troupe asks for no OCSP staples, so "
     "revoked certificates would pass; remove this, or set it to false"},
    {"notification_topic a/#",
     "m.conf:4: notification_topic: `a/#` is not a topic; it has no wildcards "
     "and at most 200 slashes"},
    {"remote_clientid a+",
     "m.conf:1: connection: the client identifier of the bridge makes no "
     "topic; set notification_topic, or choose a name without wildcards"},
    {"remote_password p", "m.conf:4: remote_password: MQTT 3.1 and 3.1.1 have "
                          "no password without a user name; add "
                          "remote_username"},
    {"bridge_websocket_path mqtt",
     "m.conf:4: bridge_websocket_path: `mqtt` is not a path; it begins with a "
     "slash and has no spaces, such as /mqtt"},
    {"bridge_bind_address [::1]",
     "m.conf:4: bridge_bind_address: `[::1]` is not an address; write a host "
     "name, 127.0.0.1 or ::1, without brackets and spaces"},
    {"connection b\naddress h\ntopic #",
     "m.conf:4: connection: `b` is that of another bridge, which begins at "
     "m.conf:1; give this one a name of its own"},
    {"local_clientid a\nconnection c\naddress h\ntopic #\nlocal_clientid a",
     "m.conf:8: local_clientid: `a` is that of another bridge, which begins at "
     "m.conf:1; set another local_clientid for one of them"},
    {"connection c\ntopic #",
     "m.conf:4: connection: `c` has no address; name the remote broker with "
     "addresses HOST:PORT"},
    {"connection c\naddress h",
     "m.conf:4: connection: `c` has no topic, so nothing would cross it; add "
     "one, such as `#`"},
    {"remote_clientidd x", "m.conf:4: remote_clientidd: unknown option; did "
                           "you mean `remote_clientid`?"},
    {"name x", "m.conf:4: name: unknown option; docs/configuration.md lists "
               "the known ones"},
};

constexpr lines_and_complaint warned[] = {
    {"topic #", "m.conf:4: topic: `# out 0` is given for the second time, "
                "which has no effect"},
    {"keepalive_interval 0", "m.conf:4: keepalive_interval: 0 counts as 5, the "
                             "least that is taken"},
    {"restart_timeout 0",
     "m.conf:4: restart_timeout: 0 counts as 1, the least that is taken"},
    {"bridge_receive_maximum 5",
     "m.conf:4: bridge_receive_maximum: has an effect with "
     "bridge_protocol_version mqttv50 only"},
    {"bridge_alpn mqtt",
     "m.conf:4: bridge_alpn: has an effect with bridge_cafile, bridge_capath, "
     "bridge_tls_use_os_certs or bridge_psk only; this bridge does not "
     "encrypt"},
    {"threshold 5",
     "m.conf:4: threshold: has an effect with start_type lazy only"},
    {"local_password p",
     "m.conf:4: local_password: has an effect nowhere: a bridge may do "
     "everything here"},
    {"bridge_tls_use_os_certs true\nbridge_tls_version tlsv1.1",
     "m.conf:5: bridge_tls_version: tlsv1.1 is broken; tlsv1.2 is the lowest "
     "version that is taken"},
    {"bridge_protocol_version mqttv50\nbridge_receive_maximum 5", ""},
    {"bridge_require_ocsp false", ""},
    {"topic a out 0 # b", "m.conf:4: topic: the prefix `#` holds a wildcard; "
                          "use a text such as site/1/"},
    {"topic a out 0 l/ r/ more",
     "m.conf:4: `more` behind the value has no effect"},
};

} // namespace

CAF_TEST(a bridge that says little has the defaults) {
  auto got = read_one("");
  bridge_settings wanted;
  wanted.name = "b";
  wanted.addresses = {{"h", 1883, ""}};
  wanted.topics.emplace_back().pattern = "#";
  config::resolve_names(wanted, host());
  CAF_CHECK(got == wanted);
}

CAF_TEST(a name with wildcards is taken if nothing there is named after it) {
  auto named = [](std::string_view name, std::string_view more) {
    return said(parse("connection " + std::string{name}
                      + "\naddress h\ntopic #\n" + std::string{more}));
  };
  for (std::string_view name : {"a+b", "a#b", "+", "site/+/#"}) {
    CAF_CHECK_EQUAL(named(name, ""),
                    "m.conf:1: connection: the client identifier of the bridge "
                    "makes no topic; set notification_topic, or choose a name "
                    "without wildcards");
    CAF_CHECK_EQUAL(named(name, "remote_clientid r\n"), "");
    CAF_CHECK_EQUAL(named(name, "notification_topic n\n"), "");
    CAF_CHECK_EQUAL(named(name, "notifications false\n"), "");
  }
  CAF_CHECK_EQUAL(named("a/b", ""), "");
}

CAF_TEST(what stands for a name in topics is a topic and has one meaning) {
  CAF_CHECK_EQUAL(config::name_in_topics("a/b c.d"), "a/b c.d");
  CAF_CHECK_EQUAL(config::name_in_topics("a+b#"), "a%2Bb%23");
  CAF_CHECK_EQUAL(config::name_in_topics("a%2Bb"), "a%252Bb");
}

CAF_TEST(a name that makes too long a topic is refused) {
  auto named = [](const std::string& name) {
    return said(parse("connection " + name
                      + "\naddress h\ntopic #\nremote_clientid r\n"));
  };
  constexpr std::string_view complaint =
      "m.conf:1: connection: the name is too long for "
      "$SYS/broker/bridge/NAME/...; choose a shorter one, with at most 195 "
      "slashes";
  CAF_CHECK_EQUAL(named(std::string(195, '/')), "");
  CAF_CHECK_EQUAL(named(std::string(196, '/')), complaint);
  CAF_CHECK_EQUAL(named(std::string(65'535, 'a')), complaint);
  CAF_CHECK_EQUAL(named("a\x01"),
                  "m.conf:1: connection: the value holds a control character "
                  "or is not UTF-8; use printable UTF-8 text");
}

CAF_TEST(names that are not said are made of the host and the bridge) {
  bridge_settings in;
  in.name = "up";
  config::resolve_names(in, "host");
  CAF_CHECK_EQUAL(in.remote_clientid, "host.up");
  CAF_CHECK_EQUAL(in.local_clientid, "local.host.up");
  CAF_CHECK_EQUAL(in.notification_topic,
                  "$SYS/broker/connection/host.up/state");
  in = {};
  in.remote_clientid = "r";
  config::resolve_names(in, "host");
  CAF_CHECK_EQUAL(in.local_clientid, "local.r");
  CAF_CHECK_EQUAL(in.notification_topic, "$SYS/broker/connection/r/state");
  in.local_clientid = "l";
  in.notification_topic = "n";
  config::resolve_names(in, "other");
  CAF_CHECK_EQUAL(
      in.remote_clientid + in.local_clientid + in.notification_topic, "rln");
}

CAF_TEST(what follows cleansession does so unless it is said) {
  CAF_CHECK(!read_one("").local_cleansession);
  CAF_CHECK_EQUAL(read_one("").session_expiry_interval, UINT32_MAX);
  auto clean = read_one("cleansession true");
  CAF_CHECK(clean.local_cleansession);
  CAF_CHECK_EQUAL(clean.session_expiry_interval, 0u);
  auto mixed = read_one("bridge_protocol_version mqttv50\nlocal_cleansession "
                        "false\nbridge_session_expiry_interval 7\n"
                        "cleansession true");
  CAF_CHECK(!mixed.local_cleansession);
  CAF_CHECK_EQUAL(mixed.session_expiry_interval, 7u);
}

CAF_TEST(addresses have the forms that the document names) {
  CAF_CHECK_EQUAL(addresses("address h"), "h:1883");
  CAF_CHECK_EQUAL(addresses("addresses a:1 b  [::1] [::1]:2 unix:/x # c"),
                  "a:1 b:1883 [::1]:1883 [::1]:2 unix:/x");
  // TLS does not change the port, as with Mosquitto.
  CAF_CHECK_EQUAL(addresses("address h\nbridge_tls_use_os_certs true"),
                  "h:1883");
  CAF_CHECK_EQUAL(addresses("address ::1:5"), "[::1]:5");
  for (std::string bad :
       {"h:0", "h:65536", "h:x", "h:", ":1", "::1", "[::1", "[::1]1", "[h]:1",
        "[]", "unix:", "h]", "fe80::1%eth0:x", "1:2:3:4:5:6:7:8"}) {
    auto got = said(parse("connection b\naddress " + bad + "\ntopic #\n"));
    if (!got.starts_with("m.conf:2: address: "))
      CAF_ERROR(bad << " was not refused: " << got);
  }
}

CAF_TEST(topics are read as Mosquitto reads them) {
  CAF_CHECK_EQUAL(topics("topic a\n"), "a out 0\n");
  CAF_CHECK_EQUAL(topics("topic a/# IN  1 l/ r/\n"), "a/# in 1 l/ r/\n");
  CAF_CHECK_EQUAL(topics("topic # both 2 \"\" r/\n"), "# both 2 \"\" r/\n");
  CAF_CHECK_EQUAL(topics("topic # both 2 \"\" \"\"\n"), "# both 2\n");
  CAF_CHECK_EQUAL(topics("topic \"\" in 0 l r\n"), "\"\" in 0 l r\n");
  // Mosquitto 2.1.2 loses the second.
  CAF_CHECK_EQUAL(topics("topic \"\" out 1 l r\ntopic a out 1\n"),
                  "\"\" out 1 l r\na out 1\n");
}

CAF_TEST(a bridge that cannot work is refused with the line and a remedy) {
  for (auto [lines, wanted] : refused)
    CAF_CHECK_EQUAL(said_of(lines), wanted);
}

CAF_TEST(what has no effect on a bridge gets a warning) {
  for (auto [lines, wanted] : warned)
    CAF_CHECK_EQUAL(said_of(lines), wanted);
}

CAF_TEST(an option of a bridge before any connection is refused) {
  for (const auto& each : config::bridge_options()) {
    auto name = std::string{each.name};
    if (name != "name")
      CAF_CHECK_EQUAL(said(parse(name + " 1")),
                      "m.conf:1: " + name
                          + ": belongs to a bridge; put it below the "
                            "`connection` line that begins one");
  }
  for (std::string name : {"topic", "address"})
    CAF_CHECK(said(parse(name + " 1"))
                  .starts_with("m.conf:1: " + name + ": belongs"));
}

CAF_TEST(listeners and bridges do not end each other) {
  auto got = parse("listener 5\nconnection b\naddress h\nmax_qos 1\n"
                   "listener 6\ntopic #\nround_robin true\n");
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(int{got->settings.listeners[0].max_qos}, 1);
  CAF_CHECK(got->settings.bridges[0].round_robin);
}

CAF_TEST(a bridge in JSON is the same as one in a mosquitto conf) {
  auto json = config::parse_json(R"({"bridges": [
    {"name": "b", "addresses": ["h:1", "[::1]:2"], "topics": [
      {"pattern": "a/#", "direction": "in", "qos": 1, "local_prefix": "l/",
       "remote_prefix": "r/"}, {"pattern": "#"}],
     "restart_timeout": [5, 9, 60], "bridge_tcp_keepalive": [60, 10, 5],
     "remote_username": "", "bridge_batch_delay": 5, "start_type": "manual",
     "bridge_max_queued_messages": 0, "cleansession": true}]})",
                                 "t.json");
  if (!json)
    CAF_FAIL(json.error().text);
  CAF_CHECK(json->warnings.empty());
  auto conf = read("connection b\naddress h:1 [::1]:2\ntopic a/# in 1 l/ r/\n"
                   "topic #\nrestart_timeout 5 9 60\n"
                   "bridge_tcp_keepalive 60 10 5\nbridge_batch_delay 5\n"
                   "start_type manual\nbridge_max_queued_messages 0\n"
                   "cleansession true\n");
  CAF_REQUIRE_EQUAL(conf.size(), 1u);
  conf[0].remote_username = "";
  CAF_CHECK(json->settings.bridges == conf);
  CAF_CHECK_EQUAL(json->origins["bridges[0].topics[1]"], "t.json:4");
  auto single = json->settings.bridges[0].restart_stable;
  CAF_CHECK(single == 60s);
}

CAF_TEST(a bad bridge in JSON is refused with its path) {
  constexpr auto rest = R"("addresses": "h", "topics": [{"pattern": "a"}])";
  auto with = [&](const char* member) {
    return json_said(std::string{rest} + ",\n" + member);
  };
  CAF_CHECK_EQUAL(with(R"("round_robin": true)"), "");
  CAF_CHECK_EQUAL(with(R"("keepalive_interval": 4)"),
                  "t.json:3: bridges[0].keepalive_interval: 4 is not a number "
                  "of seconds (5 to 65535)");
  CAF_CHECK_EQUAL(with(R"("bridge_psk": "00")"),
                  "t.json:3: bridges[0].bridge_psk: needs bridge_identity; add "
                  "it");
  CAF_CHECK_EQUAL(with(R"("clientid": "a", "remote_clientid": "b")"),
                  "t.json:3: bridges[0].remote_clientid: means the same as an "
                  "option given at t.json:3; remove one of them");
  CAF_CHECK_EQUAL(with(R"("max_qos": 1)"),
                  "t.json:3: bridges[0].max_qos: is not an option of a bridge; "
                  "put it outside of `bridges`");
  CAF_CHECK_EQUAL(json_said(R"("topics": [{"pattern": "a"}])"),
                  "t.json:1: bridges[0]: `b` has no address; name the remote "
                  "broker with addresses HOST:PORT");
  CAF_CHECK_EQUAL(json_said(R"("topics": [{"pattern": "a", "qos": 3}])"),
                  "t.json:2: bridges[0].topics[0].qos: `3` is not a QoS (0 to "
                  "2)");
  CAF_CHECK_EQUAL(json_said(R"("topics": [{"pattern": "a+"}])"),
                  "t.json:2: bridges[0].topics[0]: `a+` is not a topic filter; "
                  "`#` stands for all last levels and `+` for one whole level: "
                  "a/+/b/#");
  CAF_CHECK_EQUAL(said(config::parse_json(R"({"round_robin": true})", "t")),
                  "t:1: round_robin: belongs to a bridge; put it into an entry "
                  "of `bridges`");
  for (std::string bad : {"1", "[1]", "[{}]", "{}", "null",
                          "[{\"name\": \"\"}]", "[{\"name\": 1}]"})
    CAF_CHECK(said(config::parse_json("{\"bridges\": " + bad + "}", "t.json"))
                  .starts_with("t.json:1: bridges"));
}

CAF_TEST(a hundred thousand topics are read in time) {
  std::string text = "connection b\naddress h\n";
  for (int i = 0; i < 100'000; ++i)
    text += "topic a/" + std::to_string(i) + "\n";
  auto all = read(text);
  CAF_REQUIRE_EQUAL(all.size(), 1u);
  CAF_CHECK_EQUAL(all[0].topics.size(), 100'000u);
}

CAF_TEST(secrets of a bridge are written but not shown) {
  auto got = parse(std::string{whole}
                   + "username u\npassword geheim\nbridge_psk 5ec7e7\n"
                     "bridge_identity i\nlocal_username l\nlocal_password "
                     "geheim\n");
  CAF_REQUIRE(got);
  for (const auto& shown : {config::describe_settings(*got),
                            config::describe_settings_json(*got)}) {
    CAF_CHECK(shown.find("geheim") == std::string::npos);
    CAF_CHECK(shown.find("5ec7e7") == std::string::npos);
    CAF_CHECK(shown.find("(secret)") != std::string::npos);
  }
  CAF_CHECK(config::write_json(got->settings, {}).find("geheim")
            != std::string::npos);
  CAF_CHECK_EQUAL(json_said(R"("remote_password": 4711)"),
                  "t.json:2: bridges[0].remote_password: the value is not a "
                  "text; write it between quotes");
  auto after = got->settings;
  after.bridges[0].remote_password = "neu";
  for (const auto& each : config::describe(
           config::compare(got->settings, after), got->settings, after))
    CAF_CHECK_EQUAL(each, "bridge b: remote_password: (secret) instead of "
                          "(secret), for new connections");
}

CAF_TEST(limits that a bridge takes over from the broker are shown so) {
  auto got = parse(whole);
  CAF_REQUIRE(got);
  auto text = config::describe_settings(*got);
  for (std::string name :
       {"max_queued_messages", "max_queued_bytes", "queue_qos0_messages"}) {
    auto start = text.find("  bridge_" + name);
    CAF_REQUIRE(start != std::string::npos);
    CAF_CHECK(
        text.substr(start, text.find('\n', start) - start).find("the broker's")
        != std::string::npos);
  }
}

CAF_TEST(bridges come and go and change without a restart) {
  auto settings_of = [](std::string_view text) {
    auto got = parse(text);
    if (!got)
      CAF_FAIL(got.error().text);
    return got->settings;
  };
  auto described = [](const config::settings& before,
                      const config::settings& after) {
    std::string all;
    auto found = config::compare(before, after);
    CAF_CHECK(!found.needs_restart());
    for (const auto& each : config::describe(found, before, after))
      all += each + "\n";
    return all;
  };
  auto old = settings_of("connection a\naddress h\ntopic #\n"
                         "connection b\naddress h\ntopic #\n");
  auto now = settings_of("connection c\naddress h\ntopic #\n"
                         "connection b\naddress h\ntopic a in 1 \"\" r\n"
                         "bridge_reload_type immediate\n");
  CAF_CHECK(config::compare(old, old).is_empty());
  CAF_CHECK(!config::compare(old, now).is_empty());
  CAF_CHECK_EQUAL(described(old, now),
                  "bridge a: removed\nbridge c: added\n"
                  "bridge b: bridge_reload_type: immediate instead of lazy, at "
                  "once\n"
                  "bridge b: topics: a in 1 \"\" r instead of # out 0, at "
                  "once\n");
  CAF_CHECK(config::without_restart(old, now).bridges == now.bridges);
}
