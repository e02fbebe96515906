#include "actors/greeter.hpp"
#include "core/log.hpp"
#include "net/tls_layer.hpp"
#include "net/websocket_layer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::actors {

namespace {

/// A CONNECT has at most five fields of 64 KiB and properties.
constexpr uint32_t largest_connect = 512 * 1024;

/// What all visitors of a loop together may have sent: beyond it, whoever sends
/// more is dismissed.
constexpr size_t most_input_bytes = 64 * 1024 * 1024;

constexpr uint8_t connect_byte = 0x10;
constexpr uint8_t auth_byte = 0xf0;

/// What speaks to us where MQTT is spoken.
std::string_view describe_first_byte(uint8_t first) noexcept {
  switch (first) {
  case 0x16:
    return "TLS on a listener without certfile";
  case 'G':
  case 'P':
  case 'H':
  case 'O':
    return "HTTP on a listener for MQTT";
  default:
    return "not a CONNECT";
  }
}

} // namespace

void greeter::listen_to(visitor& who) {
  if (who.awaits == visitor::stage::proxy && !take_proxy_header(who))
    return;
  // Polling does not tell of what a layer has read already.
  while (read_some(who)) {
  }
}

/// False: it has not come whole, or `who` is gone.
bool greeter::take_proxy_header(visitor& who) {
  using kind = net::io_result::kind;
  auto what = who.proxy->read(who.stream.below());
  if (what == kind::would_block)
    return false;
  if (what != kind::done) {
    turn_away(who, who.proxy->error().empty() ? "no PROXY header"
                                              : who.proxy->error());
    return false;
  }
  const auto& said = who.proxy->header();
  if (!who.policy->proxies.contains(who.stream.peer())) {
    turn_away(who, "a PROXY header from an address that is not in "
                   "proxy_trusted");
    return false;
  }
  if (who.policy->own.proxy_protocol_v2_require_tls && !said.tls) {
    turn_away(who, "its client did not use TLS, which "
                   "proxy_protocol_v2_require_tls asks for");
    return false;
  }
  if (!said.source.empty())
    who.stream.set_peer(said.source);
  if (auto limit = node_.admission.count_address(
          who.slot, *who.policy, who.stream.peer(), loop_.now());
      !limit.empty()) {
    loop_.stats().connections_refused.add();
    turn_away(who, std::string{limit} + " is reached");
    return false;
  }
  if (said.tls && said.tls->has_certificate)
    who.proxied_name = said.tls->common_name;
  who.proxy.reset();
  who.awaits = visitor::stage::connect;
  add_layers(who);
  return true;
}

void greeter::add_layers(visitor& who) {
  std::unique_ptr<net::layer> above;
  if (who.policy->tls)
    above = net::tls_accept(who.policy->tls, who.stream.below());
  if (who.policy->websocket)
    above = net::accept_websocket(who.policy->websocket, std::move(above));
  if (above)
    who.stream.set_layer(std::move(above));
}

/// One read. True: there is more to be had at once, and `who` still there.
bool greeter::read_some(visitor& who) {
  using kind = net::io_result::kind;
  auto got = who.stream.read(loop_.scratch());
  if (got.what == kind::would_block) {
    set_interest(who, who.stream.has_output() ? net::interest::both
                                              : net::interest::read);
    return false;
  }
  if (got.what != kind::done) {
    if (auto why = who.stream.error(); !why.empty())
      turn_away(who, why);
    else
      dismiss(who);
    return false;
  }
  loop_.stats().bytes_received.add(got.bytes);
  auto bytes = loop_.scratch().first(got.bytes);
  auto number = who.number;
  if (who.input.empty()) {
    consider(who, bytes);
  } else {
    who.input.append(bytes);
    input_bytes_ += bytes.size();
    consider(who, who.input.bytes());
  }
  return by_number_.contains(number) && who.awaits != visitor::stage::judgement
         && who.stream.has_input();
}

/// Whether these can be the first bytes of what is awaited; else `who` is gone,
/// in silence, as Mosquitto does it [MQTT-3.1.0-1].
bool greeter::is_plausible(visitor& who, std::span<const uint8_t> bytes) {
  auto expected =
      who.awaits == visitor::stage::exchange ? auth_byte : connect_byte;
  if (bytes[0] == expected)
    return true;
  turn_away(who, expected == auth_byte ? "no AUTH in its turn"
                                       : describe_first_byte(bytes[0]));
  return false;
}

void greeter::consider(visitor& who, std::span<const uint8_t> bytes) {
  if (!is_plausible(who, bytes))
    return;
  auto limit = who.policy->broker->max_packet_size;
  auto largest =
      limit == 0 ? largest_connect : std::min(limit, largest_connect);
  auto next = protocol::next_frame(bytes, largest);
  if (!next) {
    turn_away(who, next.error().text);
    return;
  }
  if (next->has_value()) {
    loop_.stats().packets_received.add();
    if (who.awaits == visitor::stage::exchange)
      go_on_with_exchange(who, **next, bytes.subspan((*next)->size));
    else
      judge_connect(who, **next, bytes.subspan((*next)->size));
    return;
  }
  if (who.input.empty()) {
    who.input.append(bytes);
    input_bytes_ += bytes.size();
  }
  if (input_bytes_ > most_input_bytes)
    dismiss(who);
}

} // namespace troupe::actors
