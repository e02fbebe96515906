// libFuzzer target for the path among the properties of a message. Whatever the
// bytes: no read past their end (the sanitizers see to that), and what is kept
// is a path, ends with this node and has not passed it before. The first byte
// says whether they come from a peer, the second whether they are one path.
#include "broker/message_path.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

using namespace troupe;
using namespace troupe::broker;

namespace {

constexpr node_id here = 0xabc;

void require(bool condition) {
  if (!condition)
    std::abort();
}

/// As a user property.
std::string as_path(std::string_view value) {
  std::string result{'\x26', '\0', static_cast<char>(path_property.size())};
  result += path_property;
  result += static_cast<char>(value.size() >> 8);
  result += static_cast<char>(value.size());
  return result.append(value);
}

void check_arrived(const protocol::message& from, std::string_view given,
                   const arrival& what, bool is_peer) {
  require(from.forwarded_properties.size() <= given.size());
  require(is_peer || (what.path.empty() && !what.is_loop));
  if (what.path.empty())
    return;
  require(!what.is_loop && what.path.size() <= most_path_bytes);
  auto path = message_path::parse(what.path);
  require(path && path->passed(here) && path->nodes() <= most_path_nodes);
  require(what.path.ends_with(" " + to_text(here)));
  // Its origin is written in one way only.
  require(what.path.starts_with(to_string(path->origin()) + " "));
}

void check_none_left(protocol::message& from) {
  auto before = std::string{from.forwarded_properties};
  require(take_path(from).empty() && from.forwarded_properties == before);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2)
    return 0;
  auto is_peer = (data[0] & 1) != 0;
  std::string bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  auto given = (data[1] & 1) != 0 ? as_path(bytes) : bytes;
  protocol::message from;
  from.forwarded_properties = given;
  auto what = arrive(from, is_peer, here);
  check_arrived(from, given, what, is_peer);
  check_none_left(from);
  if (what.path.empty())
    return 0;
  auto sent_on = as_path(what.path);
  protocol::message back;
  back.forwarded_properties = sent_on;
  require(arrive(back, true, here).is_loop);
  return 0;
}
