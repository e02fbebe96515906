#pragma once

#include "net/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::net {

class tls_context;

/// What a secure layer knows of its peer once its handshake is done.
struct peer_identity {
  /// Whether the peer showed a certificate that was checked and found good.
  bool has_certificate = false;
  /// Common name of that certificate; empty: it has none.
  std::string common_name;
  /// Its whole subject as RFC 2253 writes it.
  std::string subject;
  /// The identity of the pre-shared key in use; empty: none is.
  std::string psk_identity;
  /// Another value for another key.
  size_t psk_stamp = 0;
};

/// Stands between a socket and whoever reads and writes MQTT: TLS, WebSocket
/// frames. It does its handshake by itself within `read` and `write`. A layer
/// may own another one below it.
class layer {
public:
  virtual ~layer() = default;

  /// Reads what the peer wrote, without what the layer adds. `would_block` also
  /// when bytes came that were the layer's own.
  virtual io_result read(socket& from, std::span<uint8_t> into) noexcept = 0;
  /// Writes some of `from`. After `would_block` or a short write the next call
  /// must offer all the bytes again that were not taken, and may add some. With
  /// no bytes it only goes on with what the layer itself has to write.
  virtual io_result write(socket& to,
                          std::span<const uint8_t> from) noexcept = 0;
  /// Whether bytes were taken from the socket that `read` has not given yet:
  /// then polling the socket does not tell of them.
  virtual bool has_input() const noexcept = 0;
  /// Whether the layer itself has something to write that the socket did not
  /// take: poll for writing and call `read` or `write` again.
  virtual bool has_output() const noexcept = 0;
  /// Whether the peer's side of the handshake is done. Before that `write`
  /// takes nothing, so poll for writing only if `has_output`; `read` goes on
  /// with it.
  virtual bool is_ready() const noexcept { return true; }
  /// Says farewell, as far as the socket takes it at once.
  virtual void shutdown(socket& to) noexcept = 0;
  /// What the layer knows of the peer; null: nothing, or not yet.
  virtual const peer_identity* identity() const noexcept = 0;
  /// Why the peer, who was let in, would not be under `now`: its certificate
  /// has been revoked, say, or its key is gone. Empty: it would, or shows
  /// nothing. Computes signatures.
  virtual std::string objection(const tls_context& now) const {
    static_cast<void>(now);
    return {};
  }
  /// Why `read` or `write` said `broken`, for a log; empty: the socket's fault.
  virtual std::string_view error() const noexcept = 0;
};

/// One client's byte stream: a socket, with layers above it where its listener
/// has them. Without any it costs one comparison per call.
class stream {
public:
  stream() noexcept = default;
  explicit stream(net::socket connection,
                  std::unique_ptr<layer> above = nullptr) noexcept
      : socket_(std::move(connection)), layer_(std::move(above)) {}

  int fd() const noexcept { return socket_.fd(); }
  /// What is below all layers, to make one for it.
  const net::socket& socket() const noexcept { return socket_; }
  /// Puts a layer above the socket. REQUIRES: there is none.
  void add(std::unique_ptr<layer> above) noexcept { layer_ = std::move(above); }
  bool is_open() const noexcept { return socket_.is_open(); }
  net::socket& below() noexcept { return socket_; }
  /// From here on bytes pass through `above`. REQUIRES: there is no layer yet.
  void set_layer(std::unique_ptr<layer> above) noexcept {
    layer_ = std::move(above);
  }

  io_result read(std::span<uint8_t> into) noexcept {
    return layer_ ? layer_->read(socket_, into) : socket_.read(into);
  }
  io_result write(std::span<const uint8_t> from) noexcept {
    return layer_ ? layer_->write(socket_, from) : socket_.write(from);
  }
  bool has_input() const noexcept { return layer_ && layer_->has_input(); }
  bool has_output() const noexcept { return layer_ && layer_->has_output(); }
  bool is_ready() const noexcept { return !layer_ || layer_->is_ready(); }
  /// Lets the layers say farewell: to a peer above TLS an end without it is an
  /// error [RFC 8446, 6.1].
  void take_leave() noexcept;
  /// Tells the peer that nothing more will be sent.
  void shutdown_write() noexcept;
  /// Closes without a word.
  void close() noexcept;

  const peer_identity* identity() const noexcept {
    return layer_ ? layer_->identity() : nullptr;
  }
  std::string objection(const tls_context& now) const {
    return layer_ ? layer_->objection(now) : std::string{};
  }
  std::string_view error() const noexcept {
    return layer_ ? layer_->error() : std::string_view{};
  }

  /// Who is at the other end, for logs; see `socket::peer`.
  std::string peer() const;
  /// The same without the port, as of `getnameinfo`; "unix" for unix sockets.
  std::string address() const;
  /// What a trusted proxy said who the peer is.
  void set_peer(std::string name);

private:
  net::socket socket_;
  std::unique_ptr<layer> layer_;
  std::unique_ptr<std::string> peer_; // null: ask the socket
};

} // namespace troupe::net
