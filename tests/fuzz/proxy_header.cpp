// libFuzzer target for the PROXY protocol. Whatever the bytes: a header that is
// complete is the same whatever follows it, its beginnings are incomplete, and
// nothing is read past the end.
#include "net/proxy_header.hpp"

#include <cstdlib>
#include <vector>

using namespace troupe;
using namespace troupe::net;

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

auto parse(std::span<const uint8_t> bytes, proxy_version version) {
  std::vector<uint8_t> copy{bytes.begin(), bytes.end()};
  return parse_proxy_header(copy, version, 2000);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0)
    return 0;
  auto version = data[0] % 2 != 0 ? proxy_version::v2 : proxy_version::v1;
  std::span<const uint8_t> bytes{data + 1, size - 1};
  auto whole = parse(bytes, version);
  if (!whole)
    return 0;
  auto is_known = whole->has_value();
  auto end = is_known ? (*whole)->size : bytes.size();
  require(end <= bytes.size() && end <= 2000);
  for (size_t cut = 0; cut < end; ++cut) {
    auto part = parse(bytes.first(cut), version);
    require(part && !*part);
  }
  if (!is_known)
    return 0;
  auto alone = parse(bytes.first(end), version);
  require(alone && *alone && (*alone)->source == (*whole)->source);
  return 0;
}
