#include "broker/topic_path.hpp"

#include <cstring>
#include <random>

namespace troupe::broker {

namespace {

__extension__ using uint128 = unsigned __int128;

uint64_t fold(uint64_t x, uint64_t y) noexcept {
  auto product = static_cast<uint128>(x) * y;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

template <class Word>
uint64_t load(const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Up to eight bytes in one word, without a loop: the two loads overlap.
uint64_t load_some(const char* from, size_t count) noexcept {
  if (count >= 4)
    return load<uint32_t>(from) << 32 | load<uint32_t>(from + count - 4);
  if (count == 0)
    return 0;
  return load<uint8_t>(from) << 16 | load<uint8_t>(from + count / 2) << 8
         | load<uint8_t>(from + count - 1);
}

uint64_t random_word() {
  std::random_device source;
  return uint64_t{source()} << 32 | source();
}

const uint64_t seed = random_word();
// Odd and with bits everywhere, so that the product depends on every input bit.
const uint64_t factor = random_word() | 0x8000000000000001u;

} // namespace

uint32_t hash_level(std::string_view text) noexcept {
  const auto* at = text.data();
  auto left = text.size();
  auto hash = seed ^ left;
  for (; left > 8; at += 8, left -= 8)
    hash = fold(hash ^ load<uint64_t>(at), factor);
  hash = fold(hash ^ load_some(at, left), factor);
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

bool topic_path::split(std::string_view text) noexcept {
  size_ = 0;
  const auto* at = text.data();
  const auto* end = at + text.size();
  for (;;) {
    const auto* stop = at;
    while (stop != end && *stop != '/')
      ++stop;
    auto size = static_cast<uint32_t>(stop - at);
    levels_[size_++] = {at, size, hash_level({at, size})};
    if (stop == end)
      return true;
    if (size_ > protocol::max_topic_slashes) {
      size_ = 0;
      return false;
    }
    at = stop + 1;
  }
}

} // namespace troupe::broker
