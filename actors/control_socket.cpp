#include "actors/control_socket.hpp"

#include "core/log.hpp"
#include "net/listener.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <span>

namespace troupe::actors {

namespace {

constexpr size_t longest_line = 8192;
constexpr size_t most_clients = 16;

} // namespace

control_socket::~control_socket() {
  close();
}

std::string control_socket::open(const std::string& path) {
  auto opened = net::listen_unix(path);
  if (opened.sockets.empty())
    return opened.error;
  path_ = path;
  listener_ = std::move(opened.sockets.front());
  ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
  loop_.poller().change(listener_.fd(), this, net::interest::none,
                        net::interest::read);
  return {};
}

void control_socket::close() noexcept {
  for (auto& each : clients_)
    each->close();
  clients_.clear();
  if (!listener_.is_open())
    return;
  loop_.poller().forget(this);
  listener_.close();
  ::unlink(path_.c_str());
}

void control_socket::on_ready(bool, bool) noexcept {
  std::erase_if(clients_, [](const auto& each) { return !each->is_open(); });
  auto got = net::accept_from(listener_);
  if (got.what != net::accepted::kind::connection
      || clients_.size() == most_clients)
    return; // one too many is closed at once
  try {
    auto made = std::make_unique<client>(*this, std::move(got.connection));
    if (made->start())
      clients_.push_back(std::move(made));
  } catch (const std::exception& failed) {
    log::write(log::level::error, "Control socket: {}", failed.what());
  }
}

bool control_socket::client::start() {
  return owner_.loop_.poller().change(connection_.fd(), this,
                                      net::interest::none, net::interest::read);
}

void control_socket::client::close() noexcept {
  if (!connection_.is_open())
    return;
  owner_.loop_.poller().forget(this);
  connection_.close();
}

void control_socket::client::on_ready(bool, bool) noexcept {
  try {
    read();
  } catch (const std::exception& failed) {
    log::write(log::level::error, "Control socket: {}", failed.what());
    close();
  }
}

void control_socket::client::read() {
  std::array<uint8_t, 1024> bytes;
  auto got = connection_.read(bytes);
  if (got.what == net::io_result::kind::would_block)
    return;
  if (got.what != net::io_result::kind::done) {
    close();
    return;
  }
  line_.append(reinterpret_cast<const char*>(bytes.data()), got.bytes);
  auto end = line_.find('\n');
  if (end == line_.npos && line_.size() < longest_line)
    return;
  auto answer = end == line_.npos ? std::string{"error: the line is too long"}
                                  : owner_.answer_({line_.data(), end});
  answer += '\n';
  // A socket that was just opened has room for a line.
  connection_.write(
      {reinterpret_cast<const uint8_t*>(answer.data()), answer.size()});
  close();
}

} // namespace troupe::actors
