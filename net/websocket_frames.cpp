#include "net/websocket_frames.hpp"

#include "core/printable.hpp"

#include <openssl/rand.h>
#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace troupe::net {

namespace {

constexpr uint8_t final_fragment = 0x80;
constexpr uint8_t masked = 0x80;
constexpr size_t most_control_bytes = 125;
constexpr size_t largest_short_size = 125;
constexpr size_t largest_medium_size = 0xffff;

/// Bytes of the frame's header. wslay refuses lengths that are not minimal.
size_t header_size(const wslay_frame_iocb& head) noexcept {
  size_t length_bytes = head.payload_length <= largest_short_size    ? 0
                        : head.payload_length <= largest_medium_size ? 2
                                                                     : 8;
  return 2 + length_bytes + (head.mask != 0 ? sizeof(mask_key) : 0);
}

void append_big_endian(byte_buffer& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(value >> shift));
}

void append_header(byte_buffer& out, uint8_t opcode, uint64_t size,
                   const std::optional<mask_key>& mask) {
  out.push_back(final_fragment | opcode);
  uint8_t bit = mask ? masked : 0;
  if (size <= largest_short_size) {
    out.push_back(bit | static_cast<uint8_t>(size));
  } else if (size <= largest_medium_size) {
    out.push_back(bit | 126);
    append_big_endian(out, size, 2);
  } else {
    out.push_back(bit | 127);
    append_big_endian(out, size, 8);
  }
  if (mask)
    out.append(mask->data(), mask->size());
}

void append_control(byte_buffer& out, uint8_t opcode,
                    std::span<const uint8_t> payload, websocket_role role) {
  auto mask = make_mask(role);
  append_header(out, opcode, payload.size(), mask);
  for (size_t i = 0; i < payload.size(); ++i)
    out.push_back(mask ? payload[i] ^ (*mask)[i % mask->size()] : payload[i]);
}

/// RFC 6455, section 7.4, and the codes registered since.
bool is_close_code(unsigned code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
         || (code >= 3000 && code <= 4999);
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    auto length = printable_length(text);
    // Control characters are UTF-8, too: of one byte, or U+0080 to U+009F.
    if (length == 0 && static_cast<uint8_t>(text[0]) < 0x80)
      length = 1;
    if (length == 0 && text.size() > 1 && text[0] == '\xc2'
        && (static_cast<uint8_t>(text[1]) & 0xe0) == 0x80)
      length = 2;
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

} // namespace

std::optional<mask_key> make_mask(websocket_role role) noexcept {
  if (role == websocket_role::server)
    return std::nullopt;
  mask_key key{};
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1)
    key = {};
  return key;
}

void append_binary_header(byte_buffer& out, uint64_t size,
                          const std::optional<mask_key>& mask) {
  append_header(out, WSLAY_BINARY_FRAME, size, mask);
}

void append_close(byte_buffer& out, close_code code, std::string_view why,
                  websocket_role own_role) {
  std::array<uint8_t, most_control_bytes> payload;
  auto number = static_cast<uint16_t>(code);
  payload[0] = static_cast<uint8_t>(number >> 8);
  payload[1] = static_cast<uint8_t>(number);
  auto size = std::min(why.size(), payload.size() - 2);
  std::copy_n(why.begin(), size, payload.begin() + 2);
  append_control(out, WSLAY_CONNECTION_CLOSE, {payload.data(), size + 2},
                 own_role);
}

/// wslay's view of the frame under way and what is counted about it.
struct frame_reader::frame {
  frame() {
    wslay_frame_callbacks callbacks{nullptr, &frame::give, nullptr};
    if (wslay_frame_context_init(&context, &callbacks, this) != 0)
      throw std::bad_alloc{};
  }
  ~frame() { wslay_frame_context_free(context); }
  frame(const frame&) = delete;
  frame& operator=(const frame&) = delete;

  /// wslay takes what it wants of `source`.
  static ssize_t give(uint8_t* into, size_t room, int, void* self) {
    auto& me = *static_cast<frame*>(self);
    auto size = std::min(room, me.source.size());
    if (size != 0)
      std::memcpy(into, me.source.data(), size);
    me.source = me.source.subspan(size);
    me.in_wslay += size;
    return static_cast<ssize_t>(size);
  }

  /// Accounts for what wslay has given back; whether a frame begins with it.
  bool count(const wslay_frame_iocb& chunk) noexcept {
    auto is_new = !has_header;
    if (is_new) {
      in_wslay -= header_size(chunk);
      payload_left = chunk.payload_length;
    }
    in_wslay -= chunk.data_length;
    payload_left -= chunk.data_length;
    has_header = payload_left != 0;
    return is_new;
  }

  bool is_between_frames() const noexcept {
    return !has_header && in_wslay == 0;
  }

  wslay_frame_context_ptr context = nullptr;
  std::span<const uint8_t> source;
  size_t in_wslay = 0;     // taken from `source`, not seen again yet
  bool has_header = false; // of a frame whose payload is not complete
  uint64_t payload_left = 0;
  size_t control_size = 0;
  std::array<uint8_t, most_control_bytes> control;
};

frame_reader::frame_reader(websocket_role own_role,
                           uint64_t largest_frame) noexcept
    : largest_frame_(largest_frame), role_(own_role) {}

frame_reader::~frame_reader() = default;

size_t frame_reader::unwrap(std::span<uint8_t> bytes, byte_buffer& pong) {
  if (bytes.empty() || state_ != state::open)
    return 0;
  if (!frame_)
    frame_ = std::make_unique<frame>();
  frame_->source = bytes;
  auto size = read_frames(bytes, pong);
  frame_->source = {};
  if (state_ != state::open || frame_->is_between_frames())
    frame_.reset();
  return size;
}

/// Payload is never longer than the frames it came in, and wslay has copied the
/// bytes it works on, so writing to the front of `bytes` destroys nothing.
size_t frame_reader::read_frames(std::span<uint8_t> bytes, byte_buffer& pong) {
  size_t size = 0;
  while (state_ == state::open) {
    wslay_frame_iocb chunk{};
    auto got = wslay_frame_recv(frame_->context, &chunk);
    if (got == WSLAY_ERR_WANT_READ && !frame_->source.empty())
      continue;
    if (got == WSLAY_ERR_WANT_READ)
      return size;
    if (got < 0) {
      fail(close_code::protocol_error, "a frame's length is not allowed");
      return size;
    }
    if (frame_->count(chunk))
      judge(chunk);
    if (state_ == state::open)
      size += take(chunk, bytes.data() + size, pong);
  }
  return size;
}

/// Takes a part of a frame's payload; returns how much of it went to `into`.
size_t frame_reader::take(const wslay_frame_iocb& chunk, uint8_t* into,
                          byte_buffer& pong) {
  auto& in = *frame_;
  auto is_control = wslay_is_ctrl_frame(chunk.opcode) != 0;
  if (is_control)
    into = in.control.data() + in.control_size;
  if (chunk.data_length != 0)
    std::memcpy(into, chunk.data, chunk.data_length);
  if (!is_control)
    return chunk.data_length;
  in.control_size += chunk.data_length;
  if (!in.has_header) {
    end_control(chunk.opcode, pong);
    in.control_size = 0;
  }
  return 0;
}

/// Whether a frame with this header may come now.
void frame_reader::judge(const wslay_frame_iocb& head) noexcept {
  using enum close_code;
  auto must_mask = role_ == websocket_role::server; // RFC 6455, section 5.1
  if (head.rsv != WSLAY_RSV_NONE)
    return fail(protocol_error, "a reserved bit is set");
  if ((head.mask != 0) != must_mask)
    return fail(protocol_error, must_mask ? "a client's frame is not masked"
                                          : "a server's frame is masked");
  switch (head.opcode) {
  case WSLAY_CONNECTION_CLOSE:
  case WSLAY_PING:
  case WSLAY_PONG:
    return;
  case WSLAY_CONTINUATION_FRAME:
    if (!is_in_message_)
      return fail(protocol_error, "a continuation of nothing");
    break;
  case WSLAY_TEXT_FRAME:
  case WSLAY_BINARY_FRAME:
    if (is_in_message_)
      return fail(protocol_error, "a message within a message");
    if (head.opcode == WSLAY_TEXT_FRAME) // [MQTT-6.0.0-1]
      return fail(unsupported_data, "MQTT needs binary frames");
    break;
  default:
    return fail(protocol_error, "a frame of no known kind");
  }
  if (largest_frame_ != 0 && head.payload_length > largest_frame_)
    return fail(too_big, "a frame is too large");
  is_in_message_ = head.fin == 0;
}

void frame_reader::end_control(uint8_t opcode, byte_buffer& pong) {
  std::span<const uint8_t> payload{frame_->control.data(),
                                   frame_->control_size};
  if (opcode == WSLAY_CONNECTION_CLOSE)
    return on_close(payload);
  if (opcode != WSLAY_PING)
    return;
  pong.clear();
  append_control(pong, WSLAY_PONG, payload, role_);
}

void frame_reader::on_close(std::span<const uint8_t> payload) noexcept {
  if (payload.empty()) {
    state_ = state::closed;
    return;
  }
  auto code = payload.size() == 1 ? 0U : payload[0] * 256U + payload[1];
  if (!is_close_code(code))
    return fail(close_code::protocol_error, "a close frame without its code");
  std::string_view why{reinterpret_cast<const char*>(payload.data()) + 2,
                       payload.size() - 2};
  if (!is_utf8(why))
    return fail(close_code::invalid_text, "a close frame's text is not UTF-8");
  code_ = static_cast<close_code>(code);
  state_ = state::closed;
}

void frame_reader::fail(close_code code, std::string_view why) noexcept {
  state_ = state::failed;
  code_ = code;
  error_ = why;
}

} // namespace troupe::net
