#include "tls_pair.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using kind = net::io_result::kind;

namespace {

constexpr std::string_view refused = "the certificate of the peer is refused: ";

struct fixture : net::tls_fixture {
  /// What the client says of the certificate NAME of a server.
  std::string client_says(const std::string& name,
                          const std::string& host = "localhost") {
    server.certfile = files.path(name + ".crt");
    server.keyfile = files.path(name + ".key");
    auto pair = talk(host);
    return verdict(pair.client, pair);
  }
  /// What the server says of the certificate NAME of a client.
  std::string server_says(const std::string& name) {
    require_certificate();
    if (!name.empty())
      show(name);
    auto pair = talk();
    seen = pair.server.tls->identity() != nullptr ? *pair.server.tls->identity()
                                                  : net::peer_identity{};
    told_client = pair.client.error();
    return verdict(pair.server, pair);
  }
  static std::string verdict(const net::tls_end& end,
                             const net::tls_pair& pair) {
    if (pair.stands())
      return "taken";
    CAF_CHECK(end.last == kind::broken);
    CAF_CHECK(end.tls->identity() == nullptr);
    auto why = end.error();
    return why.starts_with(refused) ? why.substr(refused.size()) : why;
  }

  net::peer_identity seen;
  std::string told_client;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_trust_tests, fixture)

CAF_TEST(the right certificate is taken) {
  CAF_CHECK_EQUAL(client_says("server"), "taken");
  CAF_CHECK_EQUAL(client_says("server", "127.0.0.1"), "taken");
}

CAF_TEST(the certificate of another host is refused) {
  CAF_CHECK_EQUAL(client_says("server", "broker.example"),
                  "it was made for another host");
  CAF_CHECK_EQUAL(client_says("server", "127.0.0.2"),
                  "it was made for another address");
  CAF_CHECK_EQUAL(client_says("server", "::1"),
                  "it was made for another address");
  // The beginning of the name does not do.
  CAF_CHECK_EQUAL(client_says("server", "localhost.example"),
                  "it was made for another host");
}

CAF_TEST(the certificate of another host is taken by who asks for it) {
  client.insecure = true;
  CAF_CHECK_EQUAL(client_says("server", "broker.example"), "taken");
  // Its authority still counts.
  files.save("self",
             net::make_certificate({.common_name = "localhost"}, nullptr));
  CAF_CHECK_EQUAL(client_says("self"), "it is self-signed (unknown CA)");
  client.verify_peer = false;
  CAF_CHECK_EQUAL(client_says("self"), "taken");
}

CAF_TEST(a wildcard covers one level) {
  files.make("wild",
             {.common_name = "x", .alternative_names = "DNS:*.example.org"});
  CAF_CHECK_EQUAL(client_says("wild", "a.example.org"), "taken");
  CAF_CHECK_EQUAL(client_says("wild", "a.b.example.org"),
                  "it was made for another host");
  CAF_CHECK_EQUAL(client_says("wild", "example.org"),
                  "it was made for another host");
}

CAF_TEST(a host without a name cannot be checked) {
  auto [here, there] = net::make_pair();
  auto context = must(make_client_context(client));
  CAF_CHECK(tls_connect(context, here, "") == nullptr);
  CAF_CHECK(tls_connect(context, here, std::string(300, 'x')) == nullptr);
}

CAF_TEST(a certificate that has expired is refused) {
  files.make("old",
             {.common_name = "localhost", .valid_from = -20, .valid_to = -10});
  files.make("young", {.common_name = "localhost", .valid_from = 5});
  CAF_CHECK_EQUAL(client_says("old"), "it has expired");
  CAF_CHECK_EQUAL(client_says("young"), "it is not valid yet");
}

CAF_TEST(the certificate of a server without an authority is refused) {
  files.save("self",
             net::make_certificate({.common_name = "localhost"}, nullptr));
  CAF_CHECK_EQUAL(client_says("self"), "it is self-signed (unknown CA)");
  auto other = net::make_certificate(
      {.common_name = "other authority", .is_authority = true}, nullptr);
  files.save("other",
             net::make_certificate({.common_name = "localhost"}, &other));
  CAF_CHECK_EQUAL(client_says("other"),
                  "its authority is not known (unknown CA)");
  // Whose name is the same is not the same.
  auto namesake = net::make_certificate(
      {.common_name = "test authority", .is_authority = true}, nullptr);
  files.save("fake",
             net::make_certificate({.common_name = "localhost"}, &namesake));
  CAF_CHECK_NOT_EQUAL(client_says("fake"), "taken");
}

CAF_TEST(the server is told why its certificate was refused) {
  files.save("self",
             net::make_certificate({.common_name = "localhost"}, nullptr));
  server.certfile = files.path("self.crt");
  server.keyfile = files.path("self.key");
  auto pair = talk();
  CAF_CHECK_EQUAL(pair.server.error(),
                  "the peer does not know the authority of our certificate "
                  "(unknown CA)");
}

CAF_TEST(a client that trusts nobody refuses everybody) {
  client.cafile.clear();
  CAF_CHECK_EQUAL(client_says("server"),
                  "its authority is not known (unknown CA)");
}

CAF_TEST(a certificate for other purposes is refused) {
  files.make("https", {.common_name = "x", .extended_usage = "serverAuth"});
  CAF_CHECK_EQUAL(server_says("https"), "it was made for another purpose");
  CAF_CHECK_EQUAL(client_says("client"), "it was made for another purpose");
}

CAF_TEST(a certificate signed by no authority but a client is refused) {
  auto client_made =
      net::make_certificate({.common_name = "leaf"}, &files.authority());
  auto forged = net::make_certificate({.common_name = "admin"}, &client_made);
  files.save("forged", forged);
  files.write("forged.crt", net::to_pem(forged.certificate.get())
                                + net::to_pem(client_made.certificate.get()));
  CAF_CHECK_NOT_EQUAL(server_says("forged"), "taken");
}

CAF_TEST(certificates between the authority and the server are sent) {
  auto middle = net::make_certificate(
      {.common_name = "in between", .is_authority = true}, &files.authority());
  auto leaf = net::make_certificate({.common_name = "localhost"}, &middle);
  files.save("leaf", leaf);
  CAF_CHECK_EQUAL(client_says("leaf"),
                  "its authority is not known (unknown CA)");
  files.write("leaf.crt", net::to_pem(leaf.certificate.get())
                              + net::to_pem(middle.certificate.get()));
  CAF_CHECK_EQUAL(client_says("leaf"), "taken");
}

CAF_TEST(an authority is found in a folder) {
  auto hash = X509_NAME_hash_ex(
      X509_get_subject_name(files.authority().certificate.get()), nullptr,
      nullptr, nullptr);
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "%08lx.0", hash);
  files.write(name.data(), net::to_pem(files.authority().certificate.get()));
  client.cafile.clear();
  client.capath = files.path("");
  CAF_CHECK_EQUAL(client_says("server"), "taken");
}

CAF_TEST(a server that was revoked is refused) {
  auto bad =
      net::make_certificate({.common_name = "localhost"}, &files.authority());
  files.save("bad", bad);
  client.crlfile = files.write(
      "ca.crl", net::make_revocation_list(files.authority(), {&bad}));
  CAF_CHECK_EQUAL(client_says("bad"), "it was revoked");
  CAF_CHECK_EQUAL(client_says("server"), "taken");
}

CAF_TEST(a client with a certificate is known by its names) {
  CAF_CHECK_EQUAL(server_says("client"), "taken");
  CAF_CHECK(seen.has_certificate);
  CAF_CHECK_EQUAL(seen.common_name, "sensor 7");
  CAF_CHECK_EQUAL(seen.subject, "CN=sensor 7,O=troupe tests");
  CAF_CHECK_EQUAL(seen.psk_identity, "");
}

CAF_TEST(a client without a certificate is refused where one is required) {
  CAF_CHECK_EQUAL(server_says(""),
                  "the peer showed no certificate, and one is required");
  CAF_CHECK_EQUAL(told_client, "the peer requires a certificate");
}

CAF_TEST(a certificate is not asked for where none is required) {
  server.cafile = files.path("ca.crt");
  show("client");
  auto pair = talk();
  CAF_CHECK(pair.stands());
  CAF_CHECK(pair.server.tls->identity() == nullptr);
}

CAF_TEST(bad certificates of clients are refused) {
  files.make("old", {.common_name = "old", .valid_from = -9, .valid_to = -1});
  files.make("young", {.common_name = "young", .valid_from = 5});
  files.save("self", net::make_certificate({.common_name = "self"}, nullptr));
  CAF_CHECK_EQUAL(server_says("old"), "it has expired");
  CAF_CHECK_EQUAL(told_client,
                  "the peer says that our certificate has expired");
  CAF_CHECK_EQUAL(server_says("young"), "it is not valid yet");
  CAF_CHECK_EQUAL(server_says("self"), "it is self-signed (unknown CA)");
}

CAF_TEST(dates of client certificates may be left unchecked) {
  files.make("old", {.common_name = "old", .valid_from = -9, .valid_to = -1});
  files.make("young", {.common_name = "young", .valid_from = 5});
  files.save("self", net::make_certificate(
                         {.common_name = "self", .valid_to = -1}, nullptr));
  server.disable_client_cert_date_checks = true;
  CAF_CHECK_EQUAL(server_says("old"), "taken");
  CAF_CHECK_EQUAL(seen.common_name, "old");
  CAF_CHECK_EQUAL(server_says("young"), "taken");
  // Nothing else is.
  CAF_CHECK_EQUAL(server_says("self"), "it is self-signed (unknown CA)");
}

CAF_TEST(dates of an authority are checked all the same) {
  auto old = net::make_certificate(
      {.common_name = "old authority", .valid_to = -1, .is_authority = true},
      nullptr);
  files.save("old_ca", old);
  files.save("client2", net::make_certificate({.common_name = "c"}, &old));
  server.disable_client_cert_date_checks = true;
  require_certificate();
  server.cafile = files.path("old_ca.crt");
  show("client2");
  auto pair = talk();
  CAF_CHECK_EQUAL(verdict(pair.server, pair), "it has expired");
}

CAF_TEST(a client that was revoked is refused) {
  auto bad = net::make_certificate({.common_name = "bad"}, &files.authority());
  files.save("bad", bad);
  server.crlfile = files.write(
      "ca.crl", net::make_revocation_list(files.authority(), {&bad}));
  CAF_CHECK_EQUAL(server_says("bad"), "it was revoked");
  CAF_CHECK_EQUAL(told_client,
                  "the peer says that our certificate was revoked");
  CAF_CHECK_EQUAL(server_says("client"), "taken");
}

CAF_TEST(an old revocation list refuses everybody) {
  server.crlfile = files.write(
      "old.crl", net::make_revocation_list(files.authority(), {}, -1));
  CAF_CHECK_EQUAL(server_says("client"),
                  "the revocation list of its authority is out of date");
}

CAF_TEST(a revocation list of another authority lets nobody in) {
  auto other = net::make_certificate(
      {.common_name = "other authority", .is_authority = true}, nullptr);
  server.crlfile =
      files.write("other.crl", net::make_revocation_list(other, {}));
  CAF_CHECK_EQUAL(server_says("client"),
                  "there is no revocation list of its authority");
}

CAF_TEST(a certificate without a common name has an empty one) {
  files.make("nameless", {});
  CAF_CHECK_EQUAL(server_says("nameless"), "taken");
  CAF_CHECK(seen.has_certificate);
  CAF_CHECK_EQUAL(seen.common_name, "");
  CAF_CHECK_EQUAL(seen.subject, "O=troupe tests");
}

// "admin\0.evil.example" was once sold to people who were not "admin".
CAF_TEST(a common name with control characters counts as none) {
  using namespace std::string_literals;
  for (const auto& name : {"admin\0.evil"s, "a\nb"s, "\x1b[2J"s}) {
    files.make("odd", {.common_name = name});
    CAF_CHECK_EQUAL(server_says("odd"), "taken");
    CAF_CHECK_EQUAL(seen.common_name, "");
    CAF_CHECK(seen.subject.find('\n') == std::string::npos);
  }
}

CAF_TEST(names in other scripts are UTF - 8) {
  files.make("name", {.common_name = "Türöffner"});
  CAF_CHECK_EQUAL(server_says("name"), "taken");
  CAF_CHECK_EQUAL(seen.common_name, "Türöffner");
  CAF_CHECK_EQUAL(seen.subject, "CN=T\\C3\\BCr\\C3\\B6ffner,O=troupe tests");
}

CAF_TEST(a peer is objected to that would not be let in any more) {
  require_certificate();
  auto bad = net::make_certificate({.common_name = "bad"}, &files.authority());
  files.save("bad", bad);
  auto later = server;
  later.crlfile = files.write(
      "ca.crl", net::make_revocation_list(files.authority(), {&bad}));
  auto revoked = must(make_server_context(later));
  later = server;
  later.cafile = files.path("server.crt");
  auto other = must(make_server_context(later));
  later.require_certificate = false;
  auto lax = must(make_server_context(later));
  for (std::string name : {"bad", "client"}) {
    show(name);
    auto pair = talk();
    CAF_REQUIRE(pair.stands());
    const auto& peer = *pair.server.tls;
    CAF_CHECK_EQUAL(peer.objection(*must(make_server_context(server))), "");
    CAF_CHECK_EQUAL(peer.objection(*revoked),
                    name == "bad" ? std::string{refused} + "it was revoked"
                                  : "");
    CAF_CHECK(peer.objection(*other).starts_with(refused));
    CAF_CHECK_EQUAL(peer.objection(*lax), "");
  }
}

CAF_TEST(a peer is objected to whose pre shared key is another one) {
  auto with_key = [&](std::optional<std::string> key) {
    auto settings = server;
    settings.psk_hint = "hint";
    settings.psk_lookup = [key](std::string_view identity) {
      using bytes = std::vector<uint8_t>;
      return key && identity == "meter"
                 ? std::optional{bytes{key->begin(), key->end()}}
                 : std::nullopt;
    };
    return must(make_server_context(settings));
  };
  use_psk("meter", "0123456789abcdef");
  for (std::string version : {"", "tlsv1.3"}) {
    client.tls_version = version;
    auto pair = connect_pair(with_key("0123456789abcdef"),
                             must(make_client_context(client)));
    pair.talk();
    CAF_REQUIRE(pair.stands());
    const auto& peer = *pair.server.tls;
    CAF_CHECK_EQUAL(peer.objection(*with_key("0123456789abcdef")), "");
    CAF_CHECK_EQUAL(peer.objection(*with_key("0123456789abcdeF")),
                    "its pre-shared key is another one now");
    CAF_CHECK_EQUAL(peer.objection(*with_key(std::nullopt)),
                    "its pre-shared key is gone");
    CAF_CHECK_EQUAL(peer.objection(*must(make_server_context(server))),
                    "its pre-shared key is gone");
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
