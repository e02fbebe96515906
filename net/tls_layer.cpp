#include "net/tls_layer.hpp"

#include "net/openssl.hpp"
#include "net/tls_callbacks.hpp"
#include "net/tls_error.hpp"
#include "net/tls_identity.hpp"
#include "net/tls_review.hpp"

#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

namespace troupe::net {

namespace {

using kind = io_result::kind;

/// The most that one record takes; what is offered together is encrypted
/// together [RFC 8446, 5.1].
constexpr size_t record_size = 16384;

class tls_layer final : public layer {
public:
  tls_layer(std::shared_ptr<const tls_context> context, ssl_ptr ssl)
      : context_(std::move(context)), ssl_(std::move(ssl)),
        notes_(std::make_unique<handshake_notes>()) {
    SSL_set_app_data(ssl_.get(), notes_.get());
  }

  io_result read(socket&, std::span<uint8_t> into) noexcept override;
  io_result write(socket&, std::span<const uint8_t> from) noexcept override;
  bool has_input() const noexcept override { return has_input_; }
  bool has_output() const noexcept override { return has_output_; }
  bool is_ready() const noexcept override { return is_ready_; }
  void shutdown(socket&) noexcept override;
  const peer_identity* identity() const noexcept override {
    return identity_.get();
  }
  std::string objection(const tls_context& now) const override {
    return identity_ ? review_peer(*ssl_, *identity_, *context_, now)
                     : std::string{};
  }
  std::string_view error() const noexcept override { return error_; }

private:
  kind after(int outcome) noexcept;
  kind after_error() noexcept;
  kind after_system_error() noexcept;
  kind fail(std::string why) noexcept;
  bool finish_handshake();

  std::shared_ptr<const tls_context> context_;
  ssl_ptr ssl_;
  std::unique_ptr<handshake_notes> notes_; // until the handshake is done
  std::unique_ptr<peer_identity> identity_;
  std::string error_;
  bool has_input_ = false;
  bool has_output_ = false;
  bool is_ready_ = false;
  bool is_broken_ = false;
};

kind tls_layer::fail(std::string why) noexcept {
  error_ = std::move(why);
  is_broken_ = true;
  has_output_ = false;
  return kind::broken;
}

/// The handshake is over: remembers who the peer is and frees what only the
/// handshake needed. False: the peer is refused.
bool tls_layer::finish_handshake() {
  auto problem = check_resumed(*ssl_);
  if (!problem.empty()) {
    fail(std::move(problem));
    return false;
  }
  is_ready_ = true;
  identity_ = identify_peer(*ssl_, *notes_);
  SSL_set_app_data(ssl_.get(), nullptr);
  notes_.reset();
  // The kernel did not take over: now it does no harm, see the context.
  if (!BIO_get_ktls_recv(SSL_get_rbio(ssl_.get())))
    SSL_set_read_ahead(ssl_.get(), 1);
  return true;
}

/// What a call that ended with `outcome` comes to. `done` only if it moved
/// bytes.
kind tls_layer::after(int outcome) noexcept {
  auto error = SSL_get_error(ssl_.get(), outcome);
  has_output_ = error == SSL_ERROR_WANT_WRITE;
  try {
    if (!is_ready_ && SSL_is_init_finished(ssl_.get()) && !finish_handshake())
      return kind::broken;
    switch (error) {
    case SSL_ERROR_NONE:
      return kind::done;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return kind::would_block;
    case SSL_ERROR_ZERO_RETURN:
      return kind::end_of_stream;
    case SSL_ERROR_SYSCALL:
      return after_system_error();
    default:
      return after_error();
    }
  } catch (const std::exception& problem) {
    return fail({});
  }
}

kind tls_layer::after_system_error() noexcept {
  // The socket's fault: its reason is of no interest to anybody.
  return fail({});
}

kind tls_layer::after_error() noexcept {
  if (ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    auto why = explain_tls_error(*ssl_, is_ready_);
    auto about_key =
        notes_ ? explain_psk(*context_, *notes_, why.reason) : std::string{};
    return fail(std::move(about_key.empty() ? why.text : about_key));
  }
  ERR_clear_error();
  if (!is_ready_)
    return fail("the peer closed the connection in the middle of the TLS "
                "handshake");
  // Many clients leave like this. Nothing can be cut off unnoticed by it: MQTT
  // and WebSocket know where their packets end.
  fail({});
  return kind::end_of_stream;
}

io_result tls_layer::read(socket&, std::span<uint8_t> into) noexcept {
  if (is_broken_)
    return {kind::broken, 0};
  has_input_ = false;
  size_t given = 0;
  while (given < into.size()) {
    size_t count = 0;
    ERR_clear_error();
    auto what = after(SSL_read_ex(ssl_.get(), into.data() + given,
                                  into.size() - given, &count));
    given += count;
    if (what != kind::done) {
      // What came before the end is read first, and the end with the next
      // call: nothing else may ever come to wake the poller.
      has_input_ = given > 0 && what != kind::would_block;
      return given > 0 ? io_result{kind::done, given} : io_result{what, 0};
    }
    if (SSL_has_pending(ssl_.get()) == 0)
      return {kind::done, given};
  }
  has_input_ = SSL_has_pending(ssl_.get()) != 0;
  return {given > 0 ? kind::done : kind::would_block, given};
}

io_result tls_layer::write(socket&, std::span<const uint8_t> from) noexcept {
  if (is_broken_)
    return {kind::broken, 0};
  if (from.empty()) {
    ERR_clear_error();
    auto what = after(SSL_do_handshake(ssl_.get()));
    return {what, 0};
  }
  size_t taken = 0;
  while (taken < from.size()) {
    auto part = from.subspan(taken, std::min(from.size() - taken, record_size));
    size_t count = 0;
    ERR_clear_error();
    auto what =
        after(SSL_write_ex(ssl_.get(), part.data(), part.size(), &count));
    taken += count;
    if (what == kind::would_block && taken > 0)
      break;
    if (what != kind::done)
      return {what, 0};
  }
  return {kind::done, taken};
}

void tls_layer::shutdown(socket&) noexcept {
  if (is_broken_ || !is_ready_)
    return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

ssl_ptr make_ssl(const tls_context& context, const socket& connection) {
  ERR_clear_error();
  ssl_ptr ssl{SSL_new(context.handle())};
  if (ssl && SSL_set_fd(ssl.get(), connection.fd()) != 1)
    ssl.reset();
  return ssl;
}

bool is_address(const std::string& host) {
  std::array<uint8_t, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1
         || ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

/// Says whom the connection is for. Addresses are not sent [RFC 6066, 3].
bool name_server(SSL* ssl, const tls_settings& settings,
                 const std::string& host) {
  auto by_address = is_address(host);
  if (!by_address && !host.empty()
      && SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
    return false;
  if (settings.insecure || !settings.verify_peer)
    return true;
  if (by_address)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str())
           == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return !host.empty() && SSL_set1_host(ssl, host.c_str()) == 1;
}

} // namespace

std::unique_ptr<layer> tls_accept(std::shared_ptr<const tls_context> context,
                                  const socket& connection) noexcept {
  try {
    auto ssl = make_ssl(*context, connection);
    if (!ssl)
      return nullptr;
    SSL_set_accept_state(ssl.get());
    return std::make_unique<tls_layer>(std::move(context), std::move(ssl));
  } catch (const std::exception&) {
    return nullptr;
  }
}

std::unique_ptr<layer> tls_connect(std::shared_ptr<const tls_context> context,
                                   const socket& connection,
                                   const std::string& server_name) noexcept {
  try {
    auto ssl = make_ssl(*context, connection);
    if (!ssl || !name_server(ssl.get(), context->settings(), server_name))
      return nullptr;
    SSL_set_connect_state(ssl.get());
    return std::make_unique<tls_layer>(std::move(context), std::move(ssl));
  } catch (const std::exception&) {
    return nullptr;
  }
}

} // namespace troupe::net
