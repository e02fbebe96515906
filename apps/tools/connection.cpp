#include "apps/tools/connection.hpp"

#include "apps/tools/dial.hpp"
#include "net/tls_layer.hpp"

#include <signal.h>

#include <chrono>
#include <span>
#include <utility>

namespace troupe::tools {
namespace {

using kind = net::io_result::kind;

constexpr size_t read_size = size_t{64} << 10;

} // namespace

connection::failure connection::open(const client_options& options,
                                     waiter& wait) {
  close();
  net::socket connected;
  auto problem = dial(options, wait, connected);
  stream_ = net::stream{std::move(connected)};
  if (!problem.empty() || !options.tls)
    return {problem, false};
  auto failed = begin_tls(options, wait);
  if (!failed.text.empty())
    close();
  return failed;
}

connection::failure connection::begin_tls(const client_options& options,
                                          waiter& wait) {
  // Files may have changed since the last time: read them each time.
  auto context = net::make_client_context(*options.tls);
  if (!context)
    return {"Error: Problem setting TLS options: " + context.error().text,
            false};
  // OpenSSL writes to the socket by itself.
  ::signal(SIGPIPE, SIG_IGN);
  auto host = options.unix_path.empty() ? options.host : "localhost";
  auto layer = net::tls_connect(*context, stream_.socket(), host);
  if (!layer)
    return {"Error: Problem setting TLS options: " + host
                + " is no name that a certificate could be for",
            false};
  stream_.add(std::move(layer));
  auto why = shake_hands(wait, clock::now()
                                   + std::chrono::seconds{options.keep_alive});
  if (!why.empty())
    return {"Error: A TLS error occurred: " + why, true};
  return {};
}

/// Returns why it failed, or nothing.
std::string connection::shake_hands(waiter& wait, time_point deadline) {
  while (!stream_.is_ready()) {
    auto what = stream_.write({}).what;
    if (stream_.is_ready())
      break;
    if (what != kind::would_block) {
      auto why = tls_error();
      return why.empty() ? "the broker closed the connection" : why;
    }
    auto events = stream_.has_output() ? POLLIN | POLLOUT : POLLIN;
    pollfd socket{stream_.fd(), static_cast<short>(events), 0};
    wait.wait({&socket, 1}, deadline);
    if (wait.stop_requested())
      return "interrupted";
    if (clock::now() >= deadline)
      return "the broker did not answer in time";
  }
  return {};
}

void connection::close() noexcept {
  stream_.close();
}

pollfd connection::interest(const client& owner) const noexcept {
  auto writes = !owner.output().empty() || stream_.has_output();
  return {stream_.fd(), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN),
          0};
}

bool connection::write(client& owner) {
  auto& output = owner.output();
  while (!output.empty()) {
    auto done = stream_.write(output.bytes());
    if (done.what != kind::done)
      return done.what == kind::would_block;
    output.consume(done.bytes);
    owner.on_written(clock::now());
  }
  return true;
}

connection::state connection::read(client& owner) {
  static uint8_t buffer[read_size];
  // What TLS holds already would not wake the next wait.
  do {
    auto got = stream_.read(buffer);
    if (got.what == kind::would_block)
      return state::open;
    if (got.what != kind::done)
      return state::lost;
    if (owner.feed({buffer, got.bytes}, clock::now()))
      return state::not_mqtt;
  } while (stream_.is_open() && stream_.has_input());
  return state::open;
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
    pollfd room{stream_.fd(), POLLOUT, 0};
    wait.wait({&room, 1}, deadline);
    if (!write(owner))
      return close();
  }
  stream_.shutdown_write();
  uint8_t ignored[4096];
  while (clock::now() < deadline) {
    pollfd more{stream_.fd(), POLLIN, 0};
    wait.wait({&more, 1}, deadline);
    if (more.revents == 0)
      continue;
    auto what = stream_.read(ignored).what;
    if (what != kind::done && what != kind::would_block)
      break;
  }
  close();
}

} // namespace troupe::tools
