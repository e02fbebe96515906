#include "config/load.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;
using config::listener_settings;
using config::settings;
using texts = std::vector<std::string>;

namespace {

config::outcome parse(std::string_view text) {
  return config::parse_mosquitto_conf(text, "m.conf");
}

settings value(config::outcome got) {
  if (got)
    return got->settings;
  CAF_ERROR(got.error().text);
  settings none;
  none.listeners.assign(1, {});
  return none;
}

settings read(std::string_view text) {
  return value(parse(text));
}

settings read_json(std::string_view text) {
  return value(config::parse_json(text, "t.json"));
}

std::string error(std::string_view text) {
  auto got = parse(text);
  return got ? std::string{"(was accepted)"} : got.error().text;
}

/// `text` below a listener, and what it is refused with there.
struct together {
  std::string_view text;
  std::string_view wanted;
};

constexpr together bad_together[] = {
    {"certfile /c", "certfile needs its private key; add keyfile"},
    {"keyfile /k", "keyfile needs its certificate; add certfile"},
    {"certfile /c\nkeyfile /k\npsk_hint h\npsk_file /p",
     "certfile and psk_hint exclude each other: a listener has a certificate "
     "or pre-shared keys; use two listeners"},
    {"psk_hint h", "psk_hint needs the keys; add psk_file"},
    {"require_certificate true",
     "require_certificate needs TLS; add certfile and keyfile"},
    {"certfile /c\nkeyfile /k\nrequire_certificate true",
     "require_certificate needs the CAs that clients' certificates are checked "
     "against; add cafile or capath"},
    {"use_identity_as_username true",
     "use_identity_as_username needs TLS; add certfile and keyfile, or "
     "psk_hint"},
    {"psk_hint h\npsk_file /p\nuse_subject_as_username true",
     "use_subject_as_username needs TLS with certificates; add certfile and "
     "keyfile"},
    {"enable_proxy_protocol 1\nproxy_protocol_v2_require_tls true",
     "proxy_protocol_v2_require_tls needs enable_proxy_protocol 2; only that "
     "version tells whether a client spoke TLS"},
    {"socket_mode 0660", "socket_mode belongs to a Unix socket; remove it"},
};

} // namespace

CAF_TEST(every option of a listener for TLS arrives) {
  listener_settings wanted;
  wanted.port = 8883;
  wanted.allow_anonymous = false;
  wanted.certfile = "/c c";
  wanted.keyfile = "/k";
  wanted.cafile = "/ca";
  wanted.capath = "/cas";
  wanted.crlfile = "/crl";
  wanted.ciphers = "HIGH:!aNULL";
  wanted.ciphers_tls13 = "TLS_AES_256_GCM_SHA384";
  wanted.tls_version = "tlsv1.3";
  wanted.dhparamfile = "/dh";
  wanted.alpn = {"mqtt", "x"};
  wanted.require_certificate = true;
  wanted.disable_client_cert_date_checks = true;
  wanted.use_identity_as_username = true;
  wanted.handshake_timeout = 5s;
  auto conf = read(R"(
listener 8883
certfile /c c
keyfile /k
cafile /ca
capath /cas
crlfile /crl
ciphers HIGH:!aNULL
ciphers_tls1.3 TLS_AES_256_GCM_SHA384
tls_version tlsv1.3
dhparamfile /dh
alpn mqtt
alpn x
require_certificate true
disable_client_cert_date_checks true
use_identity_as_username true
handshake_timeout 5
tls_keyform pem
)");
  CAF_CHECK(conf.listeners.at(0) == wanted);
  wanted.certificates = {{"/c2", "/k2"}};
  auto json = read_json(R"({"listeners": [{
    "port": 8883, "certfile": "/c c", "keyfile": "/k", "cafile": "/ca",
    "capath": "/cas", "crlfile": "/crl", "ciphers": "HIGH:!aNULL",
    "ciphers_tls1.3": "TLS_AES_256_GCM_SHA384", "tls_version": "tlsv1.3",
    "dhparamfile": "/dh", "alpn": ["mqtt", "x"], "require_certificate": true,
    "disable_client_cert_date_checks": true, "use_identity_as_username": true,
    "certificates": [{"certfile": "/c2", "keyfile": "/k2"}],
    "handshake_timeout": 5}]})");
  CAF_CHECK(json.listeners.at(0) == wanted);
}

CAF_TEST(every option of a listener for other transports arrives) {
  auto conf = read(R"(
listener 9001
protocol websockets
websockets_origin https://a.example
websockets_origin https://b.example
mount_point site/
bind_interface eth0
enable_proxy_protocol 2
proxy_trusted 192.0.2.1
proxy_trusted 2001:db8::/32
proxy_protocol_v2_require_tls true
max_connections_per_address 3
listener 0 /run/x
socket_mode 0660
)");
  listener_settings wanted;
  wanted.port = 9001;
  wanted.allow_anonymous = false;
  wanted.protocol = config::listener_protocol::websockets;
  wanted.alpn = {"http/1.1"};
  wanted.websockets_origin = {"https://a.example", "https://b.example"};
  wanted.mount_point = "site/";
  wanted.bind_interface = "eth0";
  wanted.enable_proxy_protocol = 2;
  wanted.proxy_trusted = {"192.0.2.1", "2001:db8::/32"};
  wanted.proxy_protocol_v2_require_tls = true;
  wanted.max_connections_per_address = 3;
  CAF_CHECK(conf.listeners.at(0) == wanted);
  CAF_CHECK_EQUAL(conf.listeners.at(1).socket_mode, 0660);
}

CAF_TEST(options that contradict each other are refused with the listener) {
  for (const auto& row : bad_together)
    CAF_CHECK_EQUAL(error("\nlistener 1\n" + std::string{row.text}),
                    "m.conf:2: listener: " + std::string{row.wanted});
}

CAF_TEST(two listeners in one place are refused) {
  CAF_CHECK_EQUAL(error("listener 1\nlistener 1"),
                  "m.conf:2: listener: listens where another listener does, "
                  "that at m.conf:1: listener; remove one or change its port");
  CAF_CHECK(parse("listener 1\nsocket_domain ipv4\n"
                  "listener 1\nsocket_domain ipv6"));
  CAF_CHECK(parse("listener 1 127.0.0.1\nlistener 1 ::1"));
  CAF_CHECK(parse("listener 1\nbind_interface a\nlistener 1\n"
                  "bind_interface b"));
}

CAF_TEST(files about access hold for all listeners or for each apart) {
  auto shared = read("listener 1\npassword_file /p\nacl_file /a\n"
                     "listener 2\npsk_file /k");
  for (const auto& each : shared.listeners) {
    CAF_CHECK_EQUAL(each.password_file, "/p");
    CAF_CHECK_EQUAL(each.acl_file, "/a");
    CAF_CHECK_EQUAL(each.psk_file, "/k");
  }
  auto apart = read("per_listener_settings true\nlistener 1\n"
                    "password_file /p\nlistener 2\nacl_file /a");
  CAF_CHECK_EQUAL(apart.password_file, "");
  CAF_CHECK_EQUAL(apart.listeners.at(0).password_file, "/p");
  CAF_CHECK_EQUAL(apart.listeners.at(0).acl_file, "");
  CAF_CHECK_EQUAL(apart.listeners.at(1).password_file, "");
  CAF_CHECK_EQUAL(apart.listeners.at(1).acl_file, "/a");
  auto json = read_json(R"({"password_file": "/p", "listeners": [
    {"port": 1}, {"port": 2, "password_file": ""}]})");
  CAF_CHECK_EQUAL(json.listeners.at(0).password_file, "/p");
  CAF_CHECK_EQUAL(json.listeners.at(1).password_file, "");
  auto local = read("per_listener_settings true\npassword_file /p");
  CAF_CHECK_EQUAL(local.listeners.at(0).password_file, "/p");
}

CAF_TEST(access to a listener that is not opened is named in a warning) {
  auto got = parse("per_listener_settings true\nacl_file /a\nlistener 1\n"
                   "allow_anonymous true\nplugin mosquitto_dynamic_security.so"
                   "\nplugin_opt_config_file /d");
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->settings.listeners.at(0).acl_file, "");
  CAF_REQUIRE_EQUAL(got->warnings.size(), 2u);
  CAF_CHECK_EQUAL(got->warnings[0],
                  "m.conf:5: plugin: dynamic security holds for all listeners, "
                  "not for this one alone");
  CAF_CHECK_EQUAL(got->warnings[1],
                  "m.conf:2: acl_file: has no effect: with "
                  "per_listener_settings it is for the default listener, which "
                  "is not opened; put it below a `listener` line");
}

CAF_TEST(JSON web tokens are configured alike in both formats) {
  config::jwt_settings wanted;
  wanted.key_file = "/k";
  wanted.jwks_file = "/j";
  wanted.algorithms = {"ES256"};
  wanted.audience = {"a b", "c"};
  wanted.issuer = "https://i";
  wanted.user_claim = "a.b";
  wanted.client_id_claim = "device";
  wanted.disconnect_expired = false;
  auto conf = read("jwt_key_file /k\njwt_jwks_file /j\njwt_algorithms ES256\n"
                   "jwt_audience a b\njwt_audience c\njwt_issuer https://i\n"
                   "jwt_user_claim a.b\njwt_client_id_claim device\n"
                   "jwt_disconnect_expired false");
  CAF_CHECK(conf.jwt == wanted);
  auto json = read_json(R"({"jwt": {
    "key_file": "/k", "jwks_file": "/j", "algorithms": ["ES256"],
    "audience": ["a b", "c"], "issuer": "https://i", "user_claim": "a.b",
    "client_id_claim": "device", "disconnect_expired": false}})");
  CAF_CHECK(json.jwt == wanted);
}

CAF_TEST(limits arrive) {
  auto in = read("max_connect_rate 1\nmax_connect_rate_per_address 2\n"
                 "max_publish_rate 3\nmax_publish_bytes_rate 4\n"
                 "max_subscriptions 5\nmax_topic_levels 6\n"
                 "authentication_workers 7\nfailed_authentication_limit 8\n"
                 "failed_authentication_window 9\n"
                 "failed_authentication_block 10\n"
                 "failed_authentication_max_block 11\npacket_buffer_size 12");
  settings wanted;
  wanted.max_connect_rate = 1;
  wanted.max_connect_rate_per_address = 2;
  wanted.max_publish_rate = 3;
  wanted.max_publish_bytes_rate = 4;
  wanted.max_subscriptions = 5;
  wanted.max_topic_levels = 6;
  wanted.authentication_workers = 7;
  wanted.failed_authentication_limit = 8;
  wanted.failed_authentication_window = 9s;
  wanted.failed_authentication_block = 10s;
  wanted.failed_authentication_max_block = 11s;
  wanted.packet_buffer_size = 12;
  CAF_CHECK(in == wanted);
  CAF_CHECK(read("websockets_headers_size 0") == settings{});
}

CAF_TEST(the plugin for dynamic security means its file) {
  constexpr auto plugin = "plugin /usr/lib/x/mosquitto_dynamic_security.so\n";
  auto in = read(std::string{plugin} + "plugin_opt_config_file /d.json");
  CAF_CHECK_EQUAL(in.dynamic_security_file, "/d.json");
  CAF_CHECK(in.listeners.at(0).allow_anonymous);
  CAF_CHECK_EQUAL(error(plugin),
                  "m.conf:1: plugin: dynamic security needs its file; add "
                  "plugin_opt_config_file PATH below");
  CAF_CHECK_EQUAL(read("plugin_load d mosquitto_dynamic_security.so\n"
                       "plugin_opt_config_file /d\nlistener 1\nplugin_use d")
                      .dynamic_security_file,
                  "/d");
  CAF_CHECK_EQUAL(read("dynamic_security_file /d").dynamic_security_file, "/d");
  CAF_CHECK(!parse(std::string{plugin} + "plugin_opt_config_file /a\n"
                   + "dynamic_security_file /b"));
}

CAF_TEST(ALPN none lets every protocol pass) {
  CAF_CHECK(read("listener 1\nalpn none").listeners.at(0).alpn == texts{});
  CAF_CHECK(read("listener 1").listeners.at(0).alpn == texts{"mqtt"});
}
