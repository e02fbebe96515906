#include "net/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace troupe::net {

namespace {

io_result failed() noexcept {
  using kind = io_result::kind;
  auto again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {again ? kind::would_block : kind::broken, 0};
}

io_result received(ssize_t count) noexcept {
  if (count > 0)
    return {io_result::kind::done, static_cast<size_t>(count)};
  if (count == 0)
    return {io_result::kind::end_of_stream, 0};
  return failed();
}

} // namespace

io_result socket::read(std::span<uint8_t> into) noexcept {
  return received(::recv(fd_, into.data(), into.size(), MSG_DONTWAIT));
}

io_result socket::write(std::span<const uint8_t> from) noexcept {
  auto count =
      ::send(fd_, from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0)
    return {io_result::kind::done, static_cast<size_t>(count)};
  return failed();
}

void socket::shutdown_write() noexcept {
  if (fd_ >= 0)
    ::shutdown(fd_, SHUT_WR);
}

void socket::close() noexcept {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

std::string socket::peer() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd_ < 0 || getpeername(fd_, generic, &size) != 0)
    return "unknown";
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    return std::string{text} + ':' + std::to_string(ntohs(v4->sin_port));
  }
  if (address.ss_family == AF_INET6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    return '[' + std::string{text}
           + "]:" + std::to_string(ntohs(v6->sin6_port));
  }
  return "unix";
}

} // namespace troupe::net
