#include "apps/store/control.hpp"

#include "apps/store/interrupt.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace troupe::store_tool {

namespace {

constexpr size_t longest_answer = 4096;

class socket_handle {
public:
  explicit socket_handle(int descriptor) noexcept : descriptor_(descriptor) {}
  socket_handle(const socket_handle&) = delete;
  socket_handle& operator=(const socket_handle&) = delete;
  ~socket_handle() {
    if (descriptor_ >= 0)
      close(descriptor_);
  }
  int get() const noexcept { return descriptor_; }

private:
  int descriptor_;
};

/// No broker can listen at a path that is too long for an address.
struct unix_address {
  explicit unix_address(const std::string& path) : value{} {
    value.sun_family = AF_UNIX;
    fits = path.size() < sizeof value.sun_path;
    if (fits)
      std::memcpy(value.sun_path, path.c_str(), path.size() + 1);
  }
  sockaddr_un value;
  bool fits = false;
};

/// 0, or the error.
int connect_to(int descriptor, const std::string& path) {
  unix_address address{path};
  if (!address.fits)
    return ENAMETOOLONG;
  const auto* where = reinterpret_cast<const sockaddr*>(&address.value);
  return connect(descriptor, where, sizeof address.value) == 0 ? 0 : errno;
}

bool means_nobody(int error) noexcept {
  return error == ENOENT || error == ENOTDIR || error == ECONNREFUSED
         || error == ENAMETOOLONG;
}

control_answer failure(const char* what, int error) {
  return {control_answer::kind::failed,
          std::string{what} + ": " + std::strerror(error)};
}

bool send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    auto sent = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR)
      return false;
    if (sent > 0)
      text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

control_answer understand(std::string_view line) {
  constexpr std::string_view error = "error: ";
  if (line == "ok")
    return {control_answer::kind::ok, {}};
  if (line.starts_with(error))
    line.remove_prefix(error.size());
  if (line.empty())
    line = "the broker gave no answer";
  return {control_answer::kind::failed, std::string{line}};
}

control_answer receive(int descriptor) {
  std::string got;
  char buffer[512];
  while (got.find('\n') == std::string::npos && got.size() < longest_answer) {
    auto count = recv(descriptor, buffer, sizeof buffer, 0);
    if (count == 0)
      break;
    if (count > 0)
      got.append(buffer, static_cast<size_t>(count));
    else if (interrupt::signal() != 0)
      return {control_answer::kind::interrupted, {}};
    else if (errno != EINTR)
      return failure("cannot hear the broker", errno);
  }
  return understand(std::string_view{got}.substr(0, got.find('\n')));
}

} // namespace

bool control_client::is_answered(const std::string& socket_path) {
  socket_handle handle{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return handle.get() >= 0
         && !means_nobody(connect_to(handle.get(), socket_path));
}

control_answer control_client::ask(const std::string& socket_path,
                                   const std::string& line) {
  socket_handle handle{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (handle.get() < 0)
    return failure("no socket", errno);
  if (auto error = connect_to(handle.get(), socket_path); error != 0)
    return means_nobody(error)
               ? control_answer{control_answer::kind::no_broker, {}}
               : failure("cannot reach the broker", error);
  if (!send_all(handle.get(), line + "\n"))
    return failure("cannot ask the broker", errno);
  return receive(handle.get());
}

} // namespace troupe::store_tool
