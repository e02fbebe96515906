#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"
#include "tests/protocol/notation.hpp"
#include "tests/protocol/packet_table.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

using namespace troupe;
using namespace troupe::protocol;
using namespace troupe::test;

namespace {

constexpr auto no_limit = max_remaining_length + 1;

/// A copy without a byte to spare, so that a sanitizer sees reads past its end.
class exact_copy {
public:
  explicit exact_copy(std::span<const uint8_t> from)
      : size_(from.size()), data_(new uint8_t[from.size()]) {
    std::copy(from.begin(), from.end(), data_.get());
  }
  std::span<const uint8_t> view() const { return {data_.get(), size_}; }

private:
  size_t size_;
  std::unique_ptr<uint8_t[]> data_;
};

std::string hex(std::span<const uint8_t> from) {
  std::string text;
  for (auto byte : from) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

/// What a call of the codec came to, as a word to compare and print.
std::string outcome(const result<std::optional<packet>>& got,
                    const packet_row& row) {
  if (!got)
    return std::string{to_string(got.error().code)};
  if (!*got)
    return "need more";
  const auto* wanted = std::get_if<packet>(&row.expected);
  return wanted != nullptr && **got == *wanted ? "the packet"
                                               : "another packet";
}

std::string wanted_outcome(const packet_row& row) {
  if (const auto* why = std::get_if<ec>(&row.expected))
    return std::string{to_string(*why)};
  return "the packet";
}

result<std::optional<packet>> decode_one(std::span<const uint8_t> from,
                                         version v) {
  auto found = next_frame(from, no_limit);
  if (!found)
    return found.error();
  if (!*found)
    return std::optional<packet>{};
  auto decoded = decode(**found, v);
  if (!decoded)
    return decoded.error();
  return std::optional<packet>{std::move(*decoded)};
}

std::string label(const packet_row& row, const std::string& what) {
  return std::string{row.name} + ": " + what;
}

std::string encoded(const packet& value, version v) {
  byte_buffer out;
  encode(out, value, v);
  return hex(out.bytes());
}

} // namespace

CAF_TEST(the table names each of its rows once) {
  std::set<std::string> names;
  for (const auto& row : packet_table())
    if (!names.insert(row.name).second)
      CAF_ERROR(label(row, "twice"));
  CAF_CHECK(names.size() >= 150);
}

CAF_TEST(every packet of the table decodes to its value or failure) {
  for (const auto& row : packet_table()) {
    exact_copy whole{notation::parse(row.bytes)};
    auto got = outcome(decode_one(whole.view(), row.version), row);
    CAF_CHECK_EQUAL(label(row, got), label(row, wanted_outcome(row)));
  }
}

CAF_TEST(a frame is exactly as long as its packet) {
  for (const auto& row : packet_table()) {
    auto bytes = notation::parse(row.bytes);
    auto size = bytes.size();
    bytes.push_back(0xc0);
    if (auto found = next_frame(bytes, no_limit); found && *found)
      CAF_CHECK_EQUAL(label(row, std::to_string((*found)->size)),
                      label(row, std::to_string(size)));
  }
}

CAF_TEST(every value of the table encodes to its bytes) {
  for (const auto& row : packet_table())
    if (const auto* value = std::get_if<packet>(&row.expected)) {
      const auto& bytes = row.canonical.empty() ? row.bytes : row.canonical;
      CAF_CHECK_EQUAL(label(row, encoded(*value, row.version)),
                      label(row, hex(notation::parse(bytes))));
    }
}

CAF_TEST(the announced size of a PUBLISH is the size it has) {
  for (const auto& row : packet_table())
    if (const auto* value = std::get_if<packet>(&row.expected))
      if (const auto* message = std::get_if<publish>(value)) {
        byte_buffer out;
        encode(out, *message, row.version);
        CAF_CHECK_EQUAL(encoded_size(*message, row.version), out.size());
      }
}

CAF_TEST(a packet cut anywhere needs more bytes or fails as the whole does) {
  for (const auto& row : packet_table()) {
    auto bytes = notation::parse(row.bytes);
    for (size_t size = 0; size < bytes.size(); ++size) {
      exact_copy part{std::span{bytes}.first(size)};
      auto got = outcome(decode_one(part.view(), row.version), row);
      auto is_failure = std::holds_alternative<ec>(row.expected);
      if (got != "need more" && !(is_failure && got == wanted_outcome(row)))
        CAF_ERROR(label(row, got + " at " + std::to_string(size)));
    }
  }
  CAF_CHECK(!packet_table().empty());
}

CAF_TEST(a body that ends early is refused or means what it says) {
  size_t refused = 0;
  for (const auto& row : packet_table()) {
    auto bytes = notation::parse(row.bytes);
    auto whole = next_frame(bytes, no_limit);
    if (!whole || !*whole || bytes.size() > 1000)
      continue;
    for (size_t size = 0; size < (*whole)->body.size(); ++size) {
      exact_copy body{(*whole)->body.first(size)};
      auto got = decode({bytes[0], body.view(), size + 2}, row.version);
      if (!got) {
        ++refused;
        continue;
      }
      auto again = notation::parse(encoded(*got, row.version));
      auto other = decode_one(again, row.version);
      if (!other || !*other || **other != *got)
        CAF_ERROR(label(row, "is not itself at " + std::to_string(size)));
    }
  }
  CAF_CHECK(refused > 1000);
}

CAF_TEST(a packet fed byte by byte comes out with its last byte) {
  for (const auto& row : packet_table()) {
    decoder in;
    in.set_version(row.version);
    auto bytes = notation::parse(row.bytes);
    std::string got = "need more";
    size_t fed = 0;
    while (fed < bytes.size() && got == "need more") {
      in.feed({&bytes[fed++], 1});
      got = outcome(in.next(), row);
    }
    CAF_CHECK_EQUAL(label(row, got), label(row, wanted_outcome(row)));
    if (got == "the packet")
      CAF_CHECK_EQUAL(label(row, std::to_string(fed)),
                      label(row, std::to_string(bytes.size())));
  }
}
