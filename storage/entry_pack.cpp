#include "storage/entry_pack.hpp"

#include "storage/bytes.hpp"

#include <array>
#include <lz4.h>
#include <new>

namespace troupe::storage {

namespace {

// The first byte of an entry.
constexpr uint8_t delivery_shift = 0;
constexpr uint8_t message_shift = 3;
constexpr uint8_t flags_mask = 7;
/// The topic is that of the entry before.
constexpr uint8_t same_topic_bit = 1 << 6;
constexpr uint8_t identifier_bit = 1 << 7;

bool take_entry(record_reader& in, std::string_view& topic, entry_view& to) {
  auto first = in.number<uint8_t>();
  auto& options = to.header.options;
  if (!take_flags((first >> delivery_shift) & flags_mask, options.qos,
                  options.retain)
      || !take_flags((first >> message_shift) & flags_mask, to.message.qos,
                     to.message.retain))
    return false;
  if ((first & identifier_bit) != 0)
    options.subscription_id = in.number<uint32_t>();
  auto payload = in.number<uint16_t>();
  auto properties = in.number<uint16_t>();
  if ((first & same_topic_bit) == 0)
    topic = in.text(in.number<uint16_t>());
  to.header.payload_size = payload;
  to.message.topic = topic;
  to.message.payload = in.text(payload);
  to.message.properties = in.text(properties);
  return !in.failed() && !topic.empty();
}

} // namespace

bool is_packed(const broker::publication& message,
               const broker::entry_options& options,
               const entry_times& times) noexcept {
  return options.qos != protocol::qos::exactly_once
         && size_of(message) < broker::store::shared_body_size
         && options.packet_id == 0 && options.shared == 0
         && times.expires_at == 0 && times.waits_until == 0;
}

template <std::unsigned_integral T>
void pack_writer::put(T number) {
  std::array<char, sizeof(T)> bytes;
  put_number(bytes.data(), number);
  value_.append(bytes.data(), bytes.size());
}

void pack_writer::add(const broker::publication& message,
                      const broker::entry_options& options) {
  if (is_empty())
    value_.assign(2, '\0'); // format and count
  auto topic = message.topic();
  auto properties = message.properties_and_path();
  std::string_view last{value_.data() + topic_begin_, topic_size_};
  auto is_same = count_ != 0 && topic == last;
  auto first = flags_of(options.qos, options.retain) << delivery_shift
               | flags_of(message) << message_shift
               | (is_same ? same_topic_bit : 0)
               | (options.subscription_id != 0 ? identifier_bit : 0);
  put(static_cast<uint8_t>(first));
  if (options.subscription_id != 0)
    put(options.subscription_id);
  put(static_cast<uint16_t>(message.payload().size()));
  put(static_cast<uint16_t>(properties.size()));
  if (!is_same) {
    put(static_cast<uint16_t>(topic.size()));
    topic_begin_ = value_.size();
    topic_size_ = topic.size();
    value_.append(topic);
  }
  value_.append(message.payload()).append(properties);
  ++count_;
}

std::string_view pack_writer::value() {
  value_[0] = static_cast<char>(pack_format);
  value_[1] = static_cast<char>(count_);
  return value_;
}

void pack_writer::clear() noexcept {
  value_.clear();
  count_ = 0;
}

// -- compression --------------------------------------------------------------

namespace {

// Format, count and size.
constexpr size_t compressed_header = 2 + 2;
constexpr size_t worth_compressing = 128;
/// No pack is larger: it is full before its last entry, which is small.
constexpr size_t largest_pack =
    pack_bytes + 2 * broker::store::shared_body_size;

} // namespace

struct pack_compressor::state {
  LZ4_stream_t* stream = LZ4_createStream();

  state() {
    if (stream == nullptr)
      throw std::bad_alloc{};
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() { LZ4_freeStream(stream); }
};

pack_compressor::pack_compressor() : state_(std::make_unique<state>()) {
  compressed_.resize(compressed_header + largest_pack);
}

pack_compressor::~pack_compressor() = default;

// Not worth it for less than an eighth: who reads it pays, too. Nor for what is
// hardly more than one message, which has little that occurs twice.
std::string_view pack_compressor::compress(std::string_view pack) {
  auto content = pack.substr(2);
  if (content.size() > largest_pack || content.size() < worth_compressing)
    return pack;
  auto most = pack.size() - pack.size() / 8 - compressed_header;
  auto* out = compressed_.data();
  LZ4_resetStream_fast(state_->stream);
  auto size = LZ4_compress_fast_continue(
      state_->stream, content.data(), out + compressed_header,
      static_cast<int>(content.size()), static_cast<int>(most), 1);
  if (size <= 0)
    return pack;
  out = put_number(out, compressed_format);
  *out++ = pack[1];
  put_number(out, static_cast<uint16_t>(content.size()));
  return {compressed_.data(), compressed_header + static_cast<size_t>(size)};
}

// -- reading ------------------------------------------------------------------

std::optional<size_t> pack_count(std::string_view value) noexcept {
  record_reader in{value};
  auto format = in.number<uint8_t>();
  auto count = in.number<uint8_t>();
  if ((format != pack_format && format != compressed_format) || count == 0)
    return std::nullopt;
  return count;
}

bool pack_reader::read(std::string_view value) {
  auto is_good = take_all(value);
  if (!is_good)
    entries_.clear();
  return is_good;
}

bool pack_reader::take_all(std::string_view value) {
  auto count = pack_count(value);
  if (!count)
    return false;
  auto content = value.substr(2);
  if (static_cast<uint8_t>(value[0]) == compressed_format) {
    record_reader header{content};
    size_t size = header.number<uint16_t>();
    if (header.failed() || size > largest_pack)
      return false;
    content.remove_prefix(sizeof(uint16_t));
    uncompressed_.resize(size);
    auto found = LZ4_decompress_safe(content.data(), uncompressed_.data(),
                                     static_cast<int>(content.size()),
                                     static_cast<int>(size));
    if (found < 0 || static_cast<size_t>(found) != size)
      return false;
    content = uncompressed_;
  }
  record_reader in{content};
  std::string_view topic;
  entries_.assign(*count, {});
  for (auto& each : entries_)
    if (!take_entry(in, topic, each))
      return false;
  return in.is_done();
}

} // namespace troupe::storage
