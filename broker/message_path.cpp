#include "broker/message_path.hpp"

#include "protocol/property.hpp"
#include "protocol/reader.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

namespace troupe::broker {

namespace {

constexpr size_t id_digits = 16;

/// Takes a number in lower case hexadecimal without leading zeros off the front
/// of `text`, or one of exactly `digits`. False: there is none.
template <class T>
bool take_number(std::string_view& text, T& to, size_t digits = 0) noexcept {
  auto size = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
  auto fits = digits != 0 ? size == digits
                          : size != 0 && (size == 1 || text.front() != '0');
  if (!fits)
    return false;
  auto read = std::from_chars(text.data(), text.data() + size, to, 16);
  text.remove_prefix(size);
  return read.ec == std::errc{};
}

bool take_sign(std::string_view& text, char wanted) noexcept {
  if (text.empty() || text.front() != wanted)
    return false;
  text.remove_prefix(1);
  return true;
}

bool take_origin(std::string_view& text, message_origin& to) noexcept {
  return take_number(text, to.node, id_digits) && take_sign(text, '/')
         && take_number(text, to.epoch) && take_sign(text, '.')
         && take_number(text, to.lane) && take_sign(text, '/')
         && take_number(text, to.sequence) && to.sequence != 0;
}

template <class T>
void add_number(std::string& to, T value, size_t digits = 0) {
  char text[id_digits];
  auto* end = std::to_chars(text, text + sizeof(text), value, 16).ptr;
  auto size = static_cast<size_t>(end - text);
  if (size < digits)
    to.append(digits - size, '0');
  to.append(text, size);
}

/// Passes over one property that a broker forwards. True: it is a path, which
/// `path` is then.
bool next_is_path(protocol::reader& in, std::string_view& path) noexcept {
  using protocol::property;
  switch (static_cast<property>(in.u8())) {
  case property::payload_format:
    in.u8();
    return false;
  case property::content_type:
  case property::response_topic:
  case property::correlation_data:
    in.binary();
    return false;
  case property::user_property: {
    auto name = in.binary();
    path = in.binary();
    return name == path_property && !in.failed();
  }
  default:
    in.fail(ec::malformed_packet, "no property that is passed on");
    return false;
  }
}

/// Goes through properties that are passed on.
class property_walk {
public:
  explicit property_walk(std::string_view all) noexcept
      : in_({reinterpret_cast<const uint8_t*>(all.data()), all.size()}) {}

  /// The next property, whole; empty: there is none. `path` is set if it is
  /// one.
  std::string_view next(std::string_view& path) noexcept {
    auto* begin = in_.position();
    path = {};
    auto is_path = !in_.at_end() && next_is_path(in_, path);
    if (in_.failed())
      return {};
    if (!is_path)
      path = {};
    return {begin, static_cast<size_t>(in_.position() - begin)};
  }

private:
  protocol::reader in_;
};

/// Paths stand between other properties: those are gathered, and the path lies
/// behind them.
std::string_view gather_others(protocol::message& from, std::string_view path) {
  auto gathered = std::make_shared<std::string>();
  gathered->reserve(from.forwarded_properties.size());
  property_walk walk{from.forwarded_properties};
  std::string_view found;
  for (auto each = walk.next(found); !each.empty(); each = walk.next(found))
    if (found.data() == nullptr)
      gathered->append(each);
  auto size = gathered->size();
  gathered->append(path);
  auto all = std::string_view{*gathered};
  from.forwarded_properties = all.substr(0, size);
  from.gathered_properties = std::move(gathered);
  return all.substr(size);
}

std::string_view take_path_out(protocol::message& from) {
  auto& all = from.forwarded_properties;
  property_walk walk{all};
  std::string_view path;
  size_t before = 0;
  for (auto each = walk.next(path); !each.empty(); each = walk.next(path)) {
    if (path.data() == nullptr) {
      before += each.size();
      continue;
    }
    if (before + each.size() != all.size())
      return gather_others(from, path);
    all = all.substr(0, before); // where a node of troupe puts it
    return path;
  }
  return {};
}

} // namespace

std::optional<message_path>
message_path::parse(std::string_view text) noexcept {
  message_path result;
  if (!take_origin(text, result.origin_))
    return std::nullopt;
  result.further_ = text;
  node_id node;
  while (!text.empty())
    if (!take_sign(text, ' ') || !take_number(text, node, id_digits))
      return std::nullopt;
  return result;
}

bool message_path::passed(node_id node) const noexcept {
  if (origin_.node == node)
    return true;
  auto rest = further_;
  node_id each;
  while (take_sign(rest, ' ') && take_number(rest, each, id_digits))
    if (each == node)
      return true;
  return false;
}

std::string to_text(node_id node) {
  std::string text;
  add_number(text, node, id_digits);
  return text;
}

std::string to_string(const message_origin& from) {
  std::string result;
  add_number(result, from.node, id_digits);
  result += '/';
  add_number(result, from.epoch);
  result += '.';
  add_number(result, from.lane);
  result += '/';
  add_number(result, from.sequence);
  return result;
}

std::string append(std::string_view path, node_id node) {
  std::string result;
  result.reserve(path.size() + 1 + id_digits);
  result += path;
  result += ' ';
  add_number(result, node, id_digits);
  return result;
}

std::string_view take_path(protocol::message& from) {
  return from.forwarded_properties.empty() ? std::string_view{}
                                           : take_path_out(from);
}

arrival arrive(protocol::message& from, bool is_peer, node_id here) {
  auto text = take_path(from);
  if (!is_peer || text.empty())
    return {};
  auto path = message_path::parse(text);
  if (!path) // whoever made that up, it tells nothing
    return {};
  if (path->passed(here) || path->nodes() >= most_path_nodes)
    return {{}, true};
  return {append(text, here), false};
}

} // namespace troupe::broker
