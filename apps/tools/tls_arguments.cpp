#include "apps/tools/tls_arguments.hpp"

#include "apps/tools/command_line.hpp"
#include "core/hex.hpp"

namespace troupe::tools {
namespace {

constexpr uint16_t plain_port = 1883;
constexpr uint16_t tls_port = 8883;

} // namespace

void tls_arguments::add_to(command_line& line) {
  add_trust(line);
  add_own(line);
  add_protocol(line);
  for (std::string name :
       {"--tls-engine", "--tls-engine-kpass-sha1", "--tls-keylog"})
    line.value(name, "not supported", [&line, name](const auto&) {
      line.refuse(name + ": troupe does not know this option of Mosquitto.");
    });
}

void tls_arguments::add_trust(command_line& line) {
  line.value("--cafile", "speak TLS; authorities to trust, a PEM file",
             [this](const auto& text) { settings_.cafile = text; });
  line.value("--capath", "speak TLS; authorities to trust, a rehashed folder",
             [this](const auto& text) { settings_.capath = text; });
  line.flag("--tls-use-os-certs",
            "speak TLS; trust whom the operating system trusts",
            [this] { settings_.use_os_certificates = true; });
  line.flag("--insecure",
            "take a certificate that was made for another host: only for tests",
            [this] {
              settings_.insecure = true;
              details_.emplace_back("--insecure");
            });
}

void tls_arguments::add_own(command_line& line) {
  line.value("--cert", "certificate of this client, a PEM file",
             [this](const auto& text) {
               settings_.certfile = text;
               details_.emplace_back("--cert");
             });
  line.value("--key", "private key of that certificate, a PEM file",
             [this](const auto& text) {
               settings_.keyfile = text;
               details_.emplace_back("--key");
             });
  line.value("--keyform", "form of the private key: pem",
             [this](const auto& text) { key_form_ = text; });
  line.value("--psk", "speak TLS with this pre-shared key, in hexadecimal",
             [this](const auto& text) { psk_ = text; });
  line.value("--psk-identity", "identity that belongs to the pre-shared key",
             [this](const auto& text) {
               settings_.psk_identity = text;
               details_.emplace_back("--psk-identity");
             });
}

void tls_arguments::add_protocol(command_line& line) {
  line.value("--ciphers", "ciphers of TLS 1.2, as `openssl ciphers` has them",
             [this](const auto& text) {
               settings_.ciphers = text;
               details_.emplace_back("--ciphers");
             });
  line.value("--tls-version",
             "lowest version: tlsv1.2 or tlsv1.3. Default: "
             "tlsv1.2",
             [this](const auto& text) {
               settings_.tls_version = text;
               details_.emplace_back("--tls-version");
             });
  line.value("--tls-alpn", "protocol to ask for by ALPN. Default: none",
             [this](const auto& text) {
               settings_.alpn = {text};
               details_.emplace_back("--tls-alpn");
             });
}

bool tls_arguments::is_on() const noexcept {
  return demanded_ || !settings_.cafile.empty() || !settings_.capath.empty()
         || settings_.use_os_certificates || !psk_.empty();
}

std::string tls_arguments::check() const {
  if (settings_.certfile.empty() != settings_.keyfile.empty())
    return "Both certfile and keyfile must be provided if one of them is set.";
  if (!key_form_.empty() && settings_.keyfile.empty())
    return "If keyform is set, keyfile must be also specified.";
  if (!key_form_.empty() && key_form_ != "pem")
    return "--keyform: keys must be in PEM form.";
  auto has_trust = !settings_.cafile.empty() || !settings_.capath.empty();
  if (!psk_.empty() && has_trust)
    return "Only one of --psk or --cafile/--capath may be used at once.";
  if (!psk_.empty() && settings_.psk_identity.empty())
    return "--psk-identity required if --psk used.";
  // Mosquitto goes on in the clear; whoever names a key expects otherwise.
  if (!is_on() && !details_.empty())
    return details_.front()
           + " needs TLS; add --cafile, --capath, --tls-use-os-certs or --psk.";
  return {};
}

std::string tls_arguments::read_key() {
  if (psk_.empty()) {
    settings_.psk_identity.clear();
    return {};
  }
  auto key = from_hex(psk_);
  if (!key || psk_.size() % 2 != 0)
    return "--psk: the key must be hexadecimal, two digits for each byte.";
  settings_.psk_key.assign(key->begin(), key->end());
  return {};
}

std::string tls_arguments::finish(client_options& options, bool has_port) {
  // As with Mosquitto that port, and mqtts, mean TLS.
  if (options.port == tls_port && has_port && options.unix_path.empty())
    demand();
  if (auto problem = check(); !problem.empty())
    return problem;
  if (!has_port)
    options.port = is_on() ? tls_port : plain_port;
  if (!is_on())
    return {};
  if (auto problem = read_key(); !problem.empty())
    return problem;
  if (settings_.cafile.empty() && settings_.capath.empty() && psk_.empty())
    settings_.use_os_certificates = true;
  options.tls = settings_;
  return {};
}

} // namespace troupe::tools
