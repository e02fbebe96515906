#include "storage/records.hpp"

#include <algorithm>
#include <initializer_list>

namespace troupe::storage {

namespace {

// The subscription of a peer.
constexpr uint8_t peer_format = 2;
constexpr unsigned peer_bit = 0x40;

// Of a session.
constexpr unsigned connected_bit = 1;
constexpr unsigned bridge_bit = 2;

bool take_time(uint64_t from, wall_time& to) noexcept {
  to = static_cast<wall_time>(from);
  return from <= static_cast<uint64_t>(latest_time);
}

uint32_t payload_size(const broker::publication& from) noexcept {
  return static_cast<uint32_t>(from.payload().size());
}

uint16_t topic_size(const broker::publication& from) noexcept {
  return static_cast<uint16_t>(from.topic().size());
}

// Points at the parts of a message behind a header that ends, at `end`, with
// the size of the topic.
template <size_t Size>
void add_message(value_parts<Size>& out, const char* end,
                 const broker::publication& message) {
  auto properties = message.properties_and_path();
  auto size = static_cast<size_t>(end - out.header.data());
  out.parts = {rocksdb::Slice{out.header.data(), size}, message.topic(),
               message.payload(), properties};
  out.count = properties.empty() ? 3 : 4;
}

uint8_t format_of(const broker::author_ptr& by) noexcept {
  return by ? authored_format : record_format;
}

// Whether anybody is named follows from the format.
char* put_author(char* out, const broker::author_ptr& by) noexcept {
  if (!by)
    return out;
  auto user = by->user_name();
  out = put_number(out, uint8_t{user.has_value()});
  out = put_number(out, static_cast<uint16_t>(by->client_id().size()));
  out = put_number(
      out, static_cast<uint16_t>(user.value_or(std::string_view{}).size()));
  return put_number(out, static_cast<uint16_t>(by->listener().size()));
}

// Points at the header, which ends at `end`, at the author and at what else
// there is of `parts`.
template <size_t Size>
void add_parts(value_parts<Size>& out, const char* end,
               const broker::author_ptr& by,
               std::initializer_list<std::string_view> parts) {
  auto size = static_cast<size_t>(end - out.header.data());
  out.parts[0] = rocksdb::Slice{out.header.data(), size};
  out.count = 1;
  auto add = [&out](std::string_view part) {
    if (!part.empty())
      out.parts[static_cast<size_t>(out.count++)] = part;
  };
  add(by ? by->texts() : std::string_view{});
  for (auto part : parts)
    add(part);
}

// Takes the author that `format` promises; false: it is damaged.
bool take_author(record_reader& in, uint8_t format,
                 std::optional<author_view>& to) {
  if (format != authored_format)
    return format == record_format;
  auto& by = to.emplace();
  auto has_user = in.number<uint8_t>();
  auto client_id = in.number<uint16_t>();
  auto user = in.number<uint16_t>();
  auto listener = in.number<uint16_t>();
  by.client_id = in.text(client_id);
  auto name = in.text(user);
  if (has_user == 1)
    by.user_name = name;
  by.listener = in.text(listener);
  return !in.failed() && (has_user == 1 || (has_user == 0 && user == 0));
}

// The counterpart: topic, payload and the properties.
bool take_message(record_reader& in, uint16_t topic, uint32_t payload,
                  message_view& to) {
  to.topic = in.text(topic);
  to.payload = in.text(payload);
  to.properties = in.rest();
  return !in.failed();
}

// The first of two times of which 0 is never.
wall_time earlier(wall_time x, wall_time y) noexcept {
  return x == 0 || y == 0 ? std::max(x, y) : std::min(x, y);
}

char* put_header(char* out, entry_kind kind, const entry_times& times,
                 uint32_t payload, const broker::entry_options& options,
                 uint8_t message_flags) {
  auto is_impatient = times.waits_until != 0;
  out = put_number(out, is_impatient ? impatient_format : record_format);
  out = put_number(out, static_cast<uint8_t>(kind));
  out = put_number(
      out, static_cast<uint64_t>(earlier(times.expires_at, times.waits_until)));
  out = put_number(out, payload);
  out = put_number(out, options.packet_id);
  out = put_number(out, options.shared);
  out = put_number(out, options.subscription_id);
  out = put_number(out, flags_of(options.qos, options.retain));
  out = put_number(out, message_flags);
  return is_impatient ? put_number(out, static_cast<uint64_t>(times.expires_at))
                      : out;
}

// The header and the flags of the message.
bool take_header(record_reader& in, entry_header& to, uint8_t& flags) {
  auto format = in.number<uint8_t>();
  if (format != record_format && format != impatient_format)
    return false;
  auto kind = in.number<uint8_t>();
  auto time_is_good = take_time(in.number<uint64_t>(), to.expires_at);
  to.kind = static_cast<entry_kind>(kind);
  to.payload_size = in.number<uint32_t>();
  to.options.packet_id = in.number<uint16_t>();
  to.options.shared = in.number<uint16_t>();
  to.options.subscription_id = in.number<uint32_t>();
  auto options = in.number<uint8_t>();
  flags = in.number<uint8_t>();
  to.message_expires_at = to.expires_at;
  if (format == impatient_format)
    time_is_good = take_time(in.number<uint64_t>(), to.message_expires_at)
                   && to.expires_at != 0 && time_is_good;
  return !in.failed() && kind <= 2 && time_is_good
         && take_flags(options, to.options.qos, to.options.retain);
}

} // namespace

uint8_t flags_of(protocol::qos qos, bool retain) noexcept {
  return static_cast<uint8_t>(static_cast<uint8_t>(qos) | (retain ? 4 : 0));
}

uint8_t flags_of(const broker::publication& from) noexcept {
  return flags_of(from.qos(), from.retain());
}

bool take_flags(uint8_t flags, protocol::qos& qos, bool& retain) noexcept {
  if ((flags & 3) == 3 || flags > 7)
    return false;
  qos = static_cast<protocol::qos>(flags & 3);
  retain = (flags & 4) != 0;
  return true;
}

wall_time expiry_of(const broker::publication& message, const instant& now) {
  if (message.expires_at() == never)
    return 0;
  return std::clamp(now.to_wall(message.expires_at()), wall_time{1},
                    latest_time);
}

broker::publication_ptr to_publication(const message_view& from,
                                       wall_time expires_at,
                                       const instant& now) {
  protocol::message source;
  source.topic = from.topic;
  source.payload = from.payload;
  source.forwarded_properties = from.properties;
  source.qos = from.qos;
  source.retain = from.retain;
  auto others = source;
  auto path = broker::take_path(others);
  auto until = now.to_steady(expires_at);
  return path.size() <= broker::most_path_bytes
             ? broker::publication::restore(others, until, path)
             : broker::publication::restore(source, until);
}

void encode_entry(entry_parts& out, const broker::publication& message,
                  const broker::entry_options& options,
                  const entry_times& times) {
  auto* end = put_header(out.header.data(), entry_kind::whole, times,
                         payload_size(message), options, flags_of(message));
  add_message(out, put_number(end, topic_size(message)), message);
}

std::string_view encode_shared(small_entry& out,
                               const broker::publication& message,
                               const broker::entry_options& options,
                               const entry_times& times, uint64_t body) {
  auto* end = put_header(out.data(), entry_kind::shared, times,
                         payload_size(message), options, 0);
  end = put_number(end, body);
  return {out.data(), static_cast<size_t>(end - out.data())};
}

std::string_view encode_released(small_entry& out, uint16_t packet_id) {
  broker::entry_options options;
  options.packet_id = packet_id;
  options.qos = protocol::qos::exactly_once;
  put_header(out.data(), entry_kind::released, {}, 0, options, 0);
  return {out.data(), entry_header_size};
}

bool is_launched(std::span<const broker::launch_run> window, uint64_t sequence,
                 const entry_header& entry) noexcept {
  return entry.options.packet_id != 0 || entry.kind == entry_kind::released
         || (entry.options.qos != protocol::qos::at_most_once
             && broker::launched_id(window, sequence) != 0);
}

std::optional<entry_header> decode_entry_header(std::string_view value) {
  record_reader in{value};
  entry_header result;
  uint8_t flags = 0;
  if (!take_header(in, result, flags))
    return std::nullopt;
  return result;
}

std::optional<entry_view> decode_entry(std::string_view value) {
  record_reader in{value};
  entry_view result;
  uint8_t flags = 0;
  if (!take_header(in, result.header, flags))
    return std::nullopt;
  auto& message = result.message;
  switch (result.header.kind) {
  case entry_kind::whole:
    if (!take_flags(flags, message.qos, message.retain)
        || !take_message(in, in.number<uint16_t>(), result.header.payload_size,
                         message))
      return std::nullopt;
    break;
  case entry_kind::shared:
    result.body = in.number<uint64_t>();
    break;
  case entry_kind::released:
    break;
  }
  if (!in.is_done())
    return std::nullopt;
  return result;
}

void encode_body(body_parts& out, const broker::publication& message,
                 uint64_t count) {
  auto* end = put_number(out.header.data(), record_format);
  end = put_number(end, flags_of(message));
  end = put_number(end, count);
  end = put_number(end, payload_size(message));
  add_message(out, put_number(end, topic_size(message)), message);
}

std::optional<message_view> decode_body(std::string_view value) {
  record_reader in{value};
  message_view result;
  if (in.number<uint8_t>() != record_format)
    return std::nullopt;
  auto flags = in.number<uint8_t>();
  auto count = static_cast<int64_t>(in.number<uint64_t>());
  auto size = in.number<uint32_t>();
  if (!take_flags(flags, result.qos, result.retain) || count <= 0
      || !take_message(in, in.number<uint16_t>(), size, result))
    return std::nullopt;
  return result;
}

bool is_dead_body(std::string_view value) noexcept {
  return value.size() == dead_body_size
         && static_cast<uint8_t>(value[0]) == record_format
         && static_cast<int64_t>(
                get_number<uint64_t>(value.data() + body_count_offset))
                <= 0;
}

broker::author_ptr to_author(const author_view& from) {
  return broker::author::make(from.client_id, from.user_name, from.listener);
}

void encode_retained(retained_parts& out, const broker::retained_message& what,
                     wall_time expires_at) {
  const auto& message = *what.message;
  auto* end = put_number(out.header.data(), format_of(what.by));
  end = put_number(end, flags_of(message));
  end = put_number(end, static_cast<uint64_t>(expires_at));
  end = put_number(end, payload_size(message));
  end = put_author(end, what.by);
  add_parts(out, end, what.by,
            {message.payload(), message.properties_and_path()});
}

std::optional<retained_view> decode_retained(std::string_view topic,
                                             std::string_view value) {
  record_reader in{value};
  retained_view result;
  auto& message = result.message;
  auto format = in.number<uint8_t>();
  if (!take_flags(in.number<uint8_t>(), message.qos, message.retain)
      || !take_time(in.number<uint64_t>(), result.expires_at) || topic.empty()
      || topic.size() > 0xffff)
    return std::nullopt;
  message.topic = topic;
  auto size = in.number<uint32_t>();
  if (!take_author(in, format, result.by))
    return std::nullopt;
  message.payload = in.text(size);
  message.properties = in.rest();
  if (in.failed())
    return std::nullopt;
  return result;
}

std::string encode_session(const broker::session_record& from) {
  std::array<char, 14> header;
  auto* end =
      put_number(header.data(), from.is_bridge ? bridge_format : record_format);
  end = put_number(end,
                   static_cast<uint8_t>((from.is_connected ? connected_bit : 0)
                                        | (from.is_bridge ? bridge_bit : 0)));
  end = put_number(end, from.expiry_interval);
  put_number(end, static_cast<uint64_t>(from.ends_at));
  return std::string{header.data(), header.size()}.append(from.client_id);
}

std::optional<broker::session_record> decode_session(broker::session_key key,
                                                     std::string_view value) {
  record_reader in{value};
  broker::session_record result;
  auto format = in.number<uint8_t>();
  auto flags = in.number<uint8_t>();
  result.key = key;
  result.is_connected = (flags & connected_bit) != 0;
  result.is_bridge = (flags & bridge_bit) != 0;
  if (format != (result.is_bridge ? bridge_format : record_format))
    return std::nullopt;
  result.expiry_interval = in.number<uint32_t>();
  auto time_is_good = take_time(in.number<uint64_t>(), result.ends_at);
  result.client_id = in.rest();
  if (in.failed() || flags > (connected_bit | bridge_bit) || !time_is_good
      || result.client_id.size() > 0xffff)
    return std::nullopt;
  return result;
}

std::string_view encode_subscription(subscription_value& out,
                                     const broker::stored_subscription& from) {
  auto options = static_cast<uint8_t>(
      static_cast<unsigned>(from.options.qos)
      | (from.options.no_local ? 4u : 0u)
      | (from.options.retain_as_published ? 8u : 0u)
      | static_cast<unsigned>(from.options.retain_handling) << 4
      | (from.options.is_peer ? peer_bit : 0u));
  // Programs that do not know the bit must not take it for another.
  auto* end = put_number(out.data(),
                         from.options.is_peer ? peer_format : record_format);
  end = put_number(end, options);
  end = put_number(end, from.identifier);
  put_number(end, from.shared);
  return {out.data(), out.size()};
}

std::optional<broker::stored_subscription>
decode_subscription(std::string_view filter, std::string_view value) {
  record_reader in{value};
  broker::stored_subscription result;
  auto format = in.number<uint8_t>();
  auto options = in.number<uint8_t>();
  if (format == peer_format && (options & peer_bit) != 0) {
    result.options.is_peer = true;
    options &= static_cast<uint8_t>(~peer_bit);
  } else if (format != record_format) {
    return std::nullopt;
  }
  result.filter = filter;
  result.options.qos = static_cast<protocol::qos>(options & 3);
  result.options.no_local = (options & 4) != 0;
  result.options.retain_as_published = (options & 8) != 0;
  result.options.retain_handling =
      static_cast<protocol::retain_handling>(options >> 4);
  result.identifier = in.number<uint32_t>();
  result.shared = in.number<uint16_t>();
  if (!in.is_done() || (options & 3) == 3 || options >> 4 > 2 || filter.empty()
      || filter.size() > 0xffff)
    return std::nullopt;
  return result;
}

void encode_will(will_parts& out, const broker::stored_will& from,
                 const instant& now) {
  const auto& message = *from.message;
  auto flags =
      static_cast<uint8_t>(flags_of(message) | (from.expiry_interval ? 8 : 0));
  auto* end = put_number(out.header.data(), format_of(from.by));
  end = put_number(end, flags);
  end = put_number(end, static_cast<uint64_t>(from.due_at));
  end = put_number(end, from.delay);
  end = put_number(end, from.expiry_interval.value_or(0));
  end = put_number(end, static_cast<uint64_t>(expiry_of(message, now)));
  end = put_number(end, payload_size(message));
  end = put_number(end, topic_size(message));
  end = put_author(end, from.by);
  add_parts(
      out, end, from.by,
      {message.topic(), message.payload(), message.properties_and_path()});
}

std::optional<broker::stored_will> decode_will(std::string_view value,
                                               const instant& now) {
  record_reader in{value};
  broker::stored_will result;
  message_view message;
  wall_time expires_at = 0;
  std::optional<author_view> by;
  auto format = in.number<uint8_t>();
  auto flags = in.number<uint8_t>();
  auto due_is_good = take_time(in.number<uint64_t>(), result.due_at);
  result.delay = in.number<uint32_t>();
  if (auto interval = in.number<uint32_t>(); (flags & 8) != 0)
    result.expiry_interval = interval;
  auto expiry_is_good = take_time(in.number<uint64_t>(), expires_at);
  auto size = in.number<uint32_t>();
  auto topic = in.number<uint16_t>();
  if (!take_author(in, format, by) || !take_message(in, topic, size, message)
      || !due_is_good || !expiry_is_good
      || !take_flags(flags & ~8, message.qos, message.retain))
    return std::nullopt;
  result.message = to_publication(message, expires_at, now);
  if (by)
    result.by = to_author(*by);
  return result;
}

std::string encode_window(std::span<const broker::launch_run> window) {
  std::string result(1 + window.size() * 12, '\0');
  auto* end = put_number(result.data(), record_format);
  for (const auto& run : window) {
    end = put_number(end, run.first_sequence);
    end = put_number(end, run.first_packet_id);
    end = put_number(end, run.count);
  }
  return result;
}

std::optional<std::vector<broker::launch_run>>
decode_window(std::string_view value) {
  record_reader in{value};
  if (in.number<uint8_t>() != record_format || (value.size() - 1) % 12 != 0)
    return std::nullopt;
  std::vector<broker::launch_run> result((value.size() - 1) / 12);
  for (auto& run : result) {
    run.first_sequence = in.number<uint64_t>();
    run.first_packet_id = in.number<uint16_t>();
    run.count = in.number<uint16_t>();
    if (run.first_packet_id == 0)
      return std::nullopt;
  }
  return result;
}

std::string_view encode_seen(seen_value& out, const broker::seen_bits& bits) {
  auto* end = put_number(out.data(), record_format);
  for (auto each : bits)
    end = put_number(end, each);
  return {out.data(), out.size()};
}

std::optional<broker::seen_bits> decode_seen(std::string_view value) {
  record_reader in{value};
  auto format = in.number<uint8_t>();
  broker::seen_bits result;
  for (auto& each : result)
    each = in.number<uint64_t>();
  if (format != record_format || !in.is_done())
    return std::nullopt;
  return result;
}

std::string_view encode_meta(meta_value& out, uint64_t number) {
  put_number(put_number(out.data(), record_format), number);
  return {out.data(), out.size()};
}

std::optional<uint64_t> decode_meta(std::string_view value) {
  record_reader in{value};
  auto format = in.number<uint8_t>();
  auto result = in.number<uint64_t>();
  if (format != record_format || !in.is_done())
    return std::nullopt;
  return result;
}

} // namespace troupe::storage
