#pragma once

#include "actors/loop.hpp"
#include "core/byte_buffer.hpp"
#include "net/poller.hpp"
#include "net/socket.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// A unix socket in the directory of the database through which `troupe store`
/// asks a running broker: one line, one line back. Belongs to one loop.
class control_socket final : public net::poll_target {
public:
  /// Its name in `persistence_location`.
  static constexpr const char* file_name = "troupe.control";

  /// Answers a line, without its end, with a line.
  using handler = std::function<std::string(std::string_view line)>;

  control_socket(loop& home, handler answer)
      : loop_(home), answer_(std::move(answer)) {}
  /// Removes the file.
  ~control_socket();
  control_socket(const control_socket&) = delete;
  control_socket& operator=(const control_socket&) = delete;

  /// Empty, or what went wrong. REQUIRES: on the loop, or it does not run yet.
  std::string open(const std::string& path);
  void close() noexcept;

  void on_ready(bool readable, bool writable) noexcept override;

private:
  /// One connection, until it has its answer.
  class client final : public net::poll_target {
  public:
    client(control_socket& owner, net::socket connection)
        : owner_(owner), connection_(std::move(connection)) {}
    bool start();
    void close() noexcept;
    bool is_open() const noexcept { return connection_.is_open(); }
    void on_ready(bool readable, bool writable) noexcept override;

  private:
    void read();

    control_socket& owner_;
    net::socket connection_;
    std::string line_;
  };

  loop& loop_;
  handler answer_;
  std::string path_;
  net::socket listener_;
  std::vector<std::unique_ptr<client>> clients_;
};

} // namespace troupe::actors
