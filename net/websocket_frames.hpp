#pragma once

#include "core/byte_buffer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

struct wslay_frame_iocb;

namespace troupe::net {

/// Which end of a WebSocket one is: clients mask, servers must not.
enum class websocket_role : uint8_t { server, client };

/// Status codes of a close frame (RFC 6455, section 7.4.1).
enum class close_code : uint16_t {
  normal = 1000,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005, // never sent
  invalid_text = 1007,
  too_big = 1009,
};

using mask_key = std::array<uint8_t, 4>;

/// What a client's frames are masked with; servers have none.
using mask_key = std::array<uint8_t, 4>;

/// A random key for one frame of a client; nothing for a server. Without
/// randomness the key is zero, which only caches in between could mind.
std::optional<mask_key> make_mask(websocket_role role) noexcept;

/// The header of one unfragmented binary frame of `size` bytes behind `out`.
void append_binary_header(byte_buffer& out, uint64_t size,
                          const std::optional<mask_key>& mask);

/// A close frame behind `out`; of `why` what fits.
void append_close(byte_buffer& out, close_code code, std::string_view why,
                  websocket_role own_role);

/// Takes the payload of binary messages out of a stream of frames. It keeps no
/// payload, however long a frame is. Between frames it owns no memory, within
/// one 4.3 KiB. wslay does the parsing.
class frame_reader {
public:
  /// `own_role` is that of the reading side. Payloads above `largest_frame`
  /// bytes are refused; 0: none are.
  frame_reader(websocket_role own_role, uint64_t largest_frame) noexcept;
  ~frame_reader();
  frame_reader(const frame_reader&) = delete;
  frame_reader& operator=(const frame_reader&) = delete;

  enum class state : uint8_t {
    /// More frames may come.
    open,
    /// The peer sent a close frame with `code`.
    closed,
    /// The peer broke the protocol: tell it `code` and `error`.
    failed,
  };

  /// Reads the next bytes of the stream and moves the MQTT bytes in them to the
  /// front of `bytes`; returns how many those are. What stands behind the end
  /// of the stream is dropped. After a ping `pong` holds the answer instead of
  /// whatever it held: only the last ping needs one (RFC 6455, section 5.5.3).
  /// Throws std::bad_alloc.
  size_t unwrap(std::span<uint8_t> bytes, byte_buffer& pong);

  state current() const noexcept { return state_; }
  close_code code() const noexcept { return code_; }
  std::string_view error() const noexcept { return error_; }

private:
  struct frame;

  size_t read_frames(std::span<uint8_t> bytes, byte_buffer& pong);
  size_t take(const wslay_frame_iocb& chunk, uint8_t* into, byte_buffer& pong);
  void judge(const wslay_frame_iocb& head) noexcept;
  void end_control(uint8_t opcode, byte_buffer& pong);
  void on_close(std::span<const uint8_t> payload) noexcept;
  void fail(close_code code, std::string_view why) noexcept;

  std::unique_ptr<frame> frame_; // null: between frames
  uint64_t largest_frame_;
  std::string_view error_;
  close_code code_ = close_code::normal;
  websocket_role role_;
  state state_ = state::open;
  bool is_in_message_ = false;
};

} // namespace troupe::net
