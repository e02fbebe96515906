#include "config/draft.hpp"

namespace troupe::config {

namespace {

using complaint = std::optional<std::string>;

complaint check_certificate(const listener_settings& in) {
  if (in.certfile.empty() != in.keyfile.empty())
    return in.keyfile.empty() ? "certfile needs its private key; add keyfile"
                              : "keyfile needs its certificate; add certfile";
  if (!in.certfile.empty() && !in.psk_hint.empty())
    return "certfile and psk_hint exclude each other: a listener has a "
           "certificate or pre-shared keys; use two listeners";
  if (in.certfile.empty() && !in.certificates.empty())
    return "certificates needs one for clients that name no server; add "
           "certfile and keyfile";
  if (!in.psk_hint.empty() && in.psk_file.empty())
    return "psk_hint needs the keys; add psk_file";
  return std::nullopt;
}

complaint check_client_identity(const listener_settings& in) {
  if (in.require_certificate && in.certfile.empty())
    return "require_certificate needs TLS; add certfile and keyfile";
  if (in.require_certificate && in.cafile.empty() && in.capath.empty())
    return "require_certificate needs the CAs that clients' certificates are "
           "checked against; add cafile or capath";
  // Version 2 of the PROXY protocol tells the name that the proxy has checked.
  if (in.use_identity_as_username && !has_tls(in)
      && in.enable_proxy_protocol != 2)
    return "use_identity_as_username needs TLS; add certfile and keyfile, or "
           "psk_hint";
  if (in.use_subject_as_username && in.certfile.empty())
    return "use_subject_as_username needs TLS with certificates; add certfile "
           "and keyfile";
  return std::nullopt;
}

complaint check_transport(const listener_settings& in) {
  if (in.proxy_protocol_v2_require_tls && in.enable_proxy_protocol != 2)
    return "proxy_protocol_v2_require_tls needs enable_proxy_protocol 2; only "
           "that version tells whether a client spoke TLS";
  if (!in.path.empty() && !in.bind_interface.empty())
    return "a Unix socket has no bind_interface; remove it";
  if (in.path.empty() && in.socket_mode != 0)
    return "socket_mode belongs to a Unix socket; remove it";
  return std::nullopt;
}

/// What has no effect beside the other options.
void note_idle(const listener_settings& in, std::vector<std::string>& notes) {
  if (in.use_identity_as_username && in.use_subject_as_username)
    notes.push_back("use_subject_as_username: has no effect beside "
                    "use_identity_as_username");
  const std::pair<const char*, bool> given[] = {
      {"cafile", !in.cafile.empty()},
      {"capath", !in.capath.empty()},
      {"crlfile", !in.crlfile.empty()},
  };
  for (auto [name, is_given] : given)
    if (is_given && in.certfile.empty())
      notes.push_back(
          std::string{name}
          + ": has no effect: without certfile and keyfile no client "
            "certificate is asked for"
          + (has_tls(in) ? "" : ", and this listener does not encrypt"));
}

} // namespace

std::optional<std::string> check_listener(const listener_settings& in,
                                          std::vector<std::string>& notes) {
  note_idle(in, notes);
  if (auto wrong = check_certificate(in))
    return wrong;
  if (auto wrong = check_client_identity(in))
    return wrong;
  return check_transport(in);
}

} // namespace troupe::config
