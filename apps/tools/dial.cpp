#include "apps/tools/dial.hpp"

#include "net/connector.hpp"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace troupe::tools {
namespace {

using candidates = std::vector<net::endpoint_candidate>;

constexpr const char* lookup_failed = "Unable to connect (Lookup error.).";

/// Connects to one place and waits for the outcome: empty or the reason.
std::string connect_and_wait(const net::endpoint_candidate& to,
                             const client_options& options, waiter& wait,
                             net::socket& connection) {
  net::connect_options how;
  how.tcp_nodelay = options.tcp_nodelay;
  auto begun = net::begin_connect(to, how);
  if (!begun)
    return begun.error().text;
  pollfd done{begun->fd(), POLLOUT, 0};
  do {
    wait.wait({&done, 1}, never);
    if (wait.stop_requested())
      return std::strerror(EINTR);
  } while (done.revents == 0);
  auto why = net::finish_connect(*begun);
  if (why.empty())
    connection = std::move(*begun);
  return why;
}

/// Tries one place after the other: empty or the reason of the last one.
std::string connect_to_any(const candidates& places,
                           const client_options& options, waiter& wait,
                           net::socket& connection) {
  std::string why;
  for (const auto& each : places) {
    why = connect_and_wait(each, options, wait, connection);
    if (why.empty() || wait.stop_requested())
      break;
  }
  return why.empty() ? why : "Error: " + why;
}

} // namespace

std::string dial(const client_options& options, waiter& wait,
                 net::socket& connection) {
  if (!options.unix_path.empty()) {
    auto place = net::unix_candidate(options.unix_path);
    if (!place)
      return "Error: " + place.error().text;
    return connect_to_any({*place}, options, wait, connection);
  }
  auto places = net::resolve(options.host, options.port, options.bind_address);
  if (!places)
    return lookup_failed;
  return connect_to_any(*places, options, wait, connection);
}

} // namespace troupe::tools
