#include "apps/bench/stamp.hpp"

#include <cassert>
#include <cstring>

namespace troupe::bench {

payload_form::payload_form(size_t size) : text_(size, '\0') {
  assert(size >= minimum);
  // No period that divides a buffer size: shifted bytes are noticed.
  for (size_t i = minimum; i < size; ++i)
    text_[i] = static_cast<char>('a' + i % 23);
}

// In the machine's byte order: a payload never leaves this process and the
// broker it measures.
std::string_view payload_form::write(const stamp& value) {
  int64_t due = value.due.time_since_epoch().count();
  std::memcpy(text_.data(), &value.stream, 4);
  std::memcpy(text_.data() + 4, &value.sequence, 4);
  std::memcpy(text_.data() + 8, &due, 8);
  return text_;
}

std::optional<stamp> payload_form::read(std::string_view payload) const {
  if (payload.size() != text_.size()
      || std::memcmp(payload.data() + minimum, text_.data() + minimum,
                     payload.size() - minimum)
             != 0)
    return std::nullopt;
  stamp value;
  int64_t due = 0;
  std::memcpy(&value.stream, payload.data(), 4);
  std::memcpy(&value.sequence, payload.data() + 4, 4);
  std::memcpy(&due, payload.data() + 8, 8);
  value.due = time_point{duration{due}};
  return value;
}

} // namespace troupe::bench
