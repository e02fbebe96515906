"""Every option of Mosquitto 2.1 but those of bridges, in one file; files that
are wrong. For test_drop_in_options.py."""

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
    ("a key in an engine", "listener {port}\ntls_engine pkcs11\n", 2, "PEM",
     "2.0.11 has engines"),
    ("an engine's key password",
     "listener {port}\ntls_engine_kpass_sha1 00\n", 2, "PEM",
     "2.0.11 has engines"),
    ("bytes that are no text", "listener {port}\nmount_point \udcff\n", 2, "",
     SAME),
]

BRIDGE = """\
address addresses bridge_alpn bridge_attempt_unsubscribe bridge_bind_address
bridge_cafile bridge_capath bridge_certfile bridge_ciphers
bridge_ciphers_tls1.3 bridge_identity bridge_insecure bridge_keyfile
bridge_max_packet_size bridge_max_topic_alias bridge_outgoing_retain
bridge_protocol_version bridge_psk bridge_receive_maximum bridge_reload_type
bridge_require_ocsp bridge_session_expiry_interval bridge_tcp_keepalive
bridge_tcp_user_timeout bridge_tls_use_os_certs bridge_tls_version
cleansession clientid connection idle_timeout keepalive_interval
local_cleansession local_clientid local_password local_username
notification_topic notifications notifications_local_only password
remote_clientid remote_password remote_username restart_timeout round_robin
start_type threshold topic try_private username""".split()
