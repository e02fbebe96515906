#include "apps/tools/tool.hpp"

#include "apps/tools/exit_status.hpp"
#include "apps/tools/packet_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;

void show_packet(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

} // namespace

tool::tool(const client_options& options, bool stop_on_signals)
    : waiter_(stop_on_signals), client_(options, *this), options_(options) {
  if (options.debug)
    client_.trace_to(show_packet);
}

void tool::report(std::string_view line) const {
  if (!options_.quiet)
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

void tool::on_refused(uint8_t code) {
  report(std::string{"Connection error: "}
         + std::string{refusal_text(code, options_.version)});
  if (options_.version == protocol::version::v5
      && code
             == static_cast<uint8_t>(
                 protocol::reason::unsupported_protocol_version))
    report("The broker may not know MQTT 5.0: try -V 311.");
  status_ = code;
}

void tool::on_disconnected(protocol::reason) {
  // The broker has closed; the answer is up to who waits for what.
  connection_.close();
}

bool tool::connect() {
  auto problem = connection_.open(options_, waiter_);
  if (!problem.text.empty()) {
    report(problem.text);
    status_ = problem.is_tls ? tls_failed : failed;
    return false;
  }
  client_.start(clock::now());
  return true;
}

bool tool::reconnect(time_point deadline) {
  while (true) {
    auto again = clock::now() + 1s;
    while (clock::now() < again) {
      if (waiter_.stop_requested() || clock::now() >= deadline)
        return false;
      waiter_.wait({}, std::min(again, deadline));
    }
    if (connection_.open(options_, waiter_).text.empty()) {
      client_.start(clock::now());
      return true;
    }
  }
}

connection::state tool::serve(const pollfd& ready) {
  auto result = connection_.serve(ready, client_);
  was_connected_ = was_connected_ || client_.is_connected();
  if (status_)
    return connection::state::open;
  if (result == connection::state::not_mqtt) {
    report("Error: A network protocol error occurred when communicating with "
           "the broker.");
    status_ = protocol_violated;
  } else if (auto why = connection_.tls_error();
             result == connection::state::lost && !was_connected_
             && !why.empty()) {
    // With TLS 1.3 a broker says only now that it wants another certificate.
    report("Error: A TLS error occurred: " + why);
    status_ = tls_failed;
    result = connection::state::open;
  } else if (result == connection::state::open
             && !client_.on_timer(clock::now())) {
    result = connection::state::lost;
  }
  return result;
}

void tool::leave(int status, protocol::reason reason) {
  if (client_.is_connected() && connection_.is_open()) {
    client_.disconnect(reason);
    connection_.finish(client_, waiter_);
  }
  status_ = status;
}

} // namespace troupe::tools
