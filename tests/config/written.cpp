#include "config/written.hpp"

#include "config/load.hpp"

#include <caf/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <string_view>

using namespace troupe;
using config::settings;

namespace {

const auto root = std::filesystem::path{TROUPE_SOURCE_FOLDER};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in{path};
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// Lines that can stand together in any choice and order.
constexpr std::string_view broker_lines[] = {
    "allow_anonymous true",
    "allow_anonymous false",
    "auto_id_prefix a \"b\\c",
    "acl_file /a b",
    "password_file /p\xc3\xa4sse",
    "log_type none",
    "log_type debug",
    "log_type all",
    "log_dest none",
    "log_dest topic",
    "log_dest file /x y",
    "log_dest syslog",
    "log_timestamp false",
    "log_timestamp_format %H",
    "persistent_client_expiration 5h",
    "persistent_client_expiration 2y",
    "retain_expiry_interval 7",
    "max_queued_messages -1",
    "global_max_connections 5",
    "persistence true",
    "retained_persistence true",
    "acknowledge_after synced",
    "acknowledge_after routed",
    "when_queue_full drop_oldest",
    "output_limit 2000",
    "packet_buffer_size 0",
    "jwt_key_file /k",
    "jwt_algorithms HS256",
    "jwt_audience a",
    "jwt_disconnect_expired false",
    "dynamic_security_file /d",
    "failed_authentication_block 1000",
    "max_topic_levels 3",
    "autosave_interval 5",
};

constexpr std::string_view listener_lines[] = {
    "max_qos 1",
    "maximum_qos 0",
    "max_connections -1",
    "accept_protocol_versions 4,5",
    "listener_allow_anonymous true",
    "listener_allow_anonymous false",
    "listener_auto_id_prefix x",
    "socket_domain ipv6",
    "protocol websockets",
    "alpn none",
    "alpn a",
    "certfile /c\nkeyfile /k",
    "tls_version tlsv1.3",
    "ciphers_tls1.3 TLS_AES_128_GCM_SHA256",
    "mount_point m/",
    "enable_proxy_protocol 2\nproxy_protocol_v2_require_tls true",
    "proxy_trusted 192.0.2.0/24",
    "websockets_origin https://a",
    "handshake_timeout 0",
    "use_username_as_clientid true",
};

constexpr std::string_view bridge_lines[] = {
    "start_type lazy",
    "round_robin true",
    "restart_timeout 7",
    "restart_timeout 3 9 60",
    "idle_timeout 0",
    "bridge_reload_type immediate",
    "bridge_protocol_version mqttv50",
    "bridge_transport websockets",
    "bridge_websocket_path /a/b",
    "clientid r",
    "username u\nremote_password p w",
    "local_username l\nlocal_password p",
    "cleansession true",
    "local_cleansession true",
    "local_cleansession false",
    "keepalive_interval 5",
    "bridge_session_expiry_interval 0",
    "bridge_session_expiry_interval 4294967295",
    "notification_topic a/b",
    "bridge_max_queued_messages 0",
    "bridge_max_queued_bytes 5",
    "bridge_queue_qos0_messages false",
    "bridge_batch_delay 20",
    "bridge_bind_address ::1",
    "bridge_tcp_keepalive 60 10 5",
    "bridge_cafile /ca\nbridge_certfile /c\nbridge_keyfile /k",
    "bridge_alpn mqtt",
    "topic a both 2 l/ r/",
    "topic \"\" in 0 l r",
};

constexpr std::string_view access_lines[] = {
    "allow_anonymous true", "allow_anonymous false",
    "password_file /p2",    "acl_file /a2",
    "auto_id_prefix own-",  "allow_zero_length_clientid false",
};

using random_source = std::mt19937;

template <size_t N>
void add_some(std::string& to, const std::string_view (&lines)[N],
              random_source& random) {
  std::set<size_t> chosen;
  std::set<std::string_view> names;
  for (auto i = random() % 5; i > 0; --i)
    chosen.insert(random() % N);
  for (auto i : chosen)
    // Texts that are given twice are refused.
    if (names.insert(lines[i].substr(0, lines[i].find(' '))).second
        || lines[i].starts_with("log_"))
      to += std::string{lines[i]} + "\n";
}

std::string random_conf(random_source& random) {
  auto apart = random() % 3 == 0;
  std::string text = apart ? "per_listener_settings true\n" : "";
  add_some(text, broker_lines, random);
  for (auto i = random() % 4; i > 0; --i) {
    text += "listener " + std::to_string(1880 + i) + "\n";
    add_some(text, listener_lines, random);
    if (apart)
      add_some(text, access_lines, random);
  }
  for (auto i = random() % 3; i > 0; --i) {
    auto name = std::to_string(i);
    text += "connection b" + name + "\naddress [::1] unix:/a h:5\ntopic #\n";
    text += "local_clientid local" + name + "\n";
    add_some(text, bridge_lines, random);
  }
  if (random() % 4 == 0)
    text += "listener 0 /run/x y\nsocket_mode 0600\n";
  return text;
}

/// What `text` says after it was written as JSON and read again.
void check_round_trip(const std::string& text) {
  auto first = config::parse_mosquitto_conf(text, "m.conf");
  if (!first)
    CAF_FAIL(first.error().text << " in:\n" << text);
  auto json = config::write_json(first->settings, first->warnings);
  auto second = config::parse_json(json, "t.json");
  if (!second)
    CAF_FAIL(second.error().text << " in:\n" << json);
  if (second->settings != first->settings)
    CAF_FAIL("not the same:\n" << text << json);
  CAF_CHECK_EQUAL(config::write_json(second->settings, first->warnings), json);
}

} // namespace

CAF_TEST(what is written as JSON reads back to the same settings) {
  check_round_trip("");
  check_round_trip("max_qos 1\n");
  check_round_trip("connection b\naddress h\ntopic #\nbridge_psk 00ff\n"
                   "bridge_identity i\n");
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    random_source random{seed};
    check_round_trip(random_conf(random));
  }
}

CAF_TEST(defaults are not written) {
  CAF_CHECK_EQUAL(config::write_json(settings{}, {}), "{}\n");
  CAF_CHECK_EQUAL(config::write_json(settings{}, {"a", "b"}),
                  "// a\n// b\n{}\n");
}

CAF_TEST(a file says where each of its options stands) {
  auto conf = config::parse_mosquitto_conf("max_keepalive 9\nlistener 1\n\n"
                                           "maximum_qos 1\n",
                                           "m.conf");
  CAF_REQUIRE(conf);
  CAF_CHECK_EQUAL(conf->origins["max_keepalive"], "m.conf:1");
  CAF_CHECK_EQUAL(conf->origins["listeners[0].port"], "m.conf:2");
  CAF_CHECK_EQUAL(conf->origins["listeners[0].max_qos"], "m.conf:4");
  CAF_CHECK_EQUAL(conf->origins.count("loops"), 0u);
  auto json =
      config::parse_json("{\"jwt\":\n{\"issuer\": \"i\"},\n\"listeners\""
                         ": [{\n\"port\": 1}]}",
                         "t.json");
  CAF_REQUIRE(json);
  CAF_CHECK_EQUAL(json->origins["jwt_issuer"], "t.json:2");
  CAF_CHECK_EQUAL(json->origins["listeners[0].port"], "t.json:4");
}

CAF_TEST(settings are shown with their origins) {
  auto in = config::parse_mosquitto_conf(
      "acl_file /a\nlistener 1 ::1\nmax_qos 1\n", "m.conf");
  CAF_REQUIRE(in);
  auto text = config::describe_settings(*in);
  auto line_of = [&text](std::string_view name) {
    auto start = text.find(name);
    auto line = start == std::string::npos
                    ? std::string{"(missing)"}
                    : text.substr(start, text.find('\n', start) - start);
    std::string words;
    for (auto c : line)
      if (c != ' ' || (!words.empty() && words.back() != ' '))
        words += c;
    return words;
  };
  CAF_CHECK_EQUAL(line_of("acl_file"), "acl_file /a m.conf:1");
  CAF_CHECK_EQUAL(line_of("loops"), "loops 0 default");
  CAF_CHECK_EQUAL(line_of("listener 1"), "listener 1 on ::1");
  CAF_CHECK_EQUAL(line_of("  max_qos"), "max_qos 1 m.conf:3");
  CAF_CHECK_EQUAL(line_of("  acl_file"), "acl_file /a m.conf:1");
  auto json = config::describe_settings_json(*in);
  CAF_CHECK(json.find("\"origin\": \"m.conf:3\"") != std::string::npos);
}

CAF_TEST(every option can be written and has a meaning) {
  auto check = [](const auto& options) {
    for (const auto& each : options) {
      auto is_setter =
          each.where.index() + 1 == std::variant_size_v<decltype(each.where)>;
      if (is_setter != (each.written != nullptr))
        CAF_ERROR(std::string{each.name} << " cannot be written");
      if (config::meaning_of(each.name).empty())
        CAF_ERROR(std::string{each.name} << " has no meaning");
      for (auto word : each.words)
        CAF_CHECK(!word.empty());
    }
  };
  check(config::broker_options());
  check(config::listener_options());
  check(config::bridge_options());
  CAF_CHECK(config::meaning_of("flux_capacitor").empty());
}

CAF_TEST(the document explains each option in the words of the schema) {
  auto document = text_of(root / "docs/configuration.md");
  auto check = [&](std::string_view option) {
    auto start = document.find("| `" + std::string{option} + "` |");
    auto row = start == std::string::npos
                   ? std::string{}
                   : document.substr(start, document.find('\n', start) - start);
    auto wanted = "| " + std::string{config::meaning_of(option)} + " |";
    if (!row.ends_with(wanted))
      CAF_ERROR("docs/configuration.md differs on " << std::string{option});
  };
  for (const auto& each : config::listener_options())
    check(each.name);
  for (const auto& each : config::broker_options())
    check(each.name);
  for (const auto& each : config::bridge_options())
    check(each.name);
  check("certificates");
  check("topics");
}

CAF_TEST(the schema in the documents is what the tables say) {
  CAF_CHECK_EQUAL(text_of(root / "docs/troupe.schema.json"),
                  config::write_schema());
}

CAF_TEST(a file may say where its schema is) {
  auto got = config::parse_json(R"({"$schema": "x", "loops": 3})", "t.json");
  CAF_REQUIRE(got);
  CAF_CHECK(got->warnings.empty());
}
