#include "tls_pair.hpp"

#include <caf/test/unit_test.hpp>

#include <fcntl.h>

using namespace troupe;
using kind = net::io_result::kind;

namespace {

/// A client made of OpenSSL alone, for what a layer does not do or does not
/// tell.
struct bare_client {
  bare_client() : context{SSL_CTX_new(TLS_client_method())} {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT
                                                | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_sess_set_new_cb(context, keep);
  }
  ~bare_client() {
    ssl.reset();
    SSL_SESSION_free(ticket);
    SSL_CTX_free(context);
  }
  bare_client(const bare_client&) = delete;
  bare_client& operator=(const bare_client&) = delete;

  static int keep(SSL* ssl, SSL_SESSION* session) {
    auto* self =
        static_cast<bare_client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    SSL_SESSION_free(self->ticket);
    self->ticket = session;
    return 1;
  }

  /// Talks to a new server of `with` until nothing moves.
  void talk(const net::context_ptr& with,
            const std::function<void(SSL*)>& prepare = {}) {
    std::tie(server.connection, connection) = net::make_pair();
    server.tls = tls_accept(with, server.connection);
    server.last = kind::would_block;
    // Without a farewell OpenSSL holds the session for spoilt.
    if (ssl)
      SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN);
    ssl.reset(SSL_new(context));
    SSL_set_fd(ssl.get(), connection.fd());
    SSL_set_connect_state(ssl.get());
    if (prepare)
      prepare(ssl.get());
    for (int i = 0; i < 10; ++i) {
      char byte;
      SSL_read(ssl.get(), &byte, 1);
      ERR_clear_error();
      if (!server.is_over())
        server.step();
    }
  }
  bool stands() const {
    return server.tls->is_ready() && !server.is_over()
           && SSL_is_init_finished(ssl.get()) == 1;
  }
  void resume_with(const net::context_ptr& with) {
    talk(with, [this](SSL* fresh) { SSL_set_session(fresh, ticket); });
  }

  SSL_CTX* context;
  SSL_SESSION* ticket = nullptr;
  net::ssl_ptr ssl;
  net::socket connection;
  net::tls_end server;
};

struct fixture : net::tls_fixture {
  /// The name in the certificate that a server shows to who asks for `host`.
  std::string shown_to(const net::context_ptr& context,
                       const std::string& host) {
    bare_client guest;
    guest.talk(context, [&host](SSL* ssl) {
      if (!host.empty())
        SSL_set_tlsext_host_name(ssl, host.c_str());
    });
    auto* certificate = SSL_get0_peer_certificate(guest.ssl.get());
    CAF_REQUIRE(guest.stands());
    CAF_REQUIRE(certificate != nullptr);
    char name[100] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                              NID_commonName, name, sizeof name);
    return name;
  }
  /// The protocol chosen for who offers these, as they stand in a handshake.
  std::string protocol_for(std::string_view offered) {
    bare_client guest;
    guest.talk(must(make_server_context(server)), [&offered](SSL* ssl) {
      auto bytes = net::as_bytes(offered);
      SSL_set_alpn_protos(ssl, bytes.data(),
                          static_cast<unsigned>(bytes.size()));
    });
    if (!guest.stands())
      return guest.server.error();
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(guest.ssl.get(), &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
  }
  /// A server that knows the key of "meter".
  void accept_psk() {
    server.certfile.clear();
    server.keyfile.clear();
    server.psk_hint = "troupe";
    server.psk_lookup =
        [](std::string_view identity) -> std::optional<std::vector<uint8_t>> {
      if (identity == "meter")
        return std::vector<uint8_t>{'k', 'e', 'y', '1'};
      return std::nullopt;
    };
  }
  static int version_of(bare_client& guest) {
    return guest.stands() ? SSL_version(guest.ssl.get()) : 0;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_choices_tests, fixture)

CAF_TEST(the newest version is spoken and old ones are refused) {
  auto context = must(make_server_context(server));
  auto highest = [&](int version) {
    bare_client guest;
    SSL_CTX_set_security_level(guest.context, 0);
    SSL_CTX_set_min_proto_version(guest.context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(guest.context, version);
    guest.talk(context);
    CAF_MESSAGE(guest.server.error());
    return version_of(guest);
  };
  CAF_CHECK_EQUAL(highest(TLS1_3_VERSION), TLS1_3_VERSION);
  CAF_CHECK_EQUAL(highest(TLS1_2_VERSION), TLS1_2_VERSION);
  CAF_CHECK_EQUAL(highest(TLS1_1_VERSION), 0);
  CAF_CHECK_EQUAL(highest(TLS1_VERSION), 0);
  server.tls_version = "tlsv1.3";
  context = must(make_server_context(server));
  CAF_CHECK_EQUAL(highest(TLS1_3_VERSION), TLS1_3_VERSION);
  CAF_CHECK_EQUAL(highest(TLS1_2_VERSION), 0);
}

CAF_TEST(versions without any in common are named) {
  server.tls_version = "tlsv1.3";
  bare_client guest;
  SSL_CTX_set_max_proto_version(guest.context, TLS1_2_VERSION);
  guest.talk(must(make_server_context(server)));
  CAF_CHECK_EQUAL(guest.server.error(),
                  "no version of TLS in common with the peer");
}

CAF_TEST(ciphers without any in common are named) {
  server.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  bare_client guest;
  SSL_CTX_set_max_proto_version(guest.context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(guest.context, "ECDHE-ECDSA-AES256-GCM-SHA384");
  guest.talk(must(make_server_context(server)));
  CAF_CHECK_EQUAL(guest.server.error(),
                  "no shared cipher: the peer offers none that is allowed "
                  "here");
}

CAF_TEST(suites of TLS 1_3 can be chosen) {
  server.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256";
  bare_client guest;
  guest.talk(must(make_server_context(server)));
  CAF_REQUIRE(guest.stands());
  CAF_CHECK_EQUAL(std::string{SSL_get_cipher_name(guest.ssl.get())},
                  "TLS_CHACHA20_POLY1305_SHA256");
}

CAF_TEST(ciphers without encryption or authentication are never used) {
  for (const auto* list : {"eNULL:@SECLEVEL=0", "aNULL:@SECLEVEL=0"}) {
    bare_client guest;
    SSL_CTX_set_max_proto_version(guest.context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(guest.context, list);
    guest.talk(must(make_server_context(server)));
    CAF_CHECK(!guest.stands());
  }
}

CAF_TEST(renegotiation is refused) {
  bare_client guest;
  SSL_CTX_set_max_proto_version(guest.context, TLS1_2_VERSION);
  guest.talk(must(make_server_context(server)));
  CAF_REQUIRE(guest.stands());
  SSL_renegotiate(guest.ssl.get());
  SSL_do_handshake(guest.ssl.get());
  guest.server.step();
  CAF_CHECK_EQUAL(SSL_do_handshake(guest.ssl.get()), -1);
  CAF_CHECK_EQUAL(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
}

CAF_TEST(a server picks the protocol it knows) {
  CAF_CHECK_EQUAL(protocol_for("\4mqtt"), "mqtt");
  CAF_CHECK_EQUAL(protocol_for("\2h2\4mqtt"), "mqtt");
  server.alpn = {"mqtt", "x-amzn-mqtt-ca"};
  CAF_CHECK_EQUAL(protocol_for("\16x-amzn-mqtt-ca"), "x-amzn-mqtt-ca");
  CAF_CHECK_EQUAL(protocol_for("\16x-amzn-mqtt-ca\4mqtt"), "mqtt");
}

// What is meant for another protocol must not be taken for MQTT: the ALPACA
// attack.
CAF_TEST(a client that speaks only other protocols is refused) {
  for (const auto* offered : {"\2h2", "\10http/1.1", "\4MQTT", "\3mqt"})
    CAF_CHECK_EQUAL(protocol_for(offered),
                    "the peer offers only other protocols (ALPN)");
  server.alpn.clear();
  CAF_CHECK_EQUAL(protocol_for("\2h2"), "");
}

CAF_TEST(a client of ours offers what it is told) {
  client.alpn = {"h2"};
  auto pair = talk();
  CAF_CHECK_EQUAL(pair.client.error(),
                  "the peer speaks none of the protocols offered (ALPN)");
  client.alpn = {"mqtt"};
  CAF_CHECK(talk().stands());
}

CAF_TEST(the certificate is chosen by the name asked for) {
  files.make("a",
             {.common_name = "first", .alternative_names = "DNS:a.example"});
  files.make("b", {.common_name = "second",
                   .alternative_names = "DNS:b.example,DNS:*.b.example"});
  server.further_certificates = {{files.path("a.crt"), files.path("a.key")},
                                 {files.path("b.crt"), files.path("b.key")}};
  auto context = must(make_server_context(server));
  CAF_CHECK_EQUAL(shown_to(context, "a.example"), "first");
  CAF_CHECK_EQUAL(shown_to(context, "A.EXAMPLE"), "first");
  CAF_CHECK_EQUAL(shown_to(context, "b.example"), "second");
  CAF_CHECK_EQUAL(shown_to(context, "x.b.example"), "second");
  CAF_CHECK_EQUAL(shown_to(context, "localhost"), "localhost");
}

CAF_TEST(who asks for no name or an unknown one gets the first certificate) {
  files.make("a",
             {.common_name = "first", .alternative_names = "DNS:a.example"});
  server.further_certificates = {{files.path("a.crt"), files.path("a.key")}};
  auto context = must(make_server_context(server));
  for (const auto* host : {"", "c.example", ".example", ".a.example", "*"})
    CAF_CHECK_EQUAL(shown_to(context, host), "localhost");
}

CAF_TEST(the certificate of a client is checked whatever name it asks for) {
  files.make("a", {.common_name = "a", .alternative_names = "DNS:a.example"});
  server.further_certificates = {{files.path("a.crt"), files.path("a.key")}};
  require_certificate();
  CAF_CHECK(!talk("a.example").stands());
  show("client");
  auto pair = talk("a.example");
  CAF_REQUIRE(pair.stands());
  CAF_CHECK_EQUAL(pair.server.tls->identity()->common_name, "sensor 7");
}

CAF_TEST(a session is resumed with a ticket) {
  for (auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto context = must(make_server_context(server));
    bare_client guest;
    SSL_CTX_set_max_proto_version(guest.context, version);
    guest.talk(context);
    CAF_REQUIRE(guest.stands());
    CAF_REQUIRE(guest.ticket != nullptr);
    guest.resume_with(context);
    CAF_CHECK(guest.stands());
    CAF_CHECK_EQUAL(SSL_session_reused(guest.ssl.get()), 1);
    // After a reload everybody is checked anew.
    guest.resume_with(must(make_server_context(server)));
    CAF_CHECK(guest.stands());
    CAF_CHECK_EQUAL(SSL_session_reused(guest.ssl.get()), 0);
  }
}

CAF_TEST(a resumed session has the identity it began with) {
  require_certificate();
  auto context = must(make_server_context(server));
  for (auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    bare_client guest;
    SSL_CTX_set_max_proto_version(guest.context, version);
    SSL_CTX_use_certificate_file(
        guest.context, files.path("client.crt").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(guest.context, files.path("client.key").c_str(),
                                SSL_FILETYPE_PEM);
    guest.talk(context);
    CAF_REQUIRE(guest.stands());
    guest.resume_with(context);
    CAF_REQUIRE(guest.stands());
    CAF_CHECK_EQUAL(SSL_session_reused(guest.ssl.get()), 1);
    const auto* who = guest.server.tls->identity();
    CAF_REQUIRE(who != nullptr);
    CAF_CHECK(who->has_certificate);
    CAF_CHECK_EQUAL(who->common_name, "sensor 7");
  }
}

CAF_TEST(a ticket does not outlive the certificate it was given for) {
  files.make("old", {.common_name = "old", .valid_from = -9, .valid_to = -1});
  require_certificate();
  server.disable_client_cert_date_checks = true;
  auto before = must(make_server_context(server));
  server.disable_client_cert_date_checks = false;
  auto after = must(make_server_context(server));
  // As if the certificate had expired in between.
  std::array<unsigned char, 80> keys{1, 2, 3};
  for (const auto& each : {before, after})
    SSL_CTX_set_tlsext_ticket_keys(each->handle(), keys.data(), keys.size());
  for (auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    bare_client guest;
    SSL_CTX_set_max_proto_version(guest.context, version);
    SSL_CTX_use_certificate_file(guest.context, files.path("old.crt").c_str(),
                                 SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(guest.context, files.path("old.key").c_str(),
                                SSL_FILETYPE_PEM);
    guest.talk(before);
    CAF_REQUIRE(guest.stands());
    guest.resume_with(after);
    CAF_CHECK_EQUAL(SSL_session_reused(guest.ssl.get()), 1);
    CAF_CHECK(guest.server.last == kind::broken);
    CAF_CHECK(guest.server.tls->identity() == nullptr);
    CAF_CHECK_EQUAL(guest.server.error(),
                    "the certificate of the peer is refused: it has expired");
  }
}

CAF_TEST(without tickets nobody resumes) {
  server.session_tickets = false;
  for (auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto context = must(make_server_context(server));
    bare_client guest;
    SSL_CTX_set_max_proto_version(guest.context, version);
    guest.talk(context);
    CAF_REQUIRE(guest.stands());
    if (guest.ticket == nullptr)
      continue;
    guest.resume_with(context);
    CAF_CHECK_EQUAL(SSL_session_reused(guest.ssl.get()), 0);
  }
}

CAF_TEST(a client is known by its pre - shared key) {
  accept_psk();
  use_psk("meter", "key1");
  for (const auto* version : {"tlsv1.2", "tlsv1.3"}) {
    client.tls_version = version;
    auto pair = talk();
    CAF_REQUIRE(pair.stands());
    const auto* who = pair.server.tls->identity();
    CAF_REQUIRE(who != nullptr);
    CAF_CHECK_EQUAL(who->psk_identity, "meter");
    CAF_CHECK(!who->has_certificate);
  }
}

CAF_TEST(a pre - shared key works with TLS 1_2 alone) {
  accept_psk();
  auto context = must(make_server_context(server));
  bare_client guest;
  SSL_CTX_set_max_proto_version(guest.context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(guest.context, "PSK");
  SSL_CTX_set_psk_client_callback(
      guest.context,
      [](SSL*, const char* hint, char* identity, unsigned, unsigned char* key,
         unsigned) -> unsigned {
        CAF_CHECK_EQUAL(std::string{hint}, "troupe");
        std::memcpy(identity, "meter", 6);
        std::memcpy(key, "key1", 4);
        return 4;
      });
  guest.talk(context);
  CAF_REQUIRE(guest.stands());
  CAF_CHECK_EQUAL(guest.server.tls->identity()->psk_identity, "meter");
  CAF_CHECK(guest.ticket == nullptr || !SSL_SESSION_has_ticket(guest.ticket));
}

CAF_TEST(a wrong key or an unknown identity is refused) {
  accept_psk();
  auto server_says = [this](const char* identity, const char* key) {
    use_psk(identity, key);
    auto pair = talk();
    CAF_CHECK(!pair.stands());
    CAF_CHECK(pair.server.last == kind::broken);
    CAF_CHECK(pair.server.tls->identity() == nullptr);
    CAF_CHECK_EQUAL(pair.client.error(),
                    "the peer does not know our pre-shared key identity, or "
                    "its key is another one");
    return pair.server.error();
  };
  for (const auto* key : {"key2", "key", "key11"})
    CAF_CHECK_EQUAL(server_says("meter", key),
                    "the peer's key for the identity \"meter\" is wrong");
  CAF_CHECK_EQUAL(server_says("METER", "key1"),
                  "there is no pre-shared key for the identity \"METER\"");
  CAF_CHECK_EQUAL(server_says("a\nb", "key1"),
                  "there is no pre-shared key for the identity that is not "
                  "printable");
}

CAF_TEST(a client without a key is refused where there are only keys) {
  accept_psk();
  auto pair = talk();
  CAF_CHECK(!pair.stands());
  CAF_CHECK_EQUAL(pair.server.error(), "the peer offers no pre-shared key");
}

// Else whoever stands in between could do without the key.
CAF_TEST(a client with a key takes no server that has none) {
  use_psk("meter", "key1");
  CAF_CHECK(!talk().stands());
  CAF_CHECK(!talk("127.0.0.1").stands());
}

CAF_TEST(an identity whose key did not count is none) {
  auto cert = server;
  accept_psk();
  server.certfile = cert.certfile;
  server.keyfile = cert.keyfile;
  // The suite of the key is out of the question: the certificate decides.
  server.ciphersuites = "TLS_AES_256_GCM_SHA384";
  use_psk("meter", "wrong");
  client.cafile = files.path("ca.crt");
  client.ciphersuites = "TLS_AES_256_GCM_SHA384";
  client.tls_version = "tlsv1.3";
  auto pair = talk();
  if (pair.server.tls->is_ready())
    CAF_CHECK(pair.server.tls->identity() == nullptr);
}

CAF_TEST(a lookup that throws refuses its client) {
  accept_psk();
  server.psk_lookup =
      [](std::string_view) -> std::optional<std::vector<uint8_t>> {
    throw std::runtime_error{"no"};
  };
  use_psk("meter", "key1");
  CAF_CHECK(talk().server.last == kind::broken);
}

CAF_TEST(keys that are empty or too long are refused) {
  accept_psk();
  for (size_t size : {size_t{0}, size_t{10'000}}) {
    server.psk_lookup = [size](std::string_view) {
      return std::optional{std::vector<uint8_t>(size, 'x')};
    };
    use_psk("meter", "xxxx");
    CAF_CHECK(talk().server.last == kind::broken);
  }
}

CAF_TEST(certificates and keys work side by side) {
  auto cert = server;
  accept_psk();
  server.certfile = cert.certfile;
  server.keyfile = cert.keyfile;
  CAF_CHECK(talk().stands());
  use_psk("meter", "key1");
  auto pair = talk();
  CAF_REQUIRE(pair.stands());
  CAF_CHECK_EQUAL(pair.server.tls->identity()->psk_identity, "meter");
}

CAF_TEST_FIXTURE_SCOPE_END()
