#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace troupe::net {

/// How a read or write went.
struct io_result {
  enum class kind : uint8_t {
    /// `bytes` were moved.
    done,
    /// Nothing now: poll and try again.
    would_block,
    /// The peer closed its side (reads only).
    end_of_stream,
    /// The connection is broken.
    broken,
  };
  kind what = kind::done;
  size_t bytes = 0;
};

/// Owns the file descriptor of a non-blocking stream socket.
class socket {
public:
  socket() noexcept = default;
  explicit socket(int fd) noexcept : fd_(fd) {}
  socket(socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  socket& operator=(socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~socket() { close(); }

  int fd() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }

  io_result read(std::span<uint8_t> into) noexcept;
  /// Reads without taking: the next read gives the same bytes.
  io_result peek(std::span<uint8_t> into) noexcept;
  io_result write(std::span<const uint8_t> from) noexcept;
  /// Tells the peer that nothing more will be sent.
  void shutdown_write() noexcept;
  void close() noexcept;

  /// "192.0.2.1:40000", "[2001:db8::1]:40000" or "unix", for logs.
  std::string peer() const;

private:
  int fd_ = -1;
};

} // namespace troupe::net
