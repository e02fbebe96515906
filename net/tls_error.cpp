#include "net/tls_error.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace troupe::net {

namespace {

struct meaning {
  long code;
  std::string_view text;
};

constexpr std::string_view no_tls = "the peer does not speak TLS";
constexpr std::string_view wrong_key =
    "the pre-shared keys of both sides differ";

/// What our side found. Before a handshake is done most of them come from
/// bytes that are no TLS at all.
constexpr std::array ours{
    meaning{SSL_R_HTTP_REQUEST, "the peer sent an HTTP request, not TLS"},
    meaning{SSL_R_HTTPS_PROXY_REQUEST,
            "the peer sent an HTTP request, not TLS"},
    meaning{SSL_R_WRONG_VERSION_NUMBER, no_tls},
    meaning{SSL_R_UNKNOWN_PROTOCOL, no_tls},
    meaning{SSL_R_PACKET_LENGTH_TOO_LONG, no_tls},
    meaning{SSL_R_RECORD_TOO_SMALL, no_tls},
    meaning{SSL_R_BAD_RECORD_TYPE, no_tls},
    meaning{SSL_R_UNSUPPORTED_PROTOCOL,
            "no version of TLS in common with the peer"},
    meaning{SSL_R_VERSION_TOO_LOW, "no version of TLS in common with the peer"},
    meaning{SSL_R_NO_SHARED_CIPHER,
            "no shared cipher: the peer offers none that is allowed here"},
    meaning{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
            "no shared cipher: the peer cannot check the kind of certificate "
            "that is used here"},
    meaning{SSL_R_NO_SUITABLE_KEY_SHARE,
            "no shared way to agree on a key with the peer"},
    meaning{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
            "the peer showed no certificate, and one is required"},
    meaning{SSL_R_NO_APPLICATION_PROTOCOL,
            "the peer offers only other protocols (ALPN)"},
    meaning{SSL_R_PSK_IDENTITY_NOT_FOUND,
            "the peer's pre-shared key identity is unknown"},
    meaning{SSL_R_BINDER_DOES_NOT_VERIFY, wrong_key},
    meaning{SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
            "the peer's TLS is too old to be safe (no RFC 5746)"},
    meaning{SSL_R_DH_KEY_TOO_SMALL, "the peer's key is too short to be safe"},
    meaning{SSL_R_EE_KEY_TOO_SMALL, "the peer's key is too short to be safe"},
    meaning{SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
            "a record was changed on its way, or the keys of both sides "
            "differ"},
    meaning{SSL_R_DIGEST_CHECK_FAILED, wrong_key},
};

/// Alerts that the peer sent [RFC 8446, 6.2].
constexpr std::array alerts{
    meaning{SSL_R_TLSV1_ALERT_UNKNOWN_CA,
            "the peer does not know the authority of our certificate (unknown "
            "CA)"},
    meaning{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
            "the peer says that our certificate has expired"},
    meaning{SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
            "the peer says that our certificate was revoked"},
    meaning{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
            "the peer refused our certificate"},
    meaning{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
            "the peer refused our certificate"},
    meaning{SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
            "the peer refused our certificate: it is not of the right kind"},
    meaning{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
            "the peer requires a certificate"},
    meaning{SSL_R_TLSV1_ALERT_ACCESS_DENIED, "the peer denied access"},
    meaning{SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
            "the peer found no cipher in common, or requires a certificate"},
    meaning{SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY,
            "the peer wants stronger ciphers"},
    meaning{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
            "no version of TLS in common with the peer"},
    meaning{SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL,
            "the peer speaks none of the protocols offered (ALPN)"},
    meaning{SSL_R_TLSV1_UNRECOGNIZED_NAME,
            "the peer does not know the host name asked for"},
    meaning{SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY,
            "the peer does not know our pre-shared key identity"},
    meaning{SSL_R_TLSV1_ALERT_DECRYPT_ERROR,
            "the peer could not decrypt what was sent; pre-shared keys may "
            "differ"},
    meaning{SSL_R_SSLV3_ALERT_BAD_RECORD_MAC,
            "the peer could not decrypt what was sent; pre-shared keys may "
            "differ"},
    meaning{SSL_R_TLSV1_ALERT_USER_CANCELLED, "the peer gave up"},
    meaning{SSL_R_TLSV1_ALERT_INTERNAL_ERROR,
            "the peer has a problem of its own (internal error)"},
};

constexpr std::array verifications{
    meaning{X509_V_ERR_CERT_HAS_EXPIRED, "it has expired"},
    meaning{X509_V_ERR_CERT_NOT_YET_VALID, "it is not valid yet"},
    meaning{X509_V_ERR_CERT_REVOKED, "it was revoked"},
    meaning{X509_V_ERR_HOSTNAME_MISMATCH, "it was made for another host"},
    meaning{X509_V_ERR_IP_ADDRESS_MISMATCH, "it was made for another address"},
    meaning{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            "it is self-signed (unknown CA)"},
    meaning{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            "its authority is not trusted (unknown CA)"},
    meaning{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            "its authority is not known (unknown CA)"},
    meaning{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            "its authority is not known (unknown CA)"},
    meaning{X509_V_ERR_UNABLE_TO_GET_CRL,
            "there is no revocation list of its authority"},
    meaning{X509_V_ERR_CRL_HAS_EXPIRED,
            "the revocation list of its authority is out of date"},
    meaning{X509_V_ERR_INVALID_PURPOSE, "it was made for another purpose"},
    meaning{X509_V_ERR_CERT_SIGNATURE_FAILURE, "its signature is wrong"},
};

template <size_t Size>
std::string_view find(const std::array<meaning, Size>& table, long code) {
  auto found = std::ranges::find(table, code, &meaning::code);
  return found != table.end() ? found->text : std::string_view{};
}

std::string explain(unsigned long code, const SSL& ssl, bool is_ready) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL)
    return {};
  auto reason = ERR_GET_REASON(code);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return explain_verification(SSL_get_verify_result(&ssl));
  auto text = find(ours, reason);
  if (is_ready && text == no_tls)
    return "the peer sent something that is no record of TLS";
  if (!text.empty())
    return std::string{text};
  return std::string{find(alerts, reason)};
}

} // namespace

std::string explain_verification(long verify_result) {
  auto text = find(verifications, verify_result);
  return "the certificate of the peer is refused: "
         + std::string{text.empty()
                           ? X509_verify_cert_error_string(verify_result)
                           : text};
}

tls_error explain_tls_error(const SSL& ssl, bool is_ready) {
  tls_error result;
  std::string_view said_first;
  while (auto code = ERR_get_error()) {
    if (result.text.empty())
      result.text = explain(code, ssl, is_ready);
    if (result.reason == 0 && ERR_GET_LIB(code) == ERR_LIB_SSL)
      result.reason = ERR_GET_REASON(code);
    if (const auto* said = ERR_reason_error_string(code);
        said != nullptr && said_first.empty())
      said_first = said;
  }
  if (result.text.empty())
    result.text =
        "TLS failed: "
        + std::string{said_first.empty() ? "no reason given" : said_first};
  return result;
}

} // namespace troupe::net
