#include "net/websocket_layer.hpp"

#include "core/byte_buffer.hpp"
#include "net/websocket_frames.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <new>
#include <optional>

namespace troupe::net {

namespace {

using kind = io_result::kind;

/// What of a write is copied behind a frame's header so that both leave in one
/// segment and, above TLS, in one record. The rest goes from where it lies.
constexpr size_t gathered_bytes = 16'384;

/// What is needed until both sides have agreed to speak WebSocket.
struct handshake {
  std::string input; // up to and without its empty line
  size_t limit = 0;
  std::shared_ptr<const websocket_policy> policy; // null: we are the client
  std::string key;
  std::string protocol;
};

class websocket_layer final : public layer {
public:
  websocket_layer(websocket_role role, uint64_t largest_frame,
                  std::unique_ptr<handshake> first,
                  std::unique_ptr<layer> below)
      : below_(std::move(below)), handshake_(std::move(first)),
        reader_(role, largest_frame), role_(role) {}

  /// Sends `text` before anything else.
  void begin_with(std::string_view text) { output_.append(text); }

  io_result read(socket& from, std::span<uint8_t> into) noexcept override;
  io_result write(socket& to, std::span<const uint8_t> from) noexcept override;
  bool has_input() const noexcept override;
  bool has_output() const noexcept override;
  bool is_ready() const noexcept override;
  void shutdown(socket& to) noexcept override;
  const peer_identity* identity() const noexcept override {
    return below_ ? below_->identity() : nullptr;
  }
  std::string objection(const tls_context& now) const override {
    return below_ ? below_->objection(now) : std::string{};
  }
  std::string_view error() const noexcept override {
    return error_.empty() && below_ ? below_->error() : error_;
  }

private:
  io_result read_below(socket& from, std::span<uint8_t> into) noexcept {
    return below_ ? below_->read(from, into) : from.read(into);
  }
  io_result write_below(socket& to, std::span<const uint8_t> from) noexcept {
    return below_ ? below_->write(to, from) : to.write(from);
  }

  io_result take(socket& from, std::span<uint8_t> into);
  io_result await_close(socket& from, std::span<uint8_t> into);
  std::span<uint8_t> shake_hands(socket& to, std::span<uint8_t> bytes);
  void on_request(socket& to);
  void on_response(socket& to);
  void on_bad_start(socket& to, uint8_t first);
  void on_long_header(socket& to);
  void on_end_of_frames(socket& to);

  void begin_frame(size_t size);
  io_result write_frame(socket& to, std::span<const uint8_t> from);
  io_result write_gathered(socket& to, std::span<const uint8_t> payload);
  void count_payload(size_t bytes) noexcept;
  void queue_pong() noexcept;
  void flush(socket& to) noexcept;
  void end(socket& to, kind how, std::string why);
  void drain(socket& from) noexcept;

  std::unique_ptr<layer> below_;
  std::unique_ptr<handshake> handshake_; // null: done
  frame_reader reader_;
  byte_buffer output_; // goes before the payload of the frame under way
  byte_buffer pong_;   // goes behind it
  std::string error_;
  uint64_t frame_left_ = 0;      // payload still owed to the frame under way
  std::optional<mask_key> mask_; // of that frame, turned to its next byte
  std::optional<kind> end_;      // what `read` says from now on
  websocket_role role_;
  bool is_end_told_ = false;
  bool is_shut_ = false; // we have said farewell
};

// -- reading
// --------------------------------------------------------------------

io_result websocket_layer::read(socket& from,
                                std::span<uint8_t> into) noexcept {
  if (into.empty())
    return {kind::would_block, 0};
  try {
    if (is_shut_)
      return await_close(from, into);
    if (!end_)
      return take(from, into);
  } catch (const std::bad_alloc&) {
    end_ = kind::broken;
  }
  is_end_told_ = true;
  return {*end_, 0};
}

io_result websocket_layer::take(socket& from, std::span<uint8_t> into) {
  flush(from);
  auto got = read_below(from, into);
  if (got.what != kind::done)
    return got;
  auto bytes = into.first(got.bytes);
  if (handshake_)
    bytes = shake_hands(from, bytes);
  auto size = end_ ? 0 : reader_.unwrap(bytes, pong_);
  if (size != 0 && bytes.data() != into.data())
    std::memmove(into.data(), bytes.data(), size);
  if (reader_.current() != frame_reader::state::open)
    on_end_of_frames(from);
  flush(from);
  if (size != 0)
    return {kind::done, size};
  is_end_told_ = end_.has_value();
  return {end_.value_or(kind::would_block), 0};
}

/// After our farewell nothing matters but the peer's, upon which the server is
/// to close the connection (RFC 6455, section 7.1.1).
io_result websocket_layer::await_close(socket& from, std::span<uint8_t> into) {
  flush(from);
  auto got = read_below(from, into);
  if (got.what != kind::done)
    return got;
  reader_.unwrap(into.first(got.bytes), pong_);
  pong_.clear();
  auto is_open = reader_.current() == frame_reader::state::open;
  return {is_open ? kind::would_block : kind::end_of_stream, 0};
}

/// Collects the peer's half of the handshake; returns what follows it.
std::span<uint8_t> websocket_layer::shake_hands(socket& to,
                                                std::span<uint8_t> bytes) {
  constexpr std::string_view empty_line = "\r\n\r\n";
  auto& input = handshake_->input;
  if (input.empty() && (bytes[0] < 'A' || bytes[0] > 'Z')) {
    on_bad_start(to, bytes[0]);
    return {};
  }
  auto old = input.size();
  auto room = std::min(handshake_->limit - old, bytes.size());
  input.append(reinterpret_cast<const char*>(bytes.data()), room);
  auto found = input.find(empty_line, old < 3 ? 0 : old - 3);
  if (found == input.npos) {
    if (input.size() == handshake_->limit)
      on_long_header(to);
    return {};
  }
  input.resize(found + empty_line.size());
  auto used = input.size() - old;
  if (role_ == websocket_role::server)
    on_request(to);
  else
    on_response(to);
  return end_ ? std::span<uint8_t>{} : bytes.subspan(used);
}

void websocket_layer::on_request(socket& to) {
  auto answer = judge_upgrade(handshake_->input, *handshake_->policy);
  output_.append(answer.response);
  if (answer.status != 101)
    end(to, kind::broken, std::move(answer.error));
  else
    handshake_.reset();
}

void websocket_layer::on_response(socket& to) {
  auto why = check_upgrade_response(handshake_->input, handshake_->protocol,
                                    handshake_->key);
  if (!why.empty())
    end(to, kind::broken, std::move(why));
  else
    handshake_.reset();
}

/// No HTTP begins like this, so an answer in HTTP would not be understood.
void websocket_layer::on_bad_start(socket& to, uint8_t first) {
  constexpr uint8_t connect_byte = 0x10;
  constexpr uint8_t tls_handshake = 0x16; // RFC 8446, section 5.1
  end(to, kind::broken,
      first == connect_byte    ? "the peer speaks MQTT without WebSocket"
      : first == tls_handshake ? "the peer speaks TLS"
                               : "the peer does not speak HTTP");
}

void websocket_layer::on_long_header(socket& to) {
  auto answer = refuse_long_request();
  if (role_ == websocket_role::server)
    output_.append(answer.response);
  end(to, kind::broken, "the HTTP header is too long");
}

/// The peer has closed or broken the protocol: says the last word. A frame
/// under way cannot be finished any more, so nothing can follow it.
void websocket_layer::on_end_of_frames(socket& to) {
  auto is_closed = reader_.current() == frame_reader::state::closed;
  if (frame_left_ == 0) {
    queue_pong();
    append_close(output_, reader_.code(), reader_.error(), role_);
  }
  end(to, is_closed ? kind::end_of_stream : kind::broken,
      std::string{reader_.error()});
}

// -- writing
// --------------------------------------------------------------------

io_result websocket_layer::write(socket& to,
                                 std::span<const uint8_t> from) noexcept {
  if (end_ || is_shut_)
    return {kind::broken, 0};
  try {
    if (handshake_ || from.empty()) {
      flush(to);
      auto is_done = from.empty() && !has_output();
      return {is_done ? kind::done : kind::would_block, 0};
    }
    io_result sum;
    while (sum.bytes < from.size()) {
      if (frame_left_ == 0)
        begin_frame(from.size() - sum.bytes);
      auto sent = write_frame(to, from.subspan(sum.bytes));
      sum.bytes += sent.bytes;
      if (sent.what != kind::done && sum.bytes == 0)
        return sent;
      if (sent.what != kind::done)
        break;
    }
    return sum;
  } catch (const std::bad_alloc&) {
    end_ = kind::broken;
    return {kind::broken, 0};
  }
}

void websocket_layer::begin_frame(size_t size) {
  queue_pong();
  mask_ = make_mask(role_);
  append_binary_header(output_, size, mask_);
  frame_left_ = size;
}

/// Some of the frame under way. Whoever tries again offers the same bytes, as a
/// TLS layer below demands. `would_block` with bytes: that was all for now.
io_result websocket_layer::write_frame(socket& to,
                                       std::span<const uint8_t> from) {
  auto size = std::min<uint64_t>(from.size(), frame_left_);
  auto payload = from.first(static_cast<size_t>(size));
  if (!output_.empty() || mask_)
    return write_gathered(to, payload);
  auto sent = write_below(to, payload);
  count_payload(sent.bytes);
  if (sent.what == kind::done && sent.bytes < payload.size())
    sent.what = kind::would_block;
  return sent;
}

/// As `write_frame`, with what goes before the payload, and masked.
io_result websocket_layer::write_gathered(socket& to,
                                          std::span<const uint8_t> payload) {
  std::array<uint8_t, gathered_bytes> bytes;
  assert(output_.size() < bytes.size());
  auto head = output_.size();
  std::copy_n(output_.data(), head, bytes.begin());
  auto size = std::min(payload.size(), bytes.size() - head);
  std::copy_n(payload.begin(), size, bytes.begin() + head);
  for (size_t i = 0; mask_ && i < size; ++i)
    bytes[head + i] ^= (*mask_)[i % mask_->size()];
  auto sent = write_below(to, {bytes.data(), head + size});
  if (sent.what != kind::done)
    return {sent.what, 0};
  auto of_head = std::min(head, sent.bytes);
  output_.consume(of_head);
  if (output_.empty())
    output_.release();
  count_payload(sent.bytes - of_head);
  auto is_all = sent.bytes == head + size;
  return {is_all ? kind::done : kind::would_block, sent.bytes - of_head};
}

void websocket_layer::count_payload(size_t bytes) noexcept {
  frame_left_ -= bytes;
  if (!mask_)
    return;
  auto before = *mask_;
  for (size_t i = 0; i < before.size(); ++i)
    (*mask_)[i] = before[(i + bytes) % before.size()];
}

/// A pong waits for the end of the frame under way, and for the one before it
/// to leave: whoever pings without reading costs one pong.
void websocket_layer::queue_pong() noexcept {
  if (frame_left_ == 0 && output_.empty() && !pong_.empty())
    output_ = std::move(pong_);
}

/// Sends what is the layer's own. Within a frame only `write` may: what it
/// tried to send included payload.
void websocket_layer::flush(socket& to) noexcept {
  if (frame_left_ != 0)
    return;
  queue_pong();
  while (!output_.empty()) {
    auto sent = write_below(to, output_.bytes());
    if (sent.what != kind::done)
      return;
    output_.consume(sent.bytes);
  }
  output_.release();
  if (below_ && below_->has_output())
    below_->write(to, {});
}

// -- the end
// --------------------------------------------------------------------

void websocket_layer::end(socket& to, kind how, std::string why) {
  end_ = how;
  error_ = std::move(why);
  handshake_.reset();
  flush(to);
  if (how == kind::broken)
    drain(to);
}

/// The kernel answers unread bytes with a reset, which destroys what we sent on
/// its way to the peer.
void websocket_layer::drain(socket& from) noexcept {
  constexpr int most_reads = 16;
  std::array<uint8_t, 4096> ignored;
  for (int i = 0; i < most_reads; ++i)
    if (read_below(from, ignored).what != kind::done)
      return;
}

void websocket_layer::shutdown(socket& to) noexcept {
  if (!end_ && !is_shut_) {
    is_shut_ = true;
    try {
      if (!handshake_ && frame_left_ == 0)
        append_close(output_, close_code::normal, {}, role_);
    } catch (const std::bad_alloc&) {
      output_.clear(); // then without a farewell
    }
    flush(to);
  }
  if (below_)
    below_->shutdown(to);
}

bool websocket_layer::has_input() const noexcept {
  if (end_)
    return !is_end_told_;
  return below_ && below_->has_input();
}

bool websocket_layer::has_output() const noexcept {
  if (end_)
    return false;
  // What we have waits for the handshake below, not for room in the socket.
  if (below_ && !below_->is_ready())
    return below_->has_output();
  return (frame_left_ == 0 && !(output_.empty() && pong_.empty()))
         || (below_ && below_->has_output());
}

bool websocket_layer::is_ready() const noexcept {
  return !handshake_ && (!below_ || below_->is_ready());
}

} // namespace

std::unique_ptr<layer>
accept_websocket(std::shared_ptr<const websocket_policy> policy,
                 std::unique_ptr<layer> below) noexcept {
  try {
    auto first = std::make_unique<handshake>();
    first->limit = policy->largest_request;
    auto largest = policy->largest_frame;
    first->policy = std::move(policy);
    return std::make_unique<websocket_layer>(
        websocket_role::server, largest, std::move(first), std::move(below));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

std::unique_ptr<layer>
connect_websocket(const websocket_target& target,
                  std::unique_ptr<layer> below) noexcept {
  constexpr size_t largest_header = 8192;
  try {
    auto first = std::make_unique<handshake>();
    first->limit = largest_header;
    first->key = make_websocket_key();
    first->protocol = target.protocol;
    auto request = make_upgrade_request(target, first->key);
    if (first->key.empty() || request.empty()
        || request.size() > largest_header)
      return nullptr;
    auto made = std::make_unique<websocket_layer>(
        websocket_role::client, target.largest_frame, std::move(first),
        std::move(below));
    made->begin_with(request);
    return made;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

} // namespace troupe::net
