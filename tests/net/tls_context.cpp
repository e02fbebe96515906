#include "net/tls_context.hpp"

#include "tls_pair.hpp"

#include <caf/test/unit_test.hpp>
#include <openssl/pem.h>

using namespace troupe;

namespace {

struct fixture : net::tls_fixture {
  /// Why the server's settings are refused, file names without their folder.
  std::string why() {
    auto made = make_server_context(server);
    return made ? "it is fine" : plain(made.error().text);
  }
  std::string why_client() {
    auto made = make_client_context(client);
    return made ? "it is fine" : plain(made.error().text);
  }
  std::vector<std::string> warnings() {
    std::vector<std::string> result;
    auto context = must(make_server_context(server));
    for (const auto& each : context->warnings())
      result.push_back(plain(each));
    return result;
  }
  std::string plain(std::string text) const {
    auto folder = files.path("");
    for (auto at = text.find(folder); at != std::string::npos;
         at = text.find(folder))
      text.erase(at, folder.size());
    return text;
  }
  std::string content(const std::string& name) const {
    std::ifstream in{files.path(name)};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
};

bool begins(const std::string& text, std::string_view with) {
  if (text.starts_with(with))
    return true;
  CAF_MESSAGE(text);
  return false;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_context_tests, fixture)

CAF_TEST(good files need no warning) {
  CAF_CHECK(warnings().empty());
  require_certificate();
  CAF_CHECK(warnings().empty());
}

CAF_TEST(certificate and key may lie in one file) {
  files.write("both.pem", content("server.key") + content("server.crt"), true);
  server.certfile = server.keyfile = files.path("both.pem");
  CAF_CHECK(warnings().empty());
}

CAF_TEST(without a certificate or keys there is no TLS) {
  server.certfile.clear();
  CAF_CHECK_EQUAL(why(), "keyfile is of no use without certfile; add it");
  server.keyfile.clear();
  CAF_CHECK_EQUAL(why(), "TLS needs certfile and keyfile, or psk_hint");
  server.psk_hint = "hint";
  CAF_CHECK_EQUAL(why(), "psk_hint needs psk_file, the keys of the clients");
  server.psk_lookup = [](std::string_view) { return std::nullopt; };
  CAF_CHECK_EQUAL(why(), "it is fine");
  server.psk_hint = std::string(1000, 'x');
  CAF_CHECK_EQUAL(why(), "psk_hint is too long: it has at most 128 bytes");
}

CAF_TEST(a certificate needs its key) {
  server.keyfile.clear();
  CAF_CHECK_EQUAL(why(), "certfile needs keyfile, the private key of its "
                         "certificate; it may name the same file");
}

CAF_TEST(files that are missing are named with the reason) {
  auto& certfile = server.certfile;
  auto& keyfile = server.keyfile;
  certfile = files.path("nothing.crt");
  CAF_CHECK_EQUAL(why(), "cannot read nothing.crt: No such file or directory");
  certfile = files.path("server.crt");
  keyfile = files.path("nothing.key");
  CAF_CHECK_EQUAL(why(), "cannot read nothing.key: No such file or directory");
  keyfile = files.path("server.key");
  for (auto* each : {&server.cafile, &server.crlfile, &server.dhparamfile}) {
    *each = files.path("nothing.pem");
    CAF_CHECK_EQUAL(why(),
                    "cannot read nothing.pem: No such file or directory");
    each->clear();
  }
  server.capath = files.path("nothing");
  CAF_CHECK_EQUAL(why(),
                  "cannot use the folder nothing: No such file or directory");
}

CAF_TEST(files that hold something else are named) {
  auto junk = files.write("junk.pem", "not a certificate");
  server.certfile = junk;
  CAF_CHECK_EQUAL(why(),
                  "cannot use junk.pem: it holds no certificate in PEM form");
  server.certfile = files.path("server.crt");
  server.keyfile = junk;
  CAF_CHECK_EQUAL(why(),
                  "cannot use junk.pem: it holds no private key in PEM form");
  server.keyfile = files.path("server.crt");
  CAF_CHECK_EQUAL(why(),
                  "cannot use server.crt: it holds no private key in PEM form");
  server.keyfile = files.path("server.key");
  server.cafile = junk;
  CAF_CHECK(begins(why(), "cannot use junk.pem: it holds no certificate or "
                          "revocation list"));
  server.cafile.clear();
  server.crlfile = files.path("ca.crt");
  CAF_CHECK_EQUAL(why(), "cannot use ca.crt: it holds no revocation list in "
                         "PEM form");
  server.crlfile.clear();
  server.dhparamfile = junk;
  CAF_CHECK(begins(why(), "cannot use junk.pem: it holds no Diffie-Hellman "));
  server.dhparamfile.clear();
  server.capath = junk;
  CAF_CHECK_EQUAL(why(), "cannot use the folder junk.pem: it is a file; "
                         "cafile takes files");
}

CAF_TEST(an empty file is no certificate) {
  for (auto* each : {&server.certfile, &server.keyfile, &server.cafile}) {
    auto before = *each;
    *each = files.write("empty.pem", "");
    CAF_CHECK(begins(why(), "cannot use empty.pem: it holds no "));
    *each = before;
  }
}

CAF_TEST(a file that ends anywhere is refused) {
  auto whole = content("server.crt");
  server.certfile = files.path("cut.crt");
  for (size_t size = 0; size + 1 < whole.size(); ++size) {
    files.write("cut.crt", whole.substr(0, size));
    CAF_REQUIRE(begins(why(), "cannot use cut.crt: "));
  }
  server.certfile = files.path("server.crt");
  whole = content("server.key");
  server.keyfile = files.path("cut.key");
  for (size_t size = 0; size + 1 < whole.size(); ++size) {
    files.write("cut.key", whole.substr(0, size), true);
    CAF_REQUIRE(begins(why(), "cannot use cut.key: "));
  }
}

CAF_TEST(a chain with a broken link is refused) {
  auto broken = content("ca.crt");
  broken.replace(100, 20, "####################");
  server.certfile = files.write("chain.crt", content("server.crt") + broken);
  CAF_CHECK(begins(why(), "cannot use chain.crt: a certificate in it is "
                          "broken ("));
}

CAF_TEST(DER is told from PEM) {
  bio_st* out = BIO_new(BIO_s_mem());
  i2d_X509_bio(out, files.authority().certificate.get());
  server.certfile = files.write("server.der", net::to_text(out));
  BIO_free(out);
  CAF_CHECK_EQUAL(why(), "cannot use server.der: it is DER, not PEM; run: "
                         "openssl x509 -inform der -in server.der -out "
                         "NEW.pem");
}

CAF_TEST(an encrypted key is refused without asking for its password) {
  auto made = net::make_certificate({.common_name = "x"}, nullptr);
  files.save("locked", made);
  files.write("locked.key", net::to_pem(made.key.get(), "secret"), true);
  server.certfile = files.path("locked.crt");
  server.keyfile = files.path("locked.key");
  CAF_CHECK_EQUAL(why(), "cannot use locked.key: the key is encrypted and "
                         "there is nobody to ask for its password; run: "
                         "openssl pkey -in locked.key -out NEW.pem");
}

CAF_TEST(a key of another certificate is refused) {
  server.keyfile = files.path("client.key");
  CAF_CHECK_EQUAL(why(), "the key in client.key does not belong to the "
                         "certificate in server.crt; the first certificate in "
                         "that file must be the one made for this key");
}

CAF_TEST(a key too short for the library is refused) {
  auto weak = net::test_certificate{net::certificate_ptr{X509_new()},
                                    net::key_ptr{EVP_RSA_gen(1024)}};
  auto* certificate = weak.certificate.get();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), net::day);
  X509_set_pubkey(certificate, weak.key.get());
  X509_sign(certificate, weak.key.get(), EVP_sha256());
  files.save("weak", weak);
  server.certfile = files.path("weak.crt");
  server.keyfile = files.path("weak.key");
  CAF_CHECK_EQUAL(why(), "cannot use weak.crt: its key is too short to be "
                         "safe; make one of 2048 bits, or on a curve");
}

CAF_TEST(a key that everybody can read is worth a warning) {
  files.write("server.key", content("server.key"), false);
  auto told = warnings();
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK_EQUAL(told[0], "everybody on this machine can read the private "
                           "key in server.key; run: chmod o-r server.key");
}

CAF_TEST(files that everybody can write are refused) {
  using std::filesystem::perms;
  for (const auto* name : {"server.crt", "server.key", "ca.crt"}) {
    require_certificate();
    auto path = files.path(name);
    std::filesystem::permissions(path, perms::others_write,
                                 std::filesystem::perm_options::add);
    CAF_CHECK(begins(why(), "refusing " + std::string{name}
                                + ": everybody can write it"));
    std::filesystem::permissions(path, perms::others_write,
                                 std::filesystem::perm_options::remove);
  }
}

CAF_TEST(a folder in place of a file is refused) {
  server.certfile = files.path("");
  CAF_CHECK(begins(why(), "cannot use "));
}

CAF_TEST(a certificate that has expired is worth a warning) {
  files.make("old",
             {.common_name = "localhost", .valid_from = -20, .valid_to = -10});
  files.make("young", {.common_name = "localhost", .valid_from = 5});
  server.certfile = files.path("old.crt");
  server.keyfile = files.path("old.key");
  auto told = warnings();
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(begins(told[0], "the certificate in old.crt expired on "));
  server.certfile = files.path("young.crt");
  server.keyfile = files.path("young.key");
  told = warnings();
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(begins(told[0], "the certificate in young.crt is not valid "
                            "before "));
}

CAF_TEST(a revocation list that is out of date is worth a warning) {
  server.crlfile = files.write(
      "old.crl", net::make_revocation_list(files.authority(), {}, -1));
  auto told = warnings();
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(begins(told[0], "the revocation list in old.crl is out of date "
                            "since "));
}

CAF_TEST(a revocation list is no authority) {
  server.cafile =
      files.write("x.crl", net::make_revocation_list(files.authority(), {}));
  CAF_CHECK_EQUAL(why(), "cannot use x.crl: it holds a revocation list but no "
                         "certificate; it belongs into crlfile");
}

CAF_TEST(a folder of authorities without hashes is worth a warning) {
  server.capath = files.path("");
  auto told = warnings();
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(told[0].find("run: openssl rehash") != std::string::npos);
}

CAF_TEST(to require certificates needs somebody who signs them) {
  server.require_certificate = true;
  CAF_CHECK(begins(why(), "require_certificate needs cafile or capath"));
  server.cafile = files.path("ca.crt");
  CAF_CHECK_EQUAL(why(), "it is fine");
  server.certfile.clear();
  server.keyfile.clear();
  server.psk_hint = "hint";
  server.psk_lookup = [](std::string_view) { return std::nullopt; };
  CAF_CHECK(begins(why(), "require_certificate needs certfile and keyfile"));
}

CAF_TEST(only versions that are safe can be chosen) {
  for (const auto* each : {"tlsv1.1", "tlsv1", "1.2", "TLSv1.2", "tlsv1.4"}) {
    server.tls_version = each;
    CAF_CHECK(begins(why(), "tls_version " + std::string{each}
                                + ": it is the lowest version that is "
                                  "spoken, tlsv1.2 or tlsv1.3"));
  }
}

CAF_TEST(ciphers that do not exist are refused) {
  server.ciphers = "NOTHING";
  CAF_CHECK(begins(why(), "ciphers NOTHING: "));
  server.ciphers.clear();
  server.ciphersuites = "TLS_NOTHING";
  CAF_CHECK(begins(why(), "ciphers_tls1.3 TLS_NOTHING: "));
}

CAF_TEST(protocols for ALPN have a length that fits) {
  for (const auto& each : {std::string{}, std::string(256, 'x')}) {
    server.alpn = {"mqtt", each};
    CAF_CHECK_EQUAL(why(), "ALPN: a protocol's name has 1 to 255 bytes");
  }
  server.alpn = {"mqtt", std::string(255, 'x')};
  CAF_CHECK_EQUAL(why(), "it is fine");
}

CAF_TEST(a client needs both halves of a key and a name that fits) {
  client.psk_identity = "me";
  CAF_CHECK(begins(why_client(), "a pre-shared key needs both"));
  client.psk_key = {1};
  CAF_CHECK_EQUAL(why_client(), "it is fine");
  client.psk_key.resize(100'000);
  CAF_CHECK(begins(why_client(), "a pre-shared key has at most "));
  client.psk_key = {1};
  for (const auto& each : {std::string(129, 'x'), std::string("a\0b", 3)}) {
    client.psk_identity = each;
    CAF_CHECK(begins(why_client(), "the identity of a pre-shared key has"));
  }
  client.psk_identity.clear();
  CAF_CHECK(begins(why_client(), "a pre-shared key needs both"));
}

CAF_TEST(one bad certificate among further ones refuses them all) {
  server.further_certificates = {
      {files.path("server.crt"), files.path("server.key")},
      {files.path("server.crt"), files.path("client.key")}};
  CAF_CHECK(begins(why(), "the key in client.key does not belong"));
}

CAF_TEST_FIXTURE_SCOPE_END()
