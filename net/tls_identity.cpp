#include "net/tls_identity.hpp"

#include "core/printable.hpp"
#include "net/tls_error.hpp"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

namespace troupe::net {

namespace {

/// The first common name, as Mosquitto has it. One with control characters or a
/// zero byte may be read as another name elsewhere: it counts as none.
std::string common_name_of(const X509_NAME* subject) {
  auto at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0)
    return {};
  const auto* entry = X509_NAME_get_entry(subject, at);
  unsigned char* text = nullptr;
  auto size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
  if (size < 0)
    return {};
  std::string name{reinterpret_cast<const char*>(text),
                   static_cast<size_t>(size)};
  OPENSSL_free(text);
  return is_printable(name) ? name : std::string{};
}

std::string subject_of(const X509_NAME* subject) {
  bio_ptr out{BIO_new(BIO_s_mem())};
  if (!out || X509_NAME_print_ex(out.get(), subject, 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* text = nullptr;
  auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

/// The identity of the key that this connection rests on. To have found a key
/// is not enough: with TLS 1.3 a handshake may go on without it.
std::string psk_identity_of(const SSL& ssl, const handshake_notes& notes) {
  if (!notes.psk_found)
    return {};
  if (SSL_version(&ssl) >= TLS1_3_VERSION)
    return SSL_session_reused(&ssl) == 1 ? notes.psk_identity : std::string{};
  const auto* used = SSL_get_psk_identity(&ssl);
  return used != nullptr ? used : std::string{};
}

/// How handshakes end whose keys differ, or are missing on one side.
constexpr std::array of_keys{
    SSL_R_PSK_IDENTITY_NOT_FOUND,
    SSL_R_BINDER_DOES_NOT_VERIFY,
    SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
    SSL_R_DIGEST_CHECK_FAILED,
    SSL_R_NO_SHARED_CIPHER,
    SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
    SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
    SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER,
    SSL_R_SSLV3_ALERT_BAD_RECORD_MAC,
    SSL_R_TLSV1_ALERT_DECRYPT_ERROR,
    SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY,
};

} // namespace

std::unique_ptr<peer_identity> identify_peer(const SSL& ssl,
                                             const handshake_notes& notes) {
  auto* certificate = SSL_get0_peer_certificate(&ssl);
  auto is_good = certificate != nullptr
                 && SSL_get_verify_mode(&ssl) != SSL_VERIFY_NONE
                 && SSL_get_verify_result(&ssl) == X509_V_OK;
  auto identity = psk_identity_of(ssl, notes);
  if (!is_good && identity.empty())
    return nullptr;
  auto result = std::make_unique<peer_identity>();
  if (!identity.empty())
    result->psk_stamp = notes.psk_stamp;
  result->psk_identity = std::move(identity);
  if (is_good) {
    const auto* subject = X509_get_subject_name(certificate);
    result->has_certificate = true;
    result->common_name = common_name_of(subject);
    result->subject = subject_of(subject);
  }
  return result;
}

std::string check_resumed(const SSL& ssl) {
  auto* certificate = SSL_get0_peer_certificate(&ssl);
  if (certificate == nullptr || SSL_session_reused(&ssl) != 1
      || SSL_get_verify_mode(&ssl) == SSL_VERIFY_NONE
      || SSL_get_verify_callback(&ssl) != nullptr)
    return {};
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0)
    return {};
  return explain_verification(X509_V_ERR_CERT_HAS_EXPIRED);
}

std::string explain_psk(const tls_context& context,
                        const handshake_notes& notes, int reason) {
  if (!context.uses_psk()
      || std::ranges::find(of_keys, reason) == of_keys.end())
    return {};
  if (!context.is_server())
    return notes.psk_found
               ? "the peer does not know our pre-shared key identity, or its "
                 "key is another one"
               : std::string{};
  const auto& identity = notes.psk_identity;
  // What a stranger sent goes into a log.
  auto name = is_printable(identity) ? '"' + identity + '"'
                                     : std::string{"that is not printable"};
  if (notes.psk_found)
    return "the peer's key for the identity " + name + " is wrong";
  if (!identity.empty())
    return "there is no pre-shared key for the identity " + name;
  return context.settings().certfile.empty()
             ? "the peer offers no pre-shared key"
             : std::string{};
}

} // namespace troupe::net
