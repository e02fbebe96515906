#include "apps/tools/line_reader.hpp"

#include "protocol/types.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace troupe::tools {
namespace {

constexpr size_t chunk_size = size_t{64} << 10;
constexpr size_t max_message = protocol::max_remaining_length;

} // namespace

bool line_reader::read_more() {
  auto count = ::read(descriptor_, buffer_.reserve(chunk_size), chunk_size);
  if (count < 0)
    return errno == EINTR || errno == EAGAIN;
  if (count == 0)
    ended_ = true;
  buffer_.commit(static_cast<size_t>(count));
  if (line_end_ == std::string::npos) {
    line_end_ = buffer_.view().find('\n', searched_);
    searched_ = buffer_.size();
  }
  return line_end_ != std::string::npos || buffer_.size() <= max_message;
}

bool line_reader::has_line() const noexcept {
  return line_end_ != std::string::npos || (ended_ && !buffer_.empty());
}

std::optional<std::string> line_reader::next() {
  if (!has_line())
    return std::nullopt;
  auto text = buffer_.view();
  auto size = std::min(line_end_, text.size());
  std::string line{text.substr(0, size)};
  buffer_.consume(std::min(size + 1, text.size()));
  line_end_ = buffer_.view().find('\n');
  searched_ = buffer_.size();
  return line;
}

std::string read_whole(const std::string& path, std::string& out) {
  auto descriptor =
      path.empty() ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return "Unable to open file \"" + path + "\".";
  ssize_t count = 0;
  char chunk[chunk_size];
  do {
    count = ::read(descriptor, chunk, sizeof chunk);
    if (count > 0)
      out.append(chunk, static_cast<size_t>(count));
  } while (out.size() <= max_message
           && (count > 0 || (count < 0 && errno == EINTR)));
  if (!path.empty())
    ::close(descriptor);
  if (count < 0)
    return "Unable to read " + (path.empty() ? "stdin" : "\"" + path + "\"")
           + ".";
  if (out.size() > max_message)
    return "The message must be at most 268435455 bytes.";
  return {};
}

} // namespace troupe::tools
