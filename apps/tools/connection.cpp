#include "apps/tools/connection.hpp"

#include "apps/tools/dial.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <span>

namespace troupe::tools {
namespace {

constexpr size_t read_size = size_t{64} << 10;

bool would_block() noexcept {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

} // namespace

std::string connection::open(const client_options& options, waiter& wait) {
  close();
  return dial(options, wait, socket_);
}

void connection::close() noexcept {
  if (socket_ >= 0)
    ::close(socket_);
  socket_ = -1;
}

pollfd connection::interest(const client& owner) const noexcept {
  auto events = owner.output().empty() ? POLLIN : POLLIN | POLLOUT;
  return {socket_, static_cast<short>(events), 0};
}

bool connection::write(client& owner) {
  auto& output = owner.output();
  while (!output.empty()) {
    auto count = ::send(socket_, output.data(), output.size(), MSG_NOSIGNAL);
    if (count < 0)
      return would_block();
    output.consume(static_cast<size_t>(count));
    owner.on_written(clock::now());
  }
  return true;
}

connection::state connection::read(client& owner) {
  static uint8_t buffer[read_size];
  auto count = ::recv(socket_, buffer, sizeof buffer, 0);
  if (count < 0)
    return would_block() ? state::open : state::lost;
  if (count == 0)
    return state::lost;
  auto problem = owner.feed({buffer, static_cast<size_t>(count)}, clock::now());
  return problem ? state::not_mqtt : state::open;
}

connection::state connection::serve(const pollfd& ready, client& owner) {
  // What the broker said last counts even if it has closed since.
  auto result = state::open;
  if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
    result = read(owner);
  if (result == state::open && !write(owner))
    result = state::lost;
  return result;
}

void connection::finish(client& owner, waiter& wait) {
  using namespace std::chrono_literals;
  auto deadline = clock::now() + 1s;
  while (!owner.output().empty() && clock::now() < deadline) {
    pollfd room{socket_, POLLOUT, 0};
    wait.wait({&room, 1}, deadline);
    if (!write(owner))
      return close();
  }
  ::shutdown(socket_, SHUT_WR);
  char ignored[4096];
  while (clock::now() < deadline) {
    pollfd more{socket_, POLLIN, 0};
    wait.wait({&more, 1}, deadline);
    if (more.revents == 0)
      continue;
    auto count = ::recv(socket_, ignored, sizeof ignored, 0);
    if (count == 0 || (count < 0 && !would_block()))
      break;
  }
  close();
}

} // namespace troupe::tools
