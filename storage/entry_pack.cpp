#include "storage/entry_pack.hpp"

#include "storage/bytes.hpp"
#include "storage/difference.hpp"

#include <array>
#include <cstring>
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
/// In place of all that, which has no QoS of 3: as the entry before, but for
/// payload and properties, whose difference follows.
constexpr uint8_t differs = 3 << delivery_shift;

/// No pack says more: it is full before its last entry, which is small.
constexpr size_t largest_pack =
    pack_bytes + 2 * broker::store::shared_body_size;

/// A difference is put if it is so many times smaller than the entry.
constexpr size_t worth_a_difference = 2;

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
  if (is_empty()) {
    value_.assign(2, '\0'); // format and count
    whole_size_ = value_.size();
  }
  auto properties = message.properties_and_path();
  entry_head head;
  head.flags = static_cast<uint8_t>(
      flags_of(options.qos, options.retain) << delivery_shift
      | flags_of(message) << message_shift
      | (options.subscription_id != 0 ? identifier_bit : 0));
  head.subscription_id = options.subscription_id;
  head.payload = static_cast<uint16_t>(message.payload().size());
  head.properties = static_cast<uint16_t>(properties.size());
  next_bytes_.assign(message.payload()).append(properties);
  auto is_same_topic = !is_empty() && message.topic() == topic_;
  auto is_like_last = is_same_topic && head == head_;
  if (!is_like_last || !put_difference(head))
    put_whole(message, head, is_same_topic);
  bytes_.swap(next_bytes_);
  head_ = head;
  ++count_;
}

void pack_writer::put_whole(const broker::publication& message,
                            const entry_head& head, bool is_same_topic) {
  auto begin = value_.size();
  put(static_cast<uint8_t>(head.flags | (is_same_topic ? same_topic_bit : 0)));
  if (head.subscription_id != 0)
    put(head.subscription_id);
  put(head.payload);
  put(head.properties);
  if (!is_same_topic) {
    topic_ = message.topic();
    put(static_cast<uint16_t>(topic_.size()));
    value_.append(topic_);
  }
  value_.append(next_bytes_);
  whole_size_ += value_.size() - begin;
}

bool pack_writer::put_difference(const entry_head& head) {
  put(differs);
  if (!append_difference(value_, bytes_, next_bytes_,
                         head.size() / worth_a_difference - sizeof(differs))) {
    value_.pop_back();
    return false;
  }
  whole_size_ += head.size();
  return true;
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
// Least sizes of what is tried: one message has little that occurs twice.
constexpr size_t least_of_one = 128;
constexpr size_t least_of_many = 64;

} // namespace

void pack_compressor::deleter::operator()(LZ4_stream_u* stream) const noexcept {
  LZ4_freeStream(stream);
}

pack_compressor::pack_compressor() : stream_(LZ4_createStream()) {
  if (!stream_)
    throw std::bad_alloc{};
  compressed_.resize(compressed_header + largest_pack);
}

// Not worth it for less than an eighth: who reads it pays, too.
std::string_view pack_compressor::compress(std::string_view pack) {
  auto content = pack.substr(2);
  auto least = pack_count(pack) == 1 ? least_of_one : least_of_many;
  if (content.size() > largest_pack || content.size() < least)
    return pack;
  auto most = pack.size() - pack.size() / 8 - compressed_header;
  auto* out = compressed_.data();
  LZ4_resetStream_fast(stream_.get());
  auto size = LZ4_compress_fast_continue(
      stream_.get(), content.data(), out + compressed_header,
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
  made_size_ = 0;
  for (auto& each : entries_)
    if (!take_entry(in, topic, each))
      return false;
  return in.is_done();
}

bool pack_reader::take_entry(record_reader& in, std::string_view& topic,
                             entry_view& to) {
  auto first = in.number<uint8_t>();
  if (first == differs)
    return &to != entries_.data() && take_difference(in, *(&to - 1), to);
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

bool pack_reader::take_difference(record_reader& in, const entry_view& before,
                                  entry_view& to) {
  to = before;
  auto payload = before.message.payload.size();
  auto size = payload + before.message.properties.size();
  // No writer makes more, and what is pointed into must not move.
  if (made_size_ + size > largest_pack)
    return false;
  made_.resize(largest_pack);
  auto* bytes = made_.data() + made_size_;
  made_size_ += size;
  // They lie one behind the other, wherever that is.
  std::memcpy(bytes, before.message.payload.data(), size);
  to.message.payload = {bytes, payload};
  to.message.properties = {bytes + payload, size - payload};
  return apply_difference(in, bytes, size);
}

} // namespace troupe::storage
