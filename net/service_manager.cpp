#include "net/service_manager.hpp"

#include "net/environment.hpp"
#include "net/socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace troupe::net {

service_manager service_manager::from_environment(pid_t self) {
  service_manager result{take_variable("NOTIFY_SOCKET")};
  auto interval = parse_number<int64_t>(take_variable("WATCHDOG_USEC"));
  auto process = take_variable("WATCHDOG_PID");
  auto is_ours = process.empty() || parse_number<pid_t>(process) == self;
  if (interval && *interval > 0 && is_ours)
    result.watchdog_ = std::chrono::microseconds{*interval};
  return result;
}

void service_manager::ready() const noexcept {
  send("READY=1");
}

void service_manager::reloading(
    std::chrono::steady_clock::time_point now) const noexcept {
  using namespace std::chrono;
  constexpr std::string_view start = "RELOADING=1\nMONOTONIC_USEC=";
  std::array<char, 64> text;
  auto* digits = std::copy(start.begin(), start.end(), text.begin());
  auto count = duration_cast<microseconds>(now.time_since_epoch()).count();
  auto* end = std::to_chars(digits, text.data() + text.size(), count).ptr;
  send({text.data(), static_cast<size_t>(end - text.data())});
}

void service_manager::stopping() const noexcept {
  send("STOPPING=1");
}

void service_manager::alive() const noexcept {
  send("WATCHDOG=1");
}

void service_manager::status(std::string_view text) const noexcept {
  constexpr std::string_view start = "STATUS=";
  std::array<char, 256> message;
  text =
      text.substr(0, std::min(text.find('\n'), message.size() - start.size()));
  auto* end = std::copy(start.begin(), start.end(), message.begin());
  end = std::copy(text.begin(), text.end(), end);
  send({message.data(), static_cast<size_t>(end - message.data())});
}

/// Nothing can be done about a failure, and a broker that cannot tell is still
/// one.
void service_manager::send(std::string_view message) const noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (address_.empty() || address_.size() >= sizeof(address.sun_path)
      || (address_[0] != '/' && address_[0] != '@'))
    return;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  if (address_[0] == '@') // an abstract socket's name begins with a zero
    address.sun_path[0] = '\0';
  socket out{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto size = offsetof(sockaddr_un, sun_path) + address_.size();
  if (out.is_open())
    ::sendto(out.fd(), message.data(), message.size(),
             MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(size));
}

} // namespace troupe::net
