#include "apps/tools/options.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using tools::command_kind;

namespace {

tools::command<tools::pub_options> pub(std::vector<const char*> given) {
  given.insert(given.begin(), "pub");
  if (std::string{given.back()}.find("://") == std::string::npos)
    given.insert(given.end(), {"-t", "a"});
  given.push_back("-n");
  return tools::parse_pub(static_cast<int>(given.size()), given.data());
}

/// Why a command line is refused; empty if it is not.
std::string problem(const std::vector<const char*>& arguments) {
  auto given = pub(arguments);
  if (given.what != command_kind::refuse)
    return {};
  auto begin = std::string{"Error: "}.size();
  return given.text.substr(begin, given.text.find('\n') - begin);
}

/// What a command line that is not refused comes to.
tools::pub_options accepted(const std::vector<const char*>& arguments) {
  CAF_REQUIRE_EQUAL(problem(arguments), "");
  return pub(arguments).options;
}

/// A value: CAF_CHECK_EQUAL keeps a reference to what it is given, and what it
/// is a part of would be gone.
int port_of(const std::vector<const char*>& arguments) {
  return accepted(arguments).port;
}

} // namespace

CAF_TEST(without a word about TLS there is none) {
  auto options = accepted({"-h", "x"});
  CAF_CHECK(!options.tls);
  CAF_CHECK_EQUAL(options.port, 1883);
}

CAF_TEST(naming somebody to trust turns TLS on and moves the port) {
  auto options = accepted({"--cafile", "f"});
  CAF_REQUIRE(options.tls.has_value());
  CAF_CHECK_EQUAL(options.tls->cafile, "f");
  CAF_CHECK(!options.tls->use_os_certificates);
  CAF_CHECK(options.tls->alpn.empty());
  CAF_CHECK_EQUAL(options.port, 8883);
  auto folder = accepted({"--capath", "d"});
  CAF_CHECK_EQUAL(folder.tls->capath, "d");
  CAF_CHECK(accepted({"--tls-use-os-certs"}).tls->use_os_certificates);
  CAF_CHECK_EQUAL(port_of({"--cafile", "f", "-p", "1883"}), 1883);
}

CAF_TEST(port 8883 and mqtts mean TLS with whom the system trusts) {
  for (const auto& each : std::vector<std::vector<const char*>>{
           {"-p", "8883"}, {"-L", "mqtts://h/a"}, {"-L", "mqtts://h:99/a"}}) {
    auto options = accepted(each);
    CAF_REQUIRE(options.tls.has_value());
    CAF_CHECK(options.tls->use_os_certificates);
  }
  CAF_CHECK_EQUAL(port_of({"-L", "mqtts://h/a"}), 8883);
  CAF_CHECK_EQUAL(port_of({"-L", "mqtts://h:99/a"}), 99);
  CAF_CHECK_EQUAL(port_of({"-L", "mqtt://h/a"}), 1883);
  CAF_CHECK(!accepted({"-L", "mqtt://h/a"}).tls);
  CAF_CHECK(!accepted({"--unix", "s", "-p", "8883"}).tls);
  auto own = accepted({"--cafile", "f", "-L", "mqtts://h/a"});
  CAF_CHECK(!own.tls->use_os_certificates);
}

CAF_TEST(every detail has its option) {
  auto tls = *accepted({"--cafile", "f", "--cert", "c", "--key", "k",
                        "--keyform", "pem", "--ciphers", "x", "--tls-version",
                        "tlsv1.3", "--tls-alpn", "mqtt", "--insecure"})
                  .tls;
  CAF_CHECK_EQUAL(tls.certfile, "c");
  CAF_CHECK_EQUAL(tls.keyfile, "k");
  CAF_CHECK_EQUAL(tls.ciphers, "x");
  CAF_CHECK_EQUAL(tls.tls_version, "tlsv1.3");
  CAF_CHECK(tls.alpn == std::vector<std::string>{"mqtt"});
  CAF_CHECK(tls.insecure);
  CAF_CHECK(tls.verify_peer);
}

CAF_TEST(a pre - shared key is hexadecimal) {
  auto tls = *accepted({"--psk", "00aBff", "--psk-identity", "me"}).tls;
  CAF_CHECK(tls.psk_key == std::vector<uint8_t>({0, 0xab, 0xff}));
  CAF_CHECK_EQUAL(tls.psk_identity, "me");
  CAF_CHECK(!tls.use_os_certificates);
  for (const auto* each : {"1", "abc", "zz", "0x12", "12 4", "-1", "+1"})
    CAF_CHECK_EQUAL(problem({"--psk", each, "--psk-identity", "me"}),
                    "--psk: the key must be hexadecimal, two digits for each "
                    "byte.");
}

CAF_TEST(options that contradict each other are refused) {
  CAF_CHECK_EQUAL(problem({"--psk", "12"}),
                  "--psk-identity required if --psk used.");
  for (const auto* each : {"--cafile", "--capath"})
    CAF_CHECK_EQUAL(problem({"--psk", "12", "--psk-identity", "i", each, "x"}),
                    "Only one of --psk or --cafile/--capath may be used at "
                    "once.");
  for (const auto* each : {"--cert", "--key"})
    CAF_CHECK_EQUAL(problem({"--cafile", "f", each, "x"}),
                    "Both certfile and keyfile must be provided if one of "
                    "them is set.");
  CAF_CHECK_EQUAL(problem({"--cafile", "f", "--keyform", "pem"}),
                  "If keyform is set, keyfile must be also specified.");
  CAF_CHECK_EQUAL(problem({"--cafile", "f", "--cert", "c", "--key", "k",
                           "--keyform", "engine"}),
                  "--keyform: keys must be in PEM form.");
  CAF_CHECK_EQUAL(problem({"--tls-engine", "x"}),
                  "--tls-engine: troupe does not know this option of "
                  "Mosquitto.");
}

// Mosquitto's tools would connect in the clear.
CAF_TEST(what only makes sense with TLS is refused without it) {
  for (const auto& each :
       std::vector<std::vector<const char*>>{{"--psk-identity", "i"},
                                             {"--cert", "c", "--key", "k"},
                                             {"--ciphers", "x"},
                                             {"--tls-version", "tlsv1.2"},
                                             {"--tls-alpn", "mqtt"},
                                             {"--insecure"}})
    CAF_CHECK_EQUAL(problem(each), std::string{each.front()}
                                       + " needs TLS; add --cafile, --capath, "
                                         "--tls-use-os-certs or --psk.");
}
