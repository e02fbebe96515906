#include "broker/publication.hpp"

#include "core/block_pool.hpp"
#include "protocol/property.hpp"

#include <cassert>
#include <chrono>
#include <cstring>
#include <new>

namespace troupe::broker {

namespace {

time_point expiry_of(const protocol::message& source, time_point received) {
  return source.message_expiry_interval
             ? received + std::chrono::seconds{*source.message_expiry_interval}
             : never;
}

/// All of it but its expiry and its path.
protocol::message message_of(const publication& source) noexcept {
  protocol::message result;
  result.topic = source.topic();
  result.payload = source.payload();
  result.qos = source.qos();
  result.retain = source.retain();
  result.forwarded_properties = source.properties();
  return result;
}

char* write(char* out, std::string_view text) noexcept {
  if (!text.empty())
    std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Two bytes of length, then the text.
char* write_sized(char* out, std::string_view text) noexcept {
  *out++ = static_cast<char>(text.size() >> 8);
  *out++ = static_cast<char>(text.size() & 0xff);
  return write(out, text);
}

} // namespace

publication::publication(const protocol::message& source, time_point expires_at,
                         std::string_view path) noexcept
    : expires_at_(expires_at),
      payload_size_(static_cast<uint32_t>(source.payload.size())),
      properties_size_(
          static_cast<uint32_t>(source.forwarded_properties.size())),
      topic_size_(static_cast<uint16_t>(source.topic.size())),
      trailer_size_(static_cast<uint16_t>(trailer_size(path) & 0x1fff)),
      qos_(static_cast<uint16_t>(source.qos) & 3), retain_(source.retain) {
  assert(source.topic.size() <= 0xffff && path.size() <= most_path_bytes);
  auto* out = write_sized(reinterpret_cast<char*>(this + 1), source.topic);
  out = write(out, source.payload);
  out = write(out, source.forwarded_properties);
  if (path.empty()) [[likely]]
    return;
  *out++ = static_cast<char>(protocol::property::user_property);
  write_sized(write_sized(out, path_property), path);
}

ref_ptr<const publication> publication::make(const protocol::message& source,
                                             time_point received,
                                             std::string_view path) {
  return restore(source, expiry_of(source, received), path);
}

ref_ptr<const publication> publication::restore(const protocol::message& source,
                                                time_point expires_at,
                                                std::string_view path) {
  auto size = sizeof(publication) + 2 + source.topic.size()
              + source.payload.size() + source.forwarded_properties.size()
              + trailer_size(path);
  void* memory = block_pool::allocate(size);
  return ref_ptr<const publication>{
      new (memory) publication(source, expires_at, path), false};
}

void publication::release() const noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  auto size = footprint();
  this->~publication();
  block_pool::release(const_cast<publication*>(this), size);
}

publication_ptr with_expiry(const publication& source, uint32_t seconds,
                            time_point now) {
  auto copy = message_of(source);
  copy.message_expiry_interval = seconds;
  return publication::make(copy, now, source.path());
}

publication_ptr with_path(const publication& source, std::string_view path) {
  return publication::restore(message_of(source), source.expires_at(), path);
}

} // namespace troupe::broker
