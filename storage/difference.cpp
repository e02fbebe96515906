#include "storage/difference.hpp"

#include "storage/bytes.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace troupe::storage {

namespace {

// A step: four bits say how many bytes are the same, four how many differ and
// follow.
constexpr size_t most_in_step = 15;
constexpr int same_shift = 4;
/// So many bytes are the same that the next byte says how many more.
constexpr size_t many_same = 15;
constexpr size_t most_more = 255;

uint64_t eight_bytes(const char* from) noexcept {
  uint64_t result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}

/// The first position from `at` on where they differ, or their size.
size_t find_difference(std::string_view a, std::string_view b,
                       size_t at) noexcept {
  if constexpr (std::endian::native == std::endian::little)
    for (; at + sizeof(uint64_t) <= a.size(); at += sizeof(uint64_t))
      if (auto bits = eight_bytes(a.data() + at) ^ eight_bytes(b.data() + at))
        return at + static_cast<size_t>(std::countr_zero(bits)) / 8;
  while (at < a.size() && a[at] == b[at])
    ++at;
  return at;
}

/// Where what differs at `at` ends. A single byte that is the same between two
/// that differ belongs to them: another step would cost as much.
size_t find_end(std::string_view a, std::string_view b, size_t at) noexcept {
  auto end = at + 1;
  for (; end < a.size() && end < at + most_in_step; ++end)
    if (a[end] == b[end] && (end + 1 == a.size() || a[end + 1] == b[end + 1]))
      break;
  return end;
}

} // namespace

bool append_difference(std::string& to, std::string_view before,
                       std::string_view now, size_t most) {
  auto begin = to.size();
  size_t at = 0;
  while (at < now.size()) {
    auto changed = find_difference(before, now, at);
    if (changed == now.size()) {
      to.push_back('\0');
      break;
    }
    auto same = std::min(changed - at, many_same + most_more);
    // What is the same beyond that counts as changed: it is rare.
    at += same;
    auto end = std::min(at + most_in_step,
                        find_end(before, now, std::max(at, changed)));
    auto step = std::min(same, many_same) << same_shift | (end - at);
    to.push_back(static_cast<char>(static_cast<uint8_t>(step)));
    if (same >= many_same)
      to.push_back(static_cast<char>(static_cast<uint8_t>(same - many_same)));
    to.append(now.substr(at, end - at));
    at = end;
    if (to.size() - begin > most)
      break;
  }
  if (to.size() - begin <= most)
    return true;
  to.resize(begin);
  return false;
}

bool apply_difference(record_reader& in, char* bytes, size_t size) {
  size_t at = 0;
  while (at < size) {
    size_t step = in.number<uint8_t>();
    auto same = step >> same_shift;
    if (same == many_same)
      same += in.number<uint8_t>();
    auto changed = in.text(step & most_in_step);
    if (in.failed() || same > size - at || changed.size() > size - at - same)
      return false;
    if (changed.empty()) // the rest is as it was
      return step == 0;
    at += same;
    std::memcpy(bytes + at, changed.data(), changed.size());
    at += changed.size();
  }
  return true;
}

} // namespace troupe::storage
