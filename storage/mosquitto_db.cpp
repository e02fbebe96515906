#include "storage/mosquitto_db.hpp"

#include "protocol/property.hpp"
#include "protocol/reader.hpp"
#include "protocol/topic.hpp"

#include <algorithm>
#include <utility>

namespace troupe::storage {

namespace {

using protocol::reader;

/// With what every file begins.
constexpr uint8_t magic[] = {0x00, 0xb5, 0x00, 'm', 'o', 's', 'q', 'u',
                             'i',  't',  't',  'o', ' ', 'd', 'b'};
/// Behind it four bytes that are not used and the number of the format.
constexpr size_t header_size = sizeof magic + 8;

constexpr std::string_view sqlite_magic = "SQLite format 3";

enum chunk_type : uint32_t {
  configuration = 1,
  message,
  entry,
  retained,
  subscription,
  client,
};

/// Mosquitto writes 64-bit numbers as they lie in memory.
uint64_t memory_u64(reader& in) noexcept {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 8)
    value |= uint64_t{in.u8()} << shift;
  return value;
}

int64_t memory_i64(reader& in) noexcept {
  return static_cast<int64_t>(memory_u64(in));
}

protocol::qos read_qos(reader& in) noexcept {
  auto level = in.u8();
  if (level > 2)
    in.fail(ec::malformed_packet, "its QoS is above 2");
  return static_cast<protocol::qos>(level & 3);
}

void check_client_id(reader& in, std::string_view id) noexcept {
  if (!in.failed() && (id.empty() || !protocol::is_utf8_string(id)))
    in.fail(ec::malformed_packet, "its client id is empty or not UTF-8");
}

void check_topic(reader& in, std::string_view topic) noexcept {
  if (!in.failed() && !protocol::is_topic_name(topic))
    in.fail(ec::malformed_packet, "its topic is not a topic name");
}

void check_filter(reader& in, std::string_view filter) noexcept {
  if (!in.failed() && !protocol::parse_filter(filter))
    in.fail(ec::malformed_packet, "its filter is not a topic filter");
}

/// The states as Mosquitto numbers them.
mosquitto_stage read_stage(reader& in, bool is_incoming) noexcept {
  constexpr uint8_t resend_pubrel = 6;
  constexpr uint8_t resend_pubcomp = 8;
  constexpr uint8_t wait_for_pubcomp = 9;
  constexpr uint8_t waits_in_queue = 11;
  auto state = in.u8();
  if (state > waits_in_queue)
    in.fail(ec::malformed_packet, "its state is none that Mosquitto knows");
  if (state == waits_in_queue)
    return mosquitto_stage::queued;
  auto is_released = is_incoming
                         ? state == resend_pubcomp
                         : state == resend_pubrel || state == wait_for_pubcomp;
  return is_released ? mosquitto_stage::released : mosquitto_stage::under_way;
}

bool read_direction(reader& in) noexcept {
  auto direction = in.u8();
  if (direction > 1)
    in.fail(ec::malformed_packet, "its direction is neither in nor out");
  return direction == 0;
}

protocol::subscription_options make_options(protocol::qos qos, uint8_t bits) {
  protocol::subscription_options out;
  out.qos = qos;
  out.no_local = (bits & 0x04) != 0;
  out.retain_as_published = (bits & 0x08) != 0;
  out.retain_handling =
      static_cast<protocol::retain_handling>(std::min((bits >> 4) & 3, 2));
  return out;
}

/// Appends those that a broker passes on: the others concerned the publisher.
void read_message_properties(reader& in, std::string& out) {
  if (in.at_end())
    return;
  protocol::property_reader block{in, protocol::packet_type::publish};
  protocol::property_value value;
  using p = protocol::property;
  while (block.next(value))
    if (value.id != p::message_expiry_interval && value.id != p::topic_alias
        && value.id != p::subscription_identifier)
      out += value.encoded;
}

uint32_t read_subscription_id(reader& in) {
  if (in.at_end())
    return 0;
  uint32_t found = 0;
  protocol::property_reader block{in, protocol::packet_type::publish};
  protocol::property_value value;
  while (block.next(value))
    if (value.id == protocol::property::subscription_identifier)
      found = value.number;
  return found;
}

// -- formats 5 and 6: numbers first, then all text ----------------------------

void read_message(reader& in, mosquitto_message& out) {
  out.id = memory_u64(in);
  out.expires_at = memory_i64(in);
  auto payload_size = in.u32();
  in.u16(); // the publisher's packet identifier
  auto source_id_size = in.u16();
  auto source_user_size = in.u16();
  auto topic_size = in.u16();
  out.source_port = in.u16();
  out.qos = read_qos(in);
  out.retain = in.u8() != 0;
  out.source_id = in.take(source_id_size);
  out.source_user = in.take(source_user_size);
  out.topic = in.take(topic_size);
  check_topic(in, out.topic);
  out.payload = in.take(payload_size);
  read_message_properties(in, out.properties);
}

/// Reads no further than the client id: Mosquitto 2.0 writes nonsense behind it
/// if a client without user name follows one that has one.
void read_client(reader& in, size_t head_size, mosquitto_client& out) {
  auto head = in.take(head_size);
  reader numbers{{reinterpret_cast<const uint8_t*>(head.data()), head.size()}};
  out.expires_at = memory_i64(numbers);
  out.expiry_interval = numbers.u32();
  numbers.u16(); // the packet identifier given out last
  out.id = in.take(numbers.u16());
  check_client_id(in, out.id);
}

void read_entry(reader& in, mosquitto_entry& out) {
  out.message_id = memory_u64(in);
  out.packet_id = in.u16();
  auto id_size = in.u16();
  out.qos = read_qos(in);
  auto state = in.take(1);
  out.retain = (in.u8() & 0xf0) != 0;
  out.is_incoming = read_direction(in);
  reader late{{reinterpret_cast<const uint8_t*>(state.data()), state.size()}};
  out.stage = read_stage(late, out.is_incoming);
  if (late.failed())
    in.fail(late.error().code, late.error().text);
  out.client_id = in.take(id_size);
  check_client_id(in, out.client_id);
  out.subscription_id = read_subscription_id(in);
}

void read_subscription(reader& in, mosquitto_subscription& out) {
  out.identifier = in.u32();
  auto id_size = in.u16();
  auto filter_size = in.u16();
  auto qos = read_qos(in);
  out.options = make_options(qos, in.u8());
  in.u16(); // nothing
  out.client_id = in.take(id_size);
  check_client_id(in, out.client_id);
  out.filter = in.take(filter_size);
  check_filter(in, out.filter);
}

// -- formats 2 to 4: field after field ----------------------------------------

void read_old_message(reader& in, uint32_t format, mosquitto_message& out) {
  out.id = memory_u64(in);
  out.source_id = in.binary();
  if (format == 4) {
    out.source_user = in.binary();
    out.source_port = in.u16();
  }
  in.u16(); // its packet identifier
  in.u16(); // nothing
  out.topic = in.binary();
  check_topic(in, out.topic);
  out.qos = read_qos(in);
  out.retain = in.u8() != 0;
  out.payload = in.take(in.u32());
}

void read_old_client(reader& in, mosquitto_client& out) {
  out.id = in.binary();
  check_client_id(in, out.id);
  out.expiry_interval = UINT32_MAX;
}

void read_old_entry(reader& in, mosquitto_entry& out) {
  out.client_id = in.binary();
  check_client_id(in, out.client_id);
  out.message_id = memory_u64(in);
  out.packet_id = in.u16();
  out.qos = read_qos(in);
  out.retain = in.u8() != 0;
  out.is_incoming = read_direction(in);
  out.stage = read_stage(in, out.is_incoming);
}

void read_old_subscription(reader& in, mosquitto_subscription& out) {
  out.client_id = in.binary();
  check_client_id(in, out.client_id);
  out.filter = in.binary();
  check_filter(in, out.filter);
  out.options.qos = read_qos(in);
}

void read_configuration(reader& in, bool is_old) noexcept {
  if (is_old)
    in.u8(); // whether it was written at the end
  else
    in.take(9); // the id given out last, and that
  if (in.u8() != sizeof(uint64_t))
    in.fail(ec::malformed_packet, "its message ids do not have 8 bytes");
}

/// 32-bit x86 does not fill up to multiples of eight bytes; what is written
/// first gives it away.
size_t client_head_size(uint32_t format, size_t configuration_size) noexcept {
  if (format == 5)
    return 16;
  return configuration_size < 16 ? 20 : 24;
}

/// The reader speaks of packets.
failure failed(const reader& in) noexcept {
  auto why = in.error();
  if (why.text == "packet ends too early")
    why.text = "a field is longer than its record";
  return why;
}

template <class T, class Read>
result<std::optional<mosquitto_record>> made(reader& in, const Read& read) {
  T value;
  read(value);
  if (in.failed())
    return failed(in);
  return std::optional<mosquitto_record>{std::move(value)};
}

} // namespace

/// One record as it lies in the file.
struct mosquitto_db::chunk {
  uint32_t type = 0;
  std::span<const uint8_t> body;
  uint64_t end = 0;
};

result<mosquitto_db>
mosquitto_db::open(std::span<const uint8_t> bytes) noexcept {
  std::string_view start{reinterpret_cast<const char*>(bytes.data()),
                         std::min(bytes.size(), sqlite_magic.size())};
  if (start == sqlite_magic)
    return failure{ec::malformed_packet,
                   "this is a database of Mosquitto's SQLite plugin, which "
                   "cannot be read"};
  if (bytes.size() < header_size
      || !std::equal(std::begin(magic), std::end(magic), bytes.begin()))
    return failure{ec::malformed_packet, "this is no database of Mosquitto"};
  mosquitto_db made{bytes};
  reader in{bytes.subspan(sizeof magic + 4)};
  made.format_ = in.u32();
  made.next_ = header_size;
  if (made.format_ < 2 || made.format_ > 6)
    return failure{ec::malformed_packet,
                   "its format is not one of 2 to 6, which Mosquitto up to 2.1 "
                   "writes"};
  return made;
}

result<mosquitto_db::chunk>
mosquitto_db::chunk_at(uint64_t offset) const noexcept {
  reader in{bytes_.subspan(offset)};
  chunk found;
  found.type = is_old() ? in.u16() : in.u32();
  auto size = in.u32();
  if (in.failed() || size > in.left())
    return failure{ec::malformed_packet, "the file ends within a record"};
  auto begin = bytes_.size() - in.left();
  found.body = bytes_.subspan(begin, size);
  found.end = begin + size;
  return found;
}

result<std::optional<mosquitto_record>> mosquitto_db::next() {
  while (next_ < bytes_.size()) {
    offset_ = next_;
    auto found = chunk_at(offset_);
    next_ = found ? found->end : bytes_.size();
    if (!found)
      return found.error();
    auto record = read(*found);
    if (!record || *record)
      return record;
  }
  return std::optional<mosquitto_record>{};
}

result<std::optional<mosquitto_record>> mosquitto_db::read(const chunk& what) {
  reader in{what.body};
  switch (what.type) {
  case configuration:
    read_configuration(in, is_old());
    client_head_ = client_head_size(format_, what.body.size());
    if (in.failed())
      return failed(in);
    return std::optional<mosquitto_record>{};
  case message:
    return made<mosquitto_message>(in, [&](auto& out) {
      is_old() ? read_old_message(in, format_, out) : read_message(in, out);
    });
  case entry:
    return made<mosquitto_entry>(in, [&](auto& out) {
      is_old() ? read_old_entry(in, out) : read_entry(in, out);
    });
  case retained:
    return made<mosquitto_retained>(
        in, [&](auto& out) { out.message_id = memory_u64(in); });
  case subscription:
    return made<mosquitto_subscription>(in, [&](auto& out) {
      is_old() ? read_old_subscription(in, out) : read_subscription(in, out);
    });
  case client:
    return made<mosquitto_client>(in, [&](auto& out) {
      is_old() ? read_old_client(in, out) : read_client(in, client_head_, out);
    });
  default:
    return failure{ec::malformed_packet, "a record of an unknown kind"};
  }
}

result<mosquitto_message> mosquitto_db::message_at(uint64_t offset) const {
  auto found = chunk_at(offset);
  if (!found)
    return found.error();
  mosquitto_message out;
  reader in{found->body};
  is_old() ? read_old_message(in, format_, out) : read_message(in, out);
  if (in.failed())
    return failed(in);
  return out;
}

} // namespace troupe::storage
