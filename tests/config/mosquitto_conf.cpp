#include "config/load.hpp"

#include <caf/test/unit_test.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;
using config::settings;

namespace {

config::outcome parse(std::string_view text) {
  return config::parse_mosquitto_conf(text, "m.conf");
}

/// What was read, or the defaults with one listener less so that a failure
/// cannot pass for a success.
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

std::string warnings(std::string_view text) {
  auto got = parse(text);
  if (!got)
    return got.error().text;
  std::string all;
  for (const auto& each : got->warnings)
    all += each + "\n";
  return all;
}

/// Each listener as `port address path anonymous`.
std::string listeners(const settings& in) {
  std::string all;
  for (const auto& each : in.listeners)
    all += std::to_string(each.port) + ' ' + each.address + each.path
           + (each.allow_anonymous ? " anonymous\n" : " closed\n");
  return all;
}

struct line_and_error {
  std::string_view line;
  std::string_view wanted;
};

/// Lines that are refused where they stand in line 2.
constexpr line_and_error bad_lines[] = {
    {"max_qos 3", "max_qos: 3 is not a QoS (0 to 2)"},
    {"maximum_qos -1", "maximum_qos: -1 is not a QoS (0 to 2)"},
    {"max_keepalive 65536",
     "max_keepalive: 65536 is not a number of seconds (0 to 65535)"},
    {"max_packet_size 19",
     "max_packet_size: 19 is not a number of bytes (20 to 4294967295)"},
    {"message_size_limit 268435456",
     "message_size_limit: 268435456 is not a number of bytes (0 to 268435455)"},
    {"memory_limit -1",
     "memory_limit: -1 is not a number of bytes (at least 0)"},
    {"max_inflight_messages 65536",
     "max_inflight_messages: 65536 is not a number of messages (0 to 65535)"},
    {"max_queued_messages 99999999999999999999",
     "max_queued_messages: `99999999999999999999` is not a number of messages; "
     "use a whole number without a unit"},
    {"max_queued_messages 12abc",
     "max_queued_messages: `12abc` is not a number "
     "of messages; use a whole number without a "
     "unit"},
    {"sys_interval ten",
     "sys_interval: `ten` is not a number of seconds; use a "
     "whole number without a unit"},
    {"max_topic_alias 65536",
     "max_topic_alias: 65536 is not a number of topic aliases (0 to 65535)"},
    {"allow_anonymous yes",
     "allow_anonymous: `yes` is not a boolean; use true or false"},
    {"allow_anonymous TRUE",
     "allow_anonymous: `TRUE` is not a boolean; use true or false"},
    {"allow_anonymous",
     "allow_anonymous: the value is missing; write it behind the name"},
    {"Allow_anonymous true",
     "Allow_anonymous: unknown option; did you mean `allow_anonymous`?"},
    {"max_inflight_message 3",
     "max_inflight_message: unknown option; did you mean "
     "`max_inflight_messages`?"},
    {"flux_capacitor 1", "flux_capacitor: unknown option; "
                         "docs/configuration.md lists the known ones"},
    {"; comment", ";: unknown option; docs/configuration.md lists the known "
                  "ones"},
    {"listener 0",
     "listener: port 0 needs the path of a Unix socket: listener 0 "
     "/run/troupe/mqtt.sock"},
    {"listener 70000", "listener: 70000 is not a port (1 to 65535)"},
    {"listener x",
     "listener: `x` is not a port; use a whole number without a unit"},
    {"listener 1 [::1]", "listener: `[::1]` is not an address; write a host "
                         "name, 127.0.0.1 or ::1, "
                         "without brackets and spaces"},
    {"listener\t1883", "`listener\\x091883`: tabs do not separate words; use "
                       "spaces"},
    {"port 0", "port: 0 is not a port (1 to 65535)"},
    {"socket_domain ipv5",
     "socket_domain: `ipv5` is not an address family; use "
     "ipv4 or ipv6, or leave the option out for both"},
    {"log_type loud",
     "log_type: `loud` is not a kind of log line; use error, warning, notice, "
     "information, debug, subscribe, unsubscribe, websockets, internal, all or "
     "none"},
    {"log_dest moon", "log_dest: `moon` is not a destination; use stderr, "
                      "stdout, syslog, none or file PATH"},
    {"log_dest file",
     "log_dest: `file` needs a path: file /var/log/troupe.log"},
    {"accept_protocol_versions 4,6", "accept_protocol_versions: `6` is not a "
                                     "protocol version; use 3 (MQTT 3.1), "
                                     "4 (3.1.1) and 5 (5.0)"},
    {"accept_protocol_versions 4,", "accept_protocol_versions: `` is not a "
                                    "protocol version; use 3 (MQTT 3.1), "
                                    "4 (3.1.1) and 5 (5.0)"},
    {"persistent_client_expiration 2x",
     "persistent_client_expiration: `2x` is not a time; use a number from 1 "
     "and "
     "one of h, d, w, m (30 days) and y, such as 14d, up to 136y"},
    {"auto_id_prefix a\x01", "auto_id_prefix: the value holds a control "
                             "character or is not UTF-8; use printable UTF-8 "
                             "text"},
    {"auto_id_prefix \xff",
     "auto_id_prefix: the value holds a control character "
     "or is not UTF-8; use printable UTF-8 text"},
    {"protocol mqttsn",
     "protocol: `mqttsn` is not a protocol; use mqtt or websockets"},
    {"tls_engine x", "tls_engine: troupe reads keys from PEM files only; put "
                     "the key into one, and remove this"},
    {"tls_keyform engine", "tls_keyform: `engine` is not where troupe takes "
                           "keys from; put the key into a PEM file and remove "
                           "this"},
    {"tls_version tlsv1", "tls_version: `tlsv1` is not a version of TLS; use "
                          "tlsv1.2 or tlsv1.3, the lowest that is taken"},
    {"require_certificate yes",
     "require_certificate: `yes` is not a boolean; use true or false"},
    {"mount_point a/+/b", "mount_point: `a/+/b` holds a wildcard; use a topic "
                          "such as site/1/"},
    {"enable_proxy_protocol 3",
     "enable_proxy_protocol: 3 is not a version of the PROXY protocol (0 to "
     "2)"},
    {"proxy_trusted 10.0.0.0/33",
     "proxy_trusted: `10.0.0.0/33` is neither an address nor a network; use "
     "such as 10.0.0.7, 10.0.0.0/8, fd00::/8, or unix for Unix sockets"},
    {"socket_mode 0888",
     "socket_mode: `0888` is not a file mode; use octal digits such as 0660"},
    {"jwt_algorithms none", "jwt_algorithms: `none` is no algorithm that is "
                            "taken; use RS256, ES256 or HS256"},
    {"websockets_headers_size 65536",
     "websockets_headers_size: 65536 is not a number of bytes (0 to 65535)"},
    {"max_topic_levels 202",
     "max_topic_levels: 202 is not a number of levels (1 to 201)"},
    {"authentication_workers 0",
     "authentication_workers: 0 is not a number of threads (1 to 64)"},
    {"acknowledge_after saved",
     "acknowledge_after: `saved` is no point in time; use routed, written "
     "(which survives a crash) or synced (a loss of power too)"},
    {"when_queue_full wait", "when_queue_full: `wait` does not say what to "
                             "drop; use drop_newest or drop_oldest"},
    {"sync_interval 0.5", "sync_interval: `0.5` is not a number of seconds; "
                          "use a whole number without a unit"},
    {"include_dir /nonexistent",
     "include_dir: cannot read the folder `/nonexistent`: No such file or "
     "directory; name one that exists"},
};

/// A folder of its own.
class fixture {
public:
  fixture() {
    char name[] = "/tmp/troupe-conf-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream{folder + "/" + name} << text;
  }

  std::string folder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(mosquitto_conf_tests, fixture)

CAF_TEST(an empty file means the defaults) {
  for (std::string_view text :
       {"", "\n", "# c", "\xef\xbb\xbf", "   \r\n \t\n"})
    CAF_CHECK(read(text) == settings{});
  CAF_CHECK_EQUAL(listeners(read("")),
                  "1883 127.0.0.1 anonymous\n1883 ::1 anonymous\n");
}

CAF_TEST(a line that cannot be used is refused with its position) {
  for (const auto& row : bad_lines) {
    auto text = "listener 1883\n" + std::string{row.line} + "\n";
    CAF_CHECK_EQUAL(error(text), "m.conf:2: " + std::string{row.wanted});
  }
}

CAF_TEST(lines are counted with comments and empty ones) {
  CAF_CHECK_EQUAL(error("# one\r\n\r\n  # three\r\n\t\nmax_qos 9"),
                  "m.conf:5: max_qos: 9 is not a QoS (0 to 2)");
}

CAF_TEST(a byte order mark and carriage returns and indentation are fine) {
  auto in = read("\xef\xbb\xbflistener 1884\r\n  max_qos  1 \t\r\n"
                 "allow_anonymous true");
  CAF_CHECK_EQUAL(listeners(in), "1884  anonymous\n");
  CAF_CHECK_EQUAL(int{in.listeners[0].max_qos}, 1);
}

CAF_TEST(very long lines are read) {
  auto prefix = std::string(200'000, 'x');
  CAF_CHECK(read("auto_id_prefix " + prefix).auto_id_prefix == prefix);
  CAF_CHECK(read("#" + prefix) == settings{});
  CAF_CHECK_EQUAL(error(prefix + " 1"),
                  "m.conf:1: " + prefix.substr(0, 80)
                      + "...: unknown option; docs/configuration.md lists the "
                        "known ones");
}

CAF_TEST(every option of the broker arrives) {
  auto in = read(R"(
acknowledge_after synced
allow_anonymous false
allow_duplicate_messages false
allow_zero_length_clientid false
auto_id_prefix gen er
check_retain_source false
clientid_prefixes plant-
connection_messages false
connect_timeout 7
global_max_clients 11
global_max_connections 12
log_timestamp false
log_timestamp_format %s
loops 3
max_inflight_bytes 13
max_inflight_messages 14
max_keepalive 15
max_packet_size 20
max_pending_connections 16
max_queued_bytes 17
max_queued_messages 18
memory_limit 19
message_size_limit 21
output_limit 4096
output_pause 1024
persistence true
persistence_location /var/lib/troupe
persistent_client_expiration 2w
pid_file /run/a b.pid
publish_credit_batches 22
publish_credit_bytes 23
queue_qos0_messages true
retain_available false
retain_expiry_interval 2
set_tcp_nodelay false
subtrees 24
sync_interval 25
sys_interval 0
upgrade_outgoing_qos true
user mqtt
when_queue_full drop_oldest
)");
  settings wanted;
  wanted.acknowledge_after = config::acknowledge_after::synced;
  wanted.allow_anonymous = false;
  wanted.allow_duplicate_messages = false;
  wanted.allow_zero_length_clientid = false;
  wanted.auto_id_prefix = "gen er";
  wanted.check_retain_source = false;
  wanted.clientid_prefixes = "plant-";
  wanted.connection_messages = false;
  wanted.connect_timeout = 7s;
  wanted.global_max_clients = 11;
  wanted.global_max_connections = 12;
  wanted.log.timestamp = false;
  wanted.log.timestamp_format = "%s";
  wanted.loops = 3;
  wanted.max_inflight_bytes = 13;
  wanted.max_inflight_messages = 14;
  wanted.max_keepalive = 15;
  wanted.max_packet_size = 20;
  wanted.max_pending_connections = 16;
  wanted.max_queued_bytes = 17;
  wanted.max_queued_messages = 18;
  wanted.memory_limit = 19;
  wanted.message_size_limit = 21;
  wanted.output_limit = 4096;
  wanted.output_pause = 1024;
  wanted.persistence = true;
  wanted.persistence_location = "/var/lib/troupe";
  wanted.persistent_client_expiration = 336h;
  wanted.pid_file = "/run/a b.pid";
  wanted.publish_credit_batches = 22;
  wanted.publish_credit_bytes = 23;
  wanted.queue_qos0_messages = true;
  wanted.retain_available = false;
  wanted.retain_expiry_interval = 2min;
  wanted.set_tcp_nodelay = false;
  wanted.subtrees = 24;
  wanted.sync_interval = 25s;
  wanted.sys_interval = 0s;
  wanted.upgrade_outgoing_qos = true;
  wanted.user = "mqtt";
  wanted.when_queue_full = config::queue_full_policy::drop_oldest;
  for (auto& each : wanted.listeners) {
    each.allow_anonymous = false;
    each.allow_zero_length_clientid = false;
    each.auto_id_prefix = "gen er";
  }
  CAF_CHECK(in == wanted);
}

CAF_TEST(every option of a listener arrives) {
  auto in = read(R"(
listener 1884 10.0.0.1
max_connections 5
max_qos 1
max_topic_alias 2
max_topic_alias_broker 3
accept_protocol_versions 3, 5
socket_domain ipv4
protocol mqtt
listener_allow_anonymous true
listener_auto_id_prefix own-
use_username_as_clientid true
)");
  config::listener_settings wanted;
  wanted.port = 1884;
  wanted.address = "10.0.0.1";
  wanted.max_connections = 5;
  wanted.max_qos = 1;
  wanted.max_topic_alias = 2;
  wanted.max_topic_alias_broker = 3;
  wanted.accept_v311 = false;
  wanted.socket_domain = config::socket_domain::ipv4;
  wanted.allow_anonymous = true;
  wanted.auto_id_prefix = "own-";
  wanted.use_username_as_clientid = true;
  CAF_REQUIRE_EQUAL(in.listeners.size(), 1u);
  CAF_CHECK(in.listeners[0] == wanted);
  CAF_CHECK(!in.allow_anonymous);
}

CAF_TEST(listener options belong to the listener above them) {
  auto in = read("listener 1\nmax_qos 1\nlistener 2\nlistener 3\nmax_qos 0\n");
  CAF_REQUIRE_EQUAL(in.listeners.size(), 3u);
  CAF_CHECK_EQUAL(int{in.listeners[0].max_qos}, 1);
  CAF_CHECK_EQUAL(int{in.listeners[1].max_qos}, 2);
  CAF_CHECK_EQUAL(int{in.listeners[2].max_qos}, 0);
}

CAF_TEST(port 0 with a path is a Unix socket) {
  auto in = read("listener 0 /run/a b.sock\n");
  CAF_CHECK_EQUAL(listeners(in), "0 /run/a b.sock closed\n");
  CAF_CHECK_EQUAL(error("listener 0 /" + std::string(107, 'x')),
                  "m.conf:1: listener: a path of 108 bytes does not fit a Unix "
                  "socket (1 to 107)");
}

CAF_TEST(a listener line makes anonymous clients unwelcome by default) {
  CAF_CHECK_EQUAL(listeners(read("listener 1\n")), "1  closed\n");
  CAF_CHECK_EQUAL(listeners(read("allow_anonymous true\nlistener 1\n")),
                  "1  anonymous\n");
  CAF_CHECK_EQUAL(
      listeners(read("listener 1\nlistener 2\nallow_anonymous 1\n")),
      "1  anonymous\n2  anonymous\n");
  CAF_CHECK_EQUAL(listeners(read("listener 1\nlistener_allow_anonymous true\n"
                                 "listener 2\n")),
                  "1  anonymous\n2  closed\n");
}

CAF_TEST(an option of the broker alone opens no listener) {
  CAF_CHECK_EQUAL(listeners(read("max_queued_messages 5\nprotocol mqtt\n"
                                 "max_qos 2\n")),
                  "1883 127.0.0.1 anonymous\n1883 ::1 anonymous\n");
}

CAF_TEST(listener options above the first listener open the default port) {
  CAF_CHECK_EQUAL(listeners(read("max_qos 1\nlistener 2\n")),
                  "2  closed\n1883  closed\n");
  CAF_CHECK_EQUAL(listeners(read("port 1885\n")), "1885  closed\n");
  CAF_CHECK_EQUAL(listeners(read("listener 2\nport 1883\n")),
                  "2  closed\n1883  closed\n");
  CAF_CHECK_EQUAL(listeners(read("bind_address 127.0.0.2\n")),
                  "1883 127.0.0.2 closed\n");
  CAF_CHECK_EQUAL(warnings("max_qos 1\n"),
                  "m.conf: options above the first `listener` line open port "
                  "1883 on every address, as with Mosquitto\n");
}

CAF_TEST(some listener options need a listener above them) {
  for (std::string name :
       {"max_topic_alias 1", "accept_protocol_versions 4",
        "listener_allow_anonymous true", "listener_auto_id_prefix x"})
    CAF_CHECK_EQUAL(error(name),
                    "m.conf:1: " + name.substr(0, name.find(' '))
                        + ": belongs to a listener; put it below a "
                          "`listener` line");
}

CAF_TEST(per listener settings give access options to the listener above) {
  auto in = read("per_listener_settings true\nallow_anonymous true\n"
                 "listener 1\nallow_anonymous true\n"
                 "allow_zero_length_clientid false\nauto_id_prefix a-\n"
                 "listener 2\n");
  CAF_CHECK_EQUAL(listeners(in), "1  anonymous\n2  closed\n");
  CAF_CHECK(!in.listeners[0].allow_zero_length_clientid);
  CAF_CHECK(in.listeners[1].allow_zero_length_clientid);
  CAF_CHECK_EQUAL(in.listeners[0].auto_id_prefix, "a-");
  CAF_CHECK_EQUAL(in.listeners[1].auto_id_prefix, "auto-");
  CAF_CHECK_EQUAL(error("allow_anonymous true\nper_listener_settings true\n"),
                  "m.conf:2: per_listener_settings: must stand above the first "
                  "option about "
                  "access; move it to the top");
}

CAF_TEST(log types and destinations add up after the first) {
  auto in = read("log_type error\nlog_type subscribe\nlog_dest stdout\n"
                 "log_dest file /var/log/a b.log\nlog_dest file /c\n");
  CAF_CHECK_EQUAL(in.log.types, log::bit(log::level::error)
                                    | log::bit(log::level::subscribe));
  CAF_CHECK(!in.log.to_stderr);
  CAF_CHECK(in.log.to_stdout);
  CAF_CHECK(in.log.files
            == (std::vector<std::string>{"/var/log/a b.log", "/c"}));
  CAF_CHECK_EQUAL(read("log_type all").log.types, log::all_levels);
  CAF_CHECK_EQUAL(read("log_type none").log.types, log::no_levels);
  CAF_CHECK(!read("log_dest none").log.to_stderr);
  CAF_CHECK(read("log_dest syslog").log.to_syslog);
}

CAF_TEST(a log destination that troupe lacks does not silence the log) {
  CAF_CHECK(read("log_dest topic").log.to_stderr);
  CAF_CHECK(!read("log_dest topic\nlog_dest stdout").log.to_stderr);
  CAF_CHECK_EQUAL(warnings("log_dest topic"),
                  "m.conf:1: log_dest: troupe does not log to `topic`; lines "
                  "go to the other destinations, and to stderr if there is "
                  "none\n");
}

CAF_TEST(what has no effect is named in a warning) {
  CAF_CHECK_EQUAL(warnings("autosave_interval 60"),
                  "m.conf:1: autosave_interval: has no effect: where "
                  "persistence is true, every change is written before it is "
                  "acknowledged; see acknowledge_after and sync_interval\n");
  CAF_CHECK_EQUAL(warnings("autosave_on_changes false"), "");
  CAF_CHECK_EQUAL(warnings("persistence_file my.db"),
                  "m.conf:1: persistence_file: has no effect: troupe keeps a "
                  "directory, troupe.store, in persistence_location\n");
  CAF_CHECK_EQUAL(warnings("listener 1\ntls_version tlsv1.1"),
                  "m.conf:2: tls_version: tlsv1.1 is broken; tlsv1.2 is the "
                  "lowest version that is taken\n");
  CAF_CHECK_EQUAL(warnings("listener 1\ncafile /ca"),
                  "m.conf:1: listener: cafile: has no effect: without certfile "
                  "and keyfile no client certificate is asked for, and this "
                  "listener does not encrypt\n");
  CAF_CHECK_EQUAL(warnings("listener 1\nlistener 2\nprotocol http_api"),
                  "m.conf:3: protocol: troupe has no HTTP interface on a "
                  "listener of its own; this listener is left out\n");
}

CAF_TEST(persistence is asked for as with Mosquitto) {
  auto text = "persistence true\npersistence_location /var/lib/a b/\n";
  CAF_CHECK(read(text).persistence);
  CAF_CHECK_EQUAL(read(text).persistence_location, "/var/lib/a b/");
  CAF_CHECK_EQUAL(warnings(text), "");
  CAF_CHECK(read("retained_persistence true").persistence);
  CAF_CHECK(!read("persistence false").persistence);
}

CAF_TEST(each point of acknowledgement and way to drop has a word) {
  using config::acknowledge_after;
  using config::queue_full_policy;
  auto after = [](const std::string& word) {
    return read("acknowledge_after " + word).acknowledge_after;
  };
  CAF_CHECK(after("routed") == acknowledge_after::routed);
  CAF_CHECK(after("written # as by default") == acknowledge_after::written);
  CAF_CHECK(after("synced") == acknowledge_after::synced);
  auto full = [](const std::string& word) {
    return read("when_queue_full " + word).when_queue_full;
  };
  CAF_CHECK(full("drop_newest") == queue_full_policy::drop_newest);
  CAF_CHECK(full("drop_oldest") == queue_full_policy::drop_oldest);
}

CAF_TEST(numbers below a limit that Mosquitto takes count as no limit) {
  auto text = "max_queued_messages -5\nglobal_max_connections -7";
  auto in = read(text);
  CAF_CHECK_EQUAL(in.max_queued_messages, 0u);
  CAF_CHECK_EQUAL(in.global_max_connections, -1);
  CAF_CHECK_EQUAL(warnings(text),
                  "m.conf:1: max_queued_messages: -5 counts as 0, no limit\n"
                  "m.conf:2: global_max_connections: -7 counts as -1, no "
                  "limit\n");
}

CAF_TEST(text behind a value is a comment or gets a warning) {
  CAF_CHECK(read("listener 1 # one\nallow_anonymous true # yes\n")
                .listeners[0]
                .allow_anonymous);
  CAF_CHECK_EQUAL(warnings("max_queued_messages 12 # twelve"), "");
  CAF_CHECK_EQUAL(warnings("max_queued_messages 12 34"),
                  "m.conf:1: `34` behind the value has no effect\n");
}

CAF_TEST(a repeated text is refused and other values are replaced) {
  CAF_CHECK_EQUAL(error("pid_file /a\n\npid_file /b"),
                  "m.conf:3: pid_file: is given for the second time, first at "
                  "m.conf:1; remove one of them");
  auto text = "max_keepalive 10\nmax_keepalive 20\n";
  CAF_CHECK_EQUAL(read(text).max_keepalive, 20);
  CAF_CHECK_EQUAL(warnings(text), "m.conf:2: max_keepalive: replaces the value "
                                  "given at m.conf:1\n");
  CAF_CHECK_EQUAL(warnings("listener 1\nmax_qos 1\nlistener 2\nmax_qos 1\n"),
                  "");
}

CAF_TEST(a plugin is passed over only where nobody is let in without a name) {
  CAF_CHECK_EQUAL(warnings("listener 1\nplugin /p.so\nplugin_opt_a b"),
                  "m.conf:2: plugin: has no effect: troupe loads no plugins\n"
                  "m.conf:3: plugin_opt_a: has no effect: troupe loads no "
                  "plugins\n");
  CAF_CHECK_EQUAL(error("listener 1\nplugin /p.so\nallow_anonymous true"),
                  "m.conf:2: plugin: troupe loads no plugins, and without this "
                  "one anonymous clients might do what it forbids; remove it, "
                  "or set allow_anonymous false");
}

CAF_TEST(the soft mark of the output is never above the limit) {
  CAF_CHECK_EQUAL(read("output_limit 2048").output_pause, 2048u);
  CAF_CHECK_EQUAL(read("output_pause 5").output_pause, 5u);
}

CAF_TEST(included files are read in order and only those that end in conf) {
  write("b.conf", "auto_id_prefix b-\nlistener 2\n");
  write("a.conf", "listener 1\nmax_qos 1\n");
  write("c.conf~", "nonsense 1\n");
  write(".conf", "nonsense 2\n");
  auto in = read("include_dir " + folder + "\nmax_keepalive 9\n");
  CAF_CHECK_EQUAL(listeners(in), "1  closed\n2  closed\n");
  CAF_CHECK_EQUAL(in.listeners[1].auto_id_prefix, "b-");
  CAF_CHECK_EQUAL(in.max_keepalive, 9);
}

CAF_TEST(an error in an included file names that file) {
  write("a.conf", "# fine\nmax_qos 7\n");
  CAF_CHECK_EQUAL(error("\ninclude_dir " + folder),
                  folder + "/a.conf:2: max_qos: 7 is not a QoS (0 to 2)");
}

CAF_TEST(the listener of the main file goes on behind included files) {
  write("a.conf", "listener 2\nmax_qos 0\n");
  auto in = read("listener 1\ninclude_dir " + folder + "\nmax_qos 1\n");
  CAF_REQUIRE_EQUAL(in.listeners.size(), 2u);
  CAF_CHECK_EQUAL(int{in.listeners[0].max_qos}, 1);
  CAF_CHECK_EQUAL(int{in.listeners[1].max_qos}, 0);
  CAF_CHECK_EQUAL(error("listener 1\ninclude_dir " + folder + "\nmax_qos 9\n"),
                  "m.conf:3: max_qos: 9 is not a QoS (0 to 2)");
}

CAF_TEST(included files do not include further ones) {
  write("a.conf", "include_dir " + folder + "\n");
  CAF_CHECK_EQUAL(warnings("include_dir " + folder),
                  folder
                      + "/a.conf:1: include_dir: has no effect in an included "
                        "file, as with Mosquitto; name the folder in the main "
                        "file\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
