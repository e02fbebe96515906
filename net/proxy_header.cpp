#include "net/proxy_header.hpp"

#include "core/printable.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <new>

namespace troupe::net {

namespace {

using byte_view = std::span<const uint8_t>;
using outcome = result<std::optional<proxy_header>>;

failure bad(std::string_view why) {
  return {ec::protocol_error, why};
}

std::string_view as_text(byte_view bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Whether `bytes` begin with `prefix`, as far as either goes.
bool may_begin_with(std::string_view bytes, std::string_view prefix) {
  auto size = std::min(bytes.size(), prefix.size());
  return bytes.substr(0, size) == prefix.substr(0, size);
}

// -- version 1: one line of text
// --------------------------------------------------------------------

constexpr std::string_view v1_start = "PROXY ";

/// The next word; words are separated by exactly one space.
std::string_view next_word(std::string_view& line) {
  auto end = std::min(line.find(' '), line.size());
  auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  auto* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end
      || (text.size() > 1 && text[0] == '0'))
    return std::nullopt;
  return port;
}

std::optional<ip_address> parse_address(std::string_view text, bool is_v6) {
  auto is_written_as_v6 = text.find(':') != text.npos;
  return is_v6 == is_written_as_v6 ? parse_ip_address(text) : std::nullopt;
}

/// What stands between "PROXY " and the end of the line.
outcome parse_v1_line(std::string_view line, size_t size) {
  proxy_header header;
  header.size = size;
  if (line.ends_with(' '))
    return bad("a PROXY line ends in a space");
  auto family = next_word(line);
  if (family == "UNKNOWN") // whatever follows is to be ignored
    return std::optional{std::move(header)};
  if (family != "TCP4" && family != "TCP6")
    return bad("a PROXY line is for neither TCP4 nor TCP6");
  auto is_v6 = family == "TCP6";
  auto source = parse_address(next_word(line), is_v6);
  auto destination = parse_address(next_word(line), is_v6);
  auto source_port = parse_port(next_word(line));
  auto destination_port = parse_port(next_word(line));
  if (!source || !destination || !source_port || !destination_port
      || !line.empty())
    return bad("the addresses of a PROXY line are malformed");
  header.source = endpoint_text(*source, *source_port);
  return std::optional{std::move(header)};
}

outcome parse_v1(std::string_view bytes) {
  if (!may_begin_with(bytes, v1_start))
    return bad("no PROXY protocol header of version 1");
  auto first = bytes.substr(0, largest_proxy_v1_header);
  auto end = first.find_first_of("\r\n");
  auto is_cut =
      end == first.npos || (first[end] == '\r' && end + 1 == bytes.size());
  if (is_cut && bytes.size() < largest_proxy_v1_header)
    return std::optional<proxy_header>{};
  if (end == first.npos || first.substr(end, 2) != "\r\n")
    return bad("a PROXY line does not end as it must");
  return parse_v1_line(first.substr(v1_start.size(), end - v1_start.size()),
                       end + 2);
}

// -- version 2: binary
// --------------------------------------------------------------------

constexpr std::string_view v2_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t v2_fixed_size = 16;

/// Types of what may follow the addresses.
constexpr uint8_t type_crc32c = 0x03;
constexpr uint8_t type_ssl = 0x20;
constexpr uint8_t type_ssl_version = 0x21;
constexpr uint8_t type_ssl_common_name = 0x22;

uint32_t big_endian(byte_view bytes) {
  uint32_t value = 0;
  for (auto byte : bytes)
    value = value << 8 | byte;
  return value;
}

/// CRC-32C (RFC 3720, section B.4) of the header with its checksum as zeros.
uint32_t crc32c(byte_view bytes, size_t zeros_at) {
  constexpr uint32_t polynomial = 0x82f63b78;
  auto crc = ~uint32_t{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto is_checksum = i >= zeros_at && i < zeros_at + 4;
    crc ^= is_checksum ? 0 : bytes[i];
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? polynomial : 0);
  }
  return ~crc;
}

struct field {
  uint8_t type;
  byte_view value;
};

/// Takes one field off the front of `bytes`; nothing: it is cut off.
std::optional<field> next_field(byte_view& bytes) {
  constexpr size_t head = 3;
  if (bytes.size() < head)
    return std::nullopt;
  auto size = big_endian(bytes.subspan(1, 2));
  if (bytes.size() - head < size)
    return std::nullopt;
  field result{bytes[0], bytes.subspan(head, size)};
  bytes = bytes.subspan(head + size);
  return result;
}

/// Returns why not; empty: it is good.
std::string_view read_ssl(byte_view value, proxy_header& header) {
  constexpr size_t head = 5;
  constexpr uint8_t used_tls = 1;
  constexpr uint8_t showed_certificate = 2 | 4; // now, or in this session
  if (value.size() < head)
    return "the TLS field of a PROXY header is too short";
  proxy_tls tls;
  tls.has_certificate = (value[0] & showed_certificate) != 0
                        && big_endian(value.subspan(1, 4)) == 0;
  auto is_tls = (value[0] & used_tls) != 0;
  value = value.subspan(head);
  while (!value.empty()) {
    auto next = next_field(value);
    if (!next || !is_printable(as_text(next->value)))
      return "the TLS field of a PROXY header is malformed";
    if (next->type == type_ssl_version)
      tls.version = as_text(next->value);
    else if (next->type == type_ssl_common_name && tls.has_certificate)
      tls.common_name = as_text(next->value);
  }
  if (is_tls)
    header.tls = std::move(tls);
  return {};
}

/// Reads what follows the addresses. Returns why not; empty: it is good.
std::string_view read_fields(byte_view whole, byte_view fields,
                             proxy_header& header) {
  while (!fields.empty()) {
    auto next = next_field(fields);
    if (!next)
      return "a field of a PROXY header is cut off";
    if (next->type == type_ssl)
      if (auto why = read_ssl(next->value, header); !why.empty())
        return why;
    if (next->type != type_crc32c)
      continue;
    auto at = static_cast<size_t>(next->value.data() - whole.data());
    if (next->value.size() != 4 || big_endian(next->value) != crc32c(whole, at))
      return "the checksum of a PROXY header is wrong";
  }
  return {};
}

/// Bytes of both addresses and ports; nothing: there is no such family.
std::optional<size_t> address_bytes(unsigned family) {
  constexpr std::array<size_t, 4> sizes = {0, 12, 36, 216};
  if (family >= sizes.size())
    return std::nullopt;
  return sizes[family];
}

std::string source_of(unsigned family, byte_view addresses) {
  constexpr unsigned unix_socket = 3;
  if (family == unix_socket)
    return "unix";
  size_t size = family == 1 ? 4 : 16;
  auto port = big_endian(addresses.subspan(2 * size, 2));
  return endpoint_text(to_ip_address(addresses.first(size)),
                       static_cast<uint16_t>(port));
}

/// A whole header of version 2.
outcome parse_v2_whole(byte_view whole) {
  proxy_header header;
  header.size = whole.size();
  auto command = whole[12] & 0x0fU;
  auto family = whole[13] >> 4U;
  auto transport = whole[13] & 0x0fU;
  auto body = whole.subspan(v2_fixed_size);
  if (command == 0) // LOCAL: the proxy itself; the rest is to be ignored
    return std::optional{std::move(header)};
  if (command != 1)
    return bad("a PROXY header has an unknown command");
  auto size = address_bytes(family);
  if (!size || transport > 2 || body.size() < *size)
    return bad("the addresses of a PROXY header are malformed");
  if (transport == 2)
    return bad("a PROXY header is for datagrams");
  if (family != 0 && transport == 1)
    header.source = source_of(family, body);
  auto why = read_fields(whole, body.subspan(*size), header);
  if (!why.empty())
    return bad(why);
  return std::optional{std::move(header)};
}

outcome parse_v2(byte_view bytes, size_t largest) {
  if (!may_begin_with(as_text(bytes), v2_start))
    return bad("no PROXY protocol header of version 2");
  if (bytes.size() > v2_start.size() && bytes[12] >> 4U != 2)
    return bad("a PROXY header of an unknown version");
  if (bytes.size() < v2_fixed_size)
    return std::optional<proxy_header>{};
  auto size = v2_fixed_size + big_endian(bytes.subspan(14, 2));
  if (size > largest)
    return bad("a PROXY header is too large");
  if (bytes.size() < size)
    return std::optional<proxy_header>{};
  return parse_v2_whole(bytes.first(size));
}

} // namespace

outcome parse_proxy_header(byte_view bytes, proxy_version expected,
                           size_t largest) {
  return expected == proxy_version::v1 ? parse_v1(as_text(bytes))
                                       : parse_v2(bytes, largest);
}

proxy_reader::proxy_reader(proxy_version expected, size_t largest)
    : largest_(expected == proxy_version::v1
                   ? largest_proxy_v1_header
                   : std::max(largest, v2_fixed_size)),
      expected_(expected) {}

/// What is certainly of the header is taken; what may be is looked at first.
io_result::kind proxy_reader::read(socket& from) noexcept {
  using kind = io_result::kind;
  std::array<uint8_t, 1024> room;
  try {
    for (;;) {
      auto before = input_.size();
      auto part =
          std::span{room}.first(std::min(room.size(), largest_ - before));
      auto seen = from.peek(part);
      if (seen.what != kind::done)
        return seen.what;
      input_.append(as_text(part.first(seen.bytes)));
      auto parsed = parse_proxy_header(
          {reinterpret_cast<const uint8_t*>(input_.data()), input_.size()},
          expected_, largest_);
      if (!parsed) {
        error_ = parsed.error().text;
        return kind::broken;
      }
      auto is_whole = parsed->has_value();
      auto used = (is_whole ? (*parsed)->size : input_.size()) - before;
      from.read(part.first(used));
      if (!is_whole)
        continue;
      header_ = std::move(**parsed);
      input_ = {};
      return kind::done;
    }
  } catch (const std::bad_alloc&) {
    error_ = "there is no memory left";
    return kind::broken;
  }
}

} // namespace troupe::net
