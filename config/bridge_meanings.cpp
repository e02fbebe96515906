// What each option of a bridge means; as meanings.cpp.
#include "config/meanings.hpp"

#include <array>

namespace troupe::config {

namespace {

/// In the order of their names.
constexpr std::array meanings{
    option_meaning{"addresses",
                   "where the remote broker is, tried in order: `HOST`, "
                   "`HOST:PORT`, `[ADDRESS]:PORT` or `unix:PATH`; the port is "
                   "1883 unless said, with TLS too. A list in JSON, one line "
                   "in mosquitto.conf, where it may be called `address`"},
    option_meaning{"bridge_alpn", "protocol named by ALPN"},
    option_meaning{
        "bridge_attempt_unsubscribe",
        "unsubscribe at the remote broker from what is only sent there"},
    option_meaning{"bridge_batch_delay",
                   "milliseconds that output may wait for more to go with it, "
                   "up to 65535; 0: not at all. troupe's own"},
    option_meaning{"bridge_bind_address", "local address to connect from"},
    option_meaning{"bridge_cafile",
                   "CAs that the remote broker is checked against"},
    option_meaning{"bridge_capath",
                   "folder of such CAs, prepared by `openssl rehash`"},
    option_meaning{"bridge_certfile", "certificate that the bridge shows"},
    option_meaning{
        "bridge_ciphers",
        "ciphers of the bridge for TLS 1.2, as `openssl ciphers` takes them"},
    option_meaning{"bridge_ciphers_tls1.3",
                   "cipher suites of the bridge for TLS 1.3"},
    option_meaning{
        "bridge_connect_timeout",
        "seconds an attempt may take up to CONNACK, 1 to 65535. troupe's own"},
    option_meaning{"bridge_identity",
                   "identity of the pre-shared key; needs `bridge_psk`"},
    option_meaning{"bridge_insecure", "take the certificate of another host"},
    option_meaning{"bridge_keyfile", "the private key of `bridge_certfile`"},
    option_meaning{
        "bridge_max_inflight_messages",
        "QoS 1 and 2 messages on their way there at a time; 0: as many as the "
        "remote broker allows; never more than 32767. troupe's own"},
    option_meaning{"bridge_max_packet_size",
                   "largest packet in bytes sent there, if the remote broker "
                   "does not allow less; in MQTT 5 also announced as the "
                   "largest that is taken from there; 0: no limit"},
    option_meaning{
        "bridge_max_queued_age",
        "seconds a message may wait here; then it is dropped and counted as "
        "expired, and its own expiry interval stays what it is; 0: for ever. "
        "troupe's own"},
    option_meaning{
        "bridge_max_queued_bytes",
        "payload bytes that may wait here; 0: no limit. troupe's own"},
    option_meaning{"bridge_max_queued_messages",
                   "messages that may wait here; 0: no limit. troupe's own"},
    option_meaning{
        "bridge_max_rate_in",
        "bytes per second read from there; 0: no limit. troupe's own"},
    option_meaning{"bridge_max_rate_out",
                   "bytes per second sent there; 0: no limit. troupe's own"},
    option_meaning{"bridge_max_topic_alias",
                   "topic aliases offered to the remote broker, MQTT 5 only"},
    option_meaning{"bridge_outgoing_retain",
                   "keep the retain flag on messages sent there"},
    option_meaning{"bridge_protocol_version",
                   "`mqttv31`, `mqttv311` or `mqttv50`"},
    option_meaning{"bridge_psk", "pre-shared key, hexadecimal; needs "
                                 "`bridge_identity`. Not shown either"},
    option_meaning{"bridge_queue_qos0_messages",
                   "QoS 0 messages wait, too. troupe's own"},
    option_meaning{"bridge_receive_maximum",
                   "QoS 1 and 2 messages that may be on their way from there, "
                   "from 1, MQTT 5 only"},
    option_meaning{
        "bridge_reload_type",
        "what a reload does to a bridge that is connected and has changed: "
        "`lazy`, it takes its new settings when it connects the next time; "
        "`immediate`, it connects again at once"},
    option_meaning{"bridge_session_expiry_interval",
                   "seconds the remote broker is to keep the session, MQTT 5 "
                   "only; 4294967295: for ever. Mosquitto's default is 0"},
    option_meaning{
        "bridge_tcp_keepalive",
        "three numbers: seconds of silence after which the kernel probes, "
        "seconds between probes, and probes without an answer that end the "
        "link. A list in JSON, one line in mosquitto.conf"},
    option_meaning{
        "bridge_tcp_user_timeout",
        "milliseconds that sent data may stay unacknowledged; 0: the system's"},
    option_meaning{"bridge_tls_use_os_certs",
                   "trust the CAs of the operating system"},
    option_meaning{"bridge_tls_version",
                   "lowest version of TLS: `tlsv1.2` or `tlsv1.3`. `tlsv1.1` "
                   "counts as `tlsv1.2`, with a warning"},
    option_meaning{
        "bridge_transport",
        "`mqtt`, or `websockets` for MQTT in WebSocket frames. troupe's own"},
    option_meaning{"bridge_websocket_path",
                   "path of the WebSocket request. troupe's own"},
    option_meaning{"cleansession",
                   "the remote broker forgets the session when the link ends"},
    option_meaning{"clientid",
                   "the same: Mosquitto's old name for `remote_clientid`"},
    option_meaning{
        "idle_timeout",
        "seconds of silence after which a lazy bridge disconnects, at least 1"},
    option_meaning{"keepalive_interval",
                   "seconds of silence after which a ping is sent, 5 to 65535"},
    option_meaning{"local_cleansession",
                   "nothing waits here while there is no link"},
    option_meaning{"local_clientid", "client identifier of the bridge's "
                                     "session here, different for each bridge"},
    option_meaning{"local_password", "taken likewise"},
    option_meaning{"local_username",
                   "taken for mosquitto.conf's sake: with or without it a "
                   "bridge may do everything here, as in Mosquitto"},
    option_meaning{"name", "what the bridge is called, different for each. In "
                           "mosquitto.conf the `connection NAME` line"},
    option_meaning{"notification_topic", "where"},
    option_meaning{"notifications",
                   "publish the state of the bridge, 1 or 0, retained"},
    option_meaning{"notifications_local_only",
                   "only here, not at the remote broker"},
    option_meaning{"password",
                   "the same: Mosquitto's old name for `remote_password`"},
    option_meaning{"remote_clientid", "client identifier at the remote broker"},
    option_meaning{"remote_password",
                   "password at the remote broker; `troupe config show` and "
                   "the log do not show it"},
    option_meaning{"remote_username", "user name at the remote broker"},
    option_meaning{
        "restart_timeout",
        "seconds to wait before another attempt: exactly one number, or a "
        "random time between the first and a limit that grows up to the "
        "second; a third: how long a link must have held for that to begin "
        "anew, 0: at once. A list in JSON, one line in mosquitto.conf"},
    option_meaning{
        "round_robin",
        "stay with an address that works instead of going back to the first"},
    option_meaning{
        "start_type",
        "`automatic`: at the start, and again after each loss; `lazy`: when "
        "`threshold` messages wait; `once`: never again once it was connected; "
        "`manual`: never by itself (Mosquitto refuses it)"},
    option_meaning{
        "threshold",
        "messages waiting at which a lazy bridge connects, at least 1"},
    option_meaning{
        "topics",
        "which topics cross, which way, and under which name: see above"},
    option_meaning{"try_private",
                   "tell the remote broker that this is a bridge, so that it "
                   "sends nothing back that came from here"},
    option_meaning{"username",
                   "the same: Mosquitto's old name for `remote_username`"},
};

} // namespace

std::span<const option_meaning> bridge_meanings() noexcept {
  return meanings;
}

} // namespace troupe::config
