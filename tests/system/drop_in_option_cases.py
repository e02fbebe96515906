"""Every option of Mosquitto 2.1, in one file; files that are wrong. For test_drop_in_options.py."""

# Option -> what the warning at its line says; None where there is none.
OPTIONS = {
    "acl_file": None, "allow_anonymous": None,
    "allow_duplicate_messages": None, "allow_zero_length_clientid": None,
    "auth_plugin_deny_special_chars": "no effect",
    "auto_id_prefix": None, "autosave_interval": "every change is written",
    "autosave_on_changes": "every change is written",
    "check_retain_source": None, "clientid_prefixes": None,
    "connection_messages": None, "enable_control_api": "no effect",
    "global_max_clients": None, "global_max_connections": None,
    "include_dir": None, "log_dest": None,
    "log_facility": "facility `daemon`", "log_timestamp": None,
    "log_timestamp_format": None, "log_type": None,
    "max_inflight_bytes": None, "max_inflight_messages": None,
    "max_keepalive": None, "max_packet_size": None,
    "max_queued_bytes": None, "max_queued_messages": None,
    "memory_limit": None, "message_size_limit": None,
    "packet_buffer_size": None, "password_file": None,
    "per_listener_settings": None, "persistence": None,
    "persistence_file": "troupe.store", "persistence_location": None,
    "persistent_client_expiration": None, "pid_file": None,
    "plugin": "no plugins", "plugin_load": "no plugins",
    "plugin_use": "no plugins", "plugin_opt_x": "no plugins",
    "auth_plugin": "no plugins", "auth_opt_x": "no plugins",
    "global_plugin": "no plugins", "psk_file": None,
    "queue_qos0_messages": None, "retain_available": None,
    "retain_expiry_interval": None, "retained_persistence": None,
    "retry_interval": "sent again", "set_tcp_nodelay": None,
    "sys_interval": None, "upgrade_outgoing_qos": None, "user": None,
    "websockets_headers_size": None,
    "websockets_log_level": "log_type websockets",

    "accept_protocol_versions": None, "bind_interface": None, "cafile": None,
    "capath": None, "certfile": None, "ciphers": None,
    "ciphers_tls1.3": None, "crlfile": None, "dhparamfile": None,
    "disable_client_cert_date_checks": None, "enable_proxy_protocol": None,
    "http_dir": "serves no files", "keyfile": None, "listener": None,
    "listener_allow_anonymous": None, "listener_auto_id_prefix": None,
    "max_connections": None, "max_qos": None, "max_topic_alias": None,
    "max_topic_alias_broker": None, "maximum_qos": None,
    "mount_point": None, "protocol": None,
    "proxy_protocol_v2_require_tls": None, "psk_hint": None,
    "require_certificate": None, "socket_domain": None,
    "tls_keyform": None, "tls_version": None,
    "use_identity_as_username": None, "use_subject_as_username": None,
    "use_username_as_clientid": None, "websockets_origin": None,

    "address": None, "addresses": None, "bridge_alpn": None,
    "bridge_attempt_unsubscribe": None, "bridge_bind_address": None,
    "bridge_cafile": None, "bridge_capath": None, "bridge_certfile": None,
    "bridge_ciphers": None, "bridge_ciphers_tls1.3": None,
    "bridge_identity": None, "bridge_insecure": None, "bridge_keyfile": None,
    "bridge_max_packet_size": None, "bridge_max_topic_alias": "mqttv50",
    "bridge_outgoing_retain": None, "bridge_protocol_version": None,
    "bridge_psk": None, "bridge_receive_maximum": None,
    "bridge_reload_type": None, "bridge_require_ocsp": None,
    "bridge_session_expiry_interval": None, "bridge_tcp_keepalive": None,
    "bridge_tcp_user_timeout": None, "bridge_tls_use_os_certs": None,
    "bridge_tls_version": None, "cleansession": None, "clientid": None,
    "connection": None, "idle_timeout": None, "keepalive_interval": None,
    "local_cleansession": None, "local_clientid": None,
    "local_password": "has an effect nowhere",
    "local_username": "has an effect nowhere",
    "notification_topic": None, "notifications": None,
    "notifications_local_only": None, "password": None,
    "remote_clientid": None, "remote_password": None,
    "remote_username": None, "restart_timeout": None, "round_robin": None,
    "start_type": None, "threshold": None, "topic": None,
    "try_private": None, "username": None,
}

EVERY = """\
per_listener_settings false
user root
include_dir {dir}/conf.d
pid_file {dir}/pid
persistence true
persistence_location {dir}
persistence_file mosquitto.db
autosave_interval 1800
autosave_on_changes true
retained_persistence true
persistent_client_expiration 2m

allow_anonymous false
allow_zero_length_clientid true
auto_id_prefix auto-
clientid_prefixes c
password_file {dir}/passwords
acl_file {dir}/acl
psk_file {dir}/psk
auth_plugin_deny_special_chars true
plugin /usr/lib/x.so
plugin_opt_x y
auth_plugin /usr/lib/x.so
auth_opt_x y
global_plugin /usr/lib/x.so
plugin_load name /usr/lib/x.so

global_max_clients 1000
global_max_connections 1000
max_inflight_bytes 0
max_inflight_messages 20
max_keepalive 65535
max_packet_size 2000000
max_queued_bytes 0
max_queued_messages 1000
memory_limit 0
message_size_limit 0
packet_buffer_size 4096
websockets_headers_size 4096
queue_qos0_messages false
retain_available true
retain_expiry_interval 0
check_retain_source true
upgrade_outgoing_qos false
allow_duplicate_messages true
enable_control_api true
retry_interval 20
set_tcp_nodelay true
sys_interval 10

connection_messages true
log_dest stderr
log_facility 5
log_timestamp true
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_type error
log_type warning
log_type notice
log_type information
log_type websockets
websockets_log_level 0

listener {port1} 127.0.0.1
protocol mqtt
accept_protocol_versions 3,4,5
bind_interface lo
socket_domain ipv4
max_connections -1
max_qos 2
max_topic_alias 10
max_topic_alias_broker 10
mount_point house/
listener_allow_anonymous false
listener_auto_id_prefix made-
use_username_as_clientid true
plugin_use name

listener {port2} 127.0.0.1
certfile {dir}/server.crt
keyfile {dir}/server.key
tls_keyform pem
cafile {dir}/ca.crt
capath {dir}/conf.d
crlfile {dir}/ca.crl
dhparamfile {dir}/dh.pem
ciphers HIGH
ciphers_tls1.3 TLS_AES_256_GCM_SHA384
tls_version tlsv1.2
require_certificate true
disable_client_cert_date_checks true
use_identity_as_username true
maximum_qos 2

listener {port3} 127.0.0.1
certfile {dir}/server.crt
keyfile {dir}/server.key
cafile {dir}/ca.crt
require_certificate true
use_subject_as_username true
enable_proxy_protocol 2
proxy_protocol_v2_require_tls true

listener {port4} 127.0.0.1
psk_hint house
use_identity_as_username true

listener {port5} 127.0.0.1
protocol websockets
websockets_origin https://example.org
http_dir {dir}

connection one
address 127.0.0.1:{port6} 127.0.0.1
topic # both 1 here/ there/
start_type lazy
idle_timeout 60
threshold 10
round_robin true
restart_timeout 5 30 60
clientid one
username one
password secret
local_clientid local.one
local_username one
local_password secret
cleansession true
local_cleansession false
keepalive_interval 60
try_private true
notifications true
notifications_local_only true
notification_topic bridges/one
bridge_attempt_unsubscribe true
bridge_outgoing_retain true
bridge_max_packet_size 0
bridge_protocol_version mqttv50
bridge_receive_maximum 65535
bridge_session_expiry_interval 0
bridge_reload_type immediate
bridge_bind_address 127.0.0.1
bridge_tcp_keepalive 60 10 5
bridge_tcp_user_timeout 1000
bridge_cafile {dir}/ca.crt
bridge_capath {dir}/conf.d
bridge_certfile {dir}/server.crt
bridge_keyfile {dir}/server.key
bridge_tls_use_os_certs false
bridge_insecure false
bridge_require_ocsp false
bridge_tls_version tlsv1.2
bridge_ciphers HIGH
bridge_ciphers_tls1.3 TLS_AES_256_GCM_SHA384
bridge_alpn mqtt

connection two
addresses 127.0.0.1:{port6}
topic "" out 0 here there
start_type lazy
remote_clientid two
remote_username two
remote_password secret
bridge_identity two
bridge_psk 00ff
bridge_max_topic_alias 10
"""
SAME = 3
TWO_ONE = "2.0.11 takes it"

# Name, file, the line it is about (0: all of it), what the message says, and
# the status of Debian's Mosquitto, or why it has none.
BROKEN = [
    ("an unknown option", "listener {port}\nmax_quos 1\n", 2,
     "max_quos: unknown option; did you mean `max_qos`", SAME),
    ("other letters", "listener {port}\nMax_Qos 1\n", 2, "unknown option",
     SAME),
    ("a missing value", "listener {port}\nmax_qos\n", 2, "value is missing",
     SAME),
    ("a value of spaces", "listener {port}\nmax_qos   \n", 2,
     "value is missing", SAME),
    ("nothing behind listener", "\nlistener\n", 2, "value is missing", SAME),
    ("a tab", "listener {port}\nmax_qos\t1\n", 2, "tabs", SAME),
    ("a semicolon is no comment", "; a comment\nlistener {port}\n", 1,
     "unknown option", SAME),
    ("a section", "[mosquitto]\n", 1, "unknown option|value is missing",
     SAME),
    ("an equals sign", "allow_anonymous=true\n", 1, "", SAME),
    ("yes", "listener {port}\nallow_anonymous yes\n", 2, "not a boolean",
     SAME),
    ("TRUE", "listener {port}\nallow_anonymous TRUE\n", 2, "not a boolean",
     SAME),
    ("2 for a boolean", "persistence 2\n", 1, "not a boolean", TWO_ONE),
    ("a word for a number", "listener {port}\nmax_connections many\n", 2,
     "whole number", TWO_ONE),
    ("a unit", "max_packet_size 2MB\n", 1, "whole number", TWO_ONE),
    ("a fraction", "sys_interval 0.5\n", 1, "whole number", TWO_ONE),
    ("a port that is none", "listener 0\n", 1, "port 0", SAME),
    ("a port too large", "listener 65536\n", 1, "65536", SAME),
    ("a negative port", "listener -1\n", 1, "-1", SAME),
    ("a word for a port", "listener mqtt\n", 1, "mqtt", SAME),
    ("QoS 3", "listener {port}\nmax_qos 3\n", 2, "3", SAME),
    ("a packet size of 19", "max_packet_size 19\n", 1, "19", SAME),
    ("an unknown protocol", "listener {port}\nprotocol coap\n", 2, "coap",
     SAME),
    ("an unknown log_type", "log_type verbose\n", 1, "verbose", SAME),
    ("an unknown log_dest", "log_dest printer\n", 1, "printer", SAME),
    ("a log file without a name", "log_dest file\n", 1, "file", SAME),
    ("an expiration without a unit", "persistent_client_expiration 14\n", 1,
     "14", SAME),
    ("an unknown TLS version", "listener {port}\ntls_version tlsv9\n", 2,
     "tlsv9", TWO_ONE),
    ("an unknown socket_domain", "listener {port}\nsocket_domain ipv5\n", 2,
     "ipv5", SAME),
    ("wildcards in a mount point", "listener {port}\nmount_point a/#\n", 2,
     "mount_point", SAME),
    ("a listener's option above all listeners", "mount_point a/\n", 1,
     "belongs to a listener", SAME),
    ("a text given twice", "pid_file a\npid_file b\n", 2, "second time",
     SAME),
    ("per_listener_settings behind what it is about",
     "password_file {dir}/passwords\nper_listener_settings true\n", 2,
     "above", SAME),
    ("a folder that is not there", "\n\ninclude_dir {dir}/nothing\n", 3,
     "nothing", SAME),
    ("a password file that is not there",
     "listener {port}\npassword_file {dir}/nothing\n", 0, "nothing", 13),
    ("an ACL file that is not there",
     "listener {port}\nacl_file {dir}/nothing\n", 0, "nothing", 13),
    ("a certificate that is not there",
     "listener {port}\ncertfile {dir}/no\nkeyfile {dir}/no\n", 0, "no",
     1),
    ("one port twice", "listener 21883 127.0.0.1\nlistener 21883 127.0.0.1\n",
     2, "another listener", 1),
    ("a bridge without its name", "connection\n", 1, "value is missing",
     SAME),
    ("a bridge's option above all bridges", "topic # out\n", 1,
     "belongs to a bridge", SAME),
    ("a bridge without an address", "connection b\ntopic #\n", 1,
     "no address", SAME),
    ("a bridge without a topic", "connection b\naddress localhost\n", 1,
     "no topic", SAME),
    ("one name for two bridges",
     "connection b\naddress localhost\ntopic #\nconnection b\n", 4,
     "another bridge", SAME),
    ("a bridge's port that is none", "connection b\naddress localhost:0\n", 2,
     "not a port", SAME),
    ("a direction that is none",
     "connection b\naddress localhost\ntopic # up\n", 3, "not a direction",
     SAME),
    ("a topic's QoS 3", "connection b\naddress localhost\ntopic # out 3\n", 3,
     "not a QoS", SAME),
    ("an empty pattern with one prefix",
     "connection b\naddress localhost\ntopic \"\" out 0 a\n", 3,
     "both prefixes", SAME),
    ("a wildcard in a prefix",
     "connection b\naddress localhost\ntopic # out 0 a/+ b\n", 3, "wildcard",
     SAME),
    ("a key without its identity",
     "connection b\naddress localhost\ntopic #\nbridge_psk 00\n", 4,
     "needs bridge_identity", SAME),
    ("a bridge's key beside certificates",
     "connection b\naddress localhost\ntopic #\nbridge_identity i\n"
     "bridge_psk 00\nbridge_cafile {dir}/ca.crt\n", 5, "not both", SAME),
    ("a longest wait that is shorter",
     "connection b\naddress localhost\ntopic #\nrestart_timeout 9 5\n", 4,
     "less than the first", SAME),
    ("one client identifier for two bridges",
     "connection b\naddress localhost\ntopic #\nlocal_clientid i\n"
     "connection c\naddress localhost\ntopic #\nlocal_clientid i\n", 8,
     "another bridge", SAME),
    ("a bridge's certificate without a CA",
     "connection b\naddress localhost\ntopic #\nbridge_certfile {dir}/c\n"
     "bridge_keyfile {dir}/k\n", 4, "nothing is encrypted",
     "2.0.11 takes it, and does not encrypt"),
    ("a demand for OCSP staples",
     "connection b\naddress localhost\ntopic #\nbridge_require_ocsp true\n",
     4, "OCSP", "2.0.11 can"),
    ("a key in an engine", "listener {port}\ntls_engine pkcs11\n", 2, "PEM",
     "2.0.11 has engines"),
    ("an engine's key password",
     "listener {port}\ntls_engine_kpass_sha1 00\n", 2, "PEM",
     "2.0.11 has engines"),
    ("bytes that are no text", "listener {port}\nmount_point \udcff\n", 2, "",
     SAME),
]
