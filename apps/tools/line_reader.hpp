#pragma once

#include "core/byte_buffer.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace troupe::tools {

/// Cuts what a descriptor yields into lines. Reads only when asked to and keeps
/// no more than one chunk and one unfinished line.
class line_reader {
public:
  explicit line_reader(int descriptor) noexcept : descriptor_(descriptor) {}

  int descriptor() const noexcept { return descriptor_; }
  /// Reads once; may block unless the descriptor is readable. False if a line
  /// exceeds what a packet can hold, or reading failed.
  bool read_more();
  /// The next line without its end; the last may lack one.
  std::optional<std::string> next();
  /// True if another line can be had without reading.
  bool has_line() const noexcept;
  /// True if all was read and handed out.
  bool is_finished() const noexcept { return ended_ && buffer_.empty(); }
  bool has_ended() const noexcept { return ended_; }

private:
  int descriptor_;
  byte_buffer buffer_;
  /// So many bytes at the front are known to hold no end of line.
  size_t searched_ = 0;
  size_t line_end_ = std::string::npos;
  bool ended_ = false;
};

/// All of a file or of standard input (an empty `path`) in `out`. Returns why
/// not, or nothing.
std::string read_whole(const std::string& path, std::string& out);

} // namespace troupe::tools
