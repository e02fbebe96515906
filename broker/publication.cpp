#include "broker/publication.hpp"

#include "core/block_pool.hpp"

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

} // namespace

publication::publication(const protocol::message& source,
                         time_point expires_at) noexcept
    : expires_at_(expires_at),
      payload_size_(static_cast<uint32_t>(source.payload.size())),
      properties_size_(
          static_cast<uint32_t>(source.forwarded_properties.size())),
      topic_size_(static_cast<uint16_t>(source.topic.size())), qos_(source.qos),
      retain_(source.retain) {
  assert(source.topic.size() <= 0xffff);
  auto* out = reinterpret_cast<char*>(this + 1);
  *out++ = static_cast<char>(topic_size_ >> 8);
  *out++ = static_cast<char>(topic_size_ & 0xff);
  for (auto part :
       {source.topic, source.payload, source.forwarded_properties}) {
    if (!part.empty())
      std::memcpy(out, part.data(), part.size());
    out += part.size();
  }
}

ref_ptr<const publication> publication::make(const protocol::message& source,
                                             time_point received) {
  return restore(source, expiry_of(source, received));
}

ref_ptr<const publication> publication::restore(const protocol::message& source,
                                                time_point expires_at) {
  auto size = sizeof(publication) + 2 + source.topic.size()
              + source.payload.size() + source.forwarded_properties.size();
  void* memory = block_pool::allocate(size);
  return ref_ptr<const publication>{
      new (memory) publication(source, expires_at), false};
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
  protocol::message copy;
  copy.topic = source.topic();
  copy.payload = source.payload();
  copy.qos = source.qos();
  copy.retain = source.retain();
  copy.forwarded_properties = source.properties();
  copy.message_expiry_interval = seconds;
  return publication::make(copy, now);
}

} // namespace troupe::broker
