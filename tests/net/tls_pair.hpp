#pragma once

#include "certificates.hpp"
#include "net/tls_layer.hpp"
#include "pairs.hpp"

#include <caf/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::net {

inline std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// One end of a connection as whoever uses a layer sees it.
struct tls_end {
  socket connection;
  std::unique_ptr<layer> tls;
  std::string received;
  io_result::kind last = io_result::kind::would_block;

  /// Reads once; keeps what came.
  io_result::kind step(size_t room = 16384) {
    std::vector<uint8_t> into(room);
    auto got = tls->read(connection, into);
    received.append(into.begin(),
                    into.begin() + static_cast<ptrdiff_t>(got.bytes));
    return last = got.what;
  }
  bool is_over() const {
    return last == io_result::kind::broken
           || last == io_result::kind::end_of_stream;
  }
  io_result say(std::string_view text) {
    return tls->write(connection, as_bytes(text));
  }
  std::string error() const { return std::string{tls->error()}; }
};

/// A server and a client of TLS that talk over a pair of sockets.
struct tls_pair {
  tls_end server;
  tls_end client;

  /// Both in turns until nothing moves any more.
  void talk(int turns = 20) {
    for (int i = 0; i < turns; ++i) {
      if (!client.is_over())
        client.step();
      if (!server.is_over())
        server.step();
    }
  }
  bool stands() const {
    return server.tls->is_ready() && client.tls->is_ready() && !server.is_over()
           && !client.is_over();
  }
};

using context_ptr = std::shared_ptr<const tls_context>;

/// What was made, or the end of the test with what is wrong.
inline context_ptr must(const checked<context_ptr>& made) {
  if (!made)
    CAF_FAIL(made.error().text);
  return *made;
}

inline tls_pair connect_pair(const context_ptr& server,
                             const context_ptr& client,
                             const std::string& name = "localhost",
                             bool small = false) {
  tls_pair result;
  std::tie(result.server.connection, result.client.connection) =
      make_pair(small);
  result.server.tls = tls_accept(server, result.server.connection);
  result.client.tls = tls_connect(client, result.client.connection, name);
  CAF_REQUIRE(result.server.tls != nullptr);
  CAF_REQUIRE(result.client.tls != nullptr);
  return result;
}

/// Certificates and settings that go well together, for tests to spoil.
struct tls_fixture {
  tls_fixture() {
    // OpenSSL writes to sockets as anybody does, see `tls_accept`.
    std::signal(SIGPIPE, SIG_IGN);
    files.make("server", {.common_name = "localhost",
                          .alternative_names = "DNS:localhost,IP:127.0.0.1"});
    files.make("client",
               {.common_name = "sensor 7", .extended_usage = "clientAuth"});
    server.certfile = files.path("server.crt");
    server.keyfile = files.path("server.key");
    client.cafile = files.path("ca.crt");
    client.alpn.clear();
  }

  tls_pair open(const std::string& name = "localhost") {
    return connect_pair(must(make_server_context(server)),
                        must(make_client_context(client)), name);
  }
  tls_pair talk(const std::string& name = "localhost") {
    auto pair = open(name);
    pair.talk();
    return pair;
  }
  void require_certificate() {
    server.require_certificate = true;
    server.cafile = files.path("ca.crt");
  }
  void show(const std::string& name) {
    client.certfile = files.path(name + ".crt");
    client.keyfile = files.path(name + ".key");
  }
  void use_psk(const std::string& identity, const std::string& key) {
    client.cafile.clear();
    client.psk_identity = identity;
    client.psk_key.assign(key.begin(), key.end());
  }

  certificate_folder files;
  tls_settings server;
  tls_settings client;
};

} // namespace troupe::net
