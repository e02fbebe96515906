#pragma once

#include "core/clock.hpp"
#include "core/ref_counted.hpp"
#include "protocol/packet.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace troupe::broker {

/// One application message on its way through the broker: immutable and shared
/// by all who hold it, in one allocation. The bytes lie almost as they go out:
/// the topic with its length in front, the payload right behind it, then the
/// properties that are passed on.
class publication {
public:
  /// Copies `source`. Its expiry counts from `received`. Throws std::bad_alloc.
  static ref_ptr<const publication> make(const protocol::message& source,
                                         time_point received);
  /// Copies `source` apart from its expiry interval: the end is known.
  static ref_ptr<const publication> restore(const protocol::message& source,
                                            time_point expires_at);

  std::string_view topic() const noexcept { return {bytes() + 2, topic_size_}; }
  std::string_view payload() const noexcept {
    return {bytes() + 2 + topic_size_, payload_size_};
  }
  /// Encoded MQTT 5 properties as in `message::forwarded_properties`.
  std::string_view properties() const noexcept {
    return {bytes() + 2 + topic_size_ + payload_size_, properties_size_};
  }
  /// Two bytes of length and the topic, as PUBLISH carries it.
  std::string_view encoded_topic() const noexcept {
    return {bytes(), size_t{2} + topic_size_};
  }
  /// `encoded_topic()` and `payload()` in one piece: what follows the fixed
  /// header of a QoS 0 PUBLISH of MQTT 3.x.
  std::string_view encoded_topic_and_payload() const noexcept {
    return {bytes(), size_t{2} + topic_size_ + payload_size_};
  }
  protocol::qos qos() const noexcept { return qos_; }
  /// The retain flag the publisher set.
  bool retain() const noexcept { return retain_; }
  /// When the message becomes worthless; `never` without expiry interval.
  time_point expires_at() const noexcept { return expires_at_; }
  bool is_expired(time_point now) const noexcept { return now >= expires_at_; }
  /// Bytes of memory it occupies.
  size_t footprint() const noexcept {
    return sizeof(publication) + 2 + topic_size_ + payload_size_
           + properties_size_;
  }

  void add_ref() const noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept;

  publication(const publication&) = delete;
  publication& operator=(const publication&) = delete;

private:
  publication(const protocol::message& source, time_point expires_at) noexcept;
  ~publication() = default;

  const char* bytes() const noexcept {
    return reinterpret_cast<const char*>(this + 1);
  }

  time_point expires_at_;
  mutable std::atomic<uint32_t> references_{1};
  uint32_t payload_size_;
  uint32_t properties_size_;
  uint16_t topic_size_;
  protocol::qos qos_;
  bool retain_;
};

using publication_ptr = ref_ptr<const publication>;

/// The same message with an expiry of `seconds` that begins `now`.
publication_ptr with_expiry(const publication& source, uint32_t seconds,
                            time_point now);

} // namespace troupe::broker
