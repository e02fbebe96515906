#include "net/socket.hpp"

#include "net/address.hpp"

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

io_result receive(int fd, std::span<uint8_t> into, int flags) noexcept {
  auto count = ::recv(fd, into.data(), into.size(), flags);
  if (count > 0)
    return {io_result::kind::done, static_cast<size_t>(count)};
  if (count == 0)
    return {io_result::kind::end_of_stream, 0};
  return failed();
}

} // namespace

io_result socket::read(std::span<uint8_t> into) noexcept {
  return receive(fd_, into, MSG_DONTWAIT);
}

io_result socket::peek(std::span<uint8_t> into) noexcept {
  return receive(fd_, into, MSG_DONTWAIT | MSG_PEEK);
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
  if (auto tcp = to_endpoint(address))
    return endpoint_text(tcp->address, tcp->port);
  return "unix";
}

} // namespace troupe::net
