#pragma once

#include "broker/message_path.hpp"
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
/// properties that are passed on, and among those its path at the very end.
class publication {
public:
  /// Copies `source`. Its expiry counts from `received`. Throws std::bad_alloc.
  /// REQUIRES: a path is not among the properties but in `path`, which has at
  /// most `most_path_bytes`; empty: none.
  static ref_ptr<const publication> make(const protocol::message& source,
                                         time_point received,
                                         std::string_view path = {});
  /// Copies `source` apart from its expiry interval: the end is known.
  /// REQUIRES: as for `make`.
  static ref_ptr<const publication> restore(const protocol::message& source,
                                            time_point expires_at,
                                            std::string_view path = {});

  std::string_view topic() const noexcept { return {bytes() + 2, topic_size_}; }
  std::string_view payload() const noexcept {
    return {bytes() + 2 + topic_size_, payload_size_};
  }
  /// Encoded MQTT 5 properties as in `message::forwarded_properties`, without
  /// the path: what ordinary clients are sent.
  std::string_view properties() const noexcept {
    return {bytes() + 2 + topic_size_ + payload_size_, properties_size_};
  }
  /// The same and behind them the path: what peers are sent and what is stored.
  std::string_view properties_and_path() const noexcept {
    return {properties().data(), size_t{properties_size_} + trailer_size_};
  }
  /// As in `message_path`; empty: it has none.
  std::string_view path() const noexcept {
    return trailer_size_ == 0 ? std::string_view{}
                              : properties_and_path().substr(
                                  properties_size_ + trailer_header_size);
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
  protocol::qos qos() const noexcept {
    return static_cast<protocol::qos>(qos_);
  }
  /// The retain flag the publisher set.
  bool retain() const noexcept { return retain_ != 0; }
  /// When the message becomes worthless; `never` without expiry interval.
  time_point expires_at() const noexcept { return expires_at_; }
  bool is_expired(time_point now) const noexcept { return now >= expires_at_; }
  /// Bytes of memory it occupies.
  size_t footprint() const noexcept {
    return sizeof(publication) + 2 + topic_size_ + payload_size_
           + properties_size_ + trailer_size_;
  }

  void add_ref() const noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept;

  publication(const publication&) = delete;
  publication& operator=(const publication&) = delete;

private:
  // The path as a user property, in front of its value.
  static constexpr size_t trailer_header_size =
      1 + 2 + path_property.size() + 2;
  static_assert(trailer_header_size + most_path_bytes < 1 << 13);

  static size_t trailer_size(std::string_view path) noexcept {
    return path.empty() ? 0 : trailer_header_size + path.size();
  }

  publication(const protocol::message& source, time_point expires_at,
              std::string_view path) noexcept;
  ~publication() = default;

  const char* bytes() const noexcept {
    return reinterpret_cast<const char*>(this + 1);
  }

  time_point expires_at_;
  mutable std::atomic<uint32_t> references_{1};
  uint32_t payload_size_;
  uint32_t properties_size_;
  uint16_t topic_size_;
  uint16_t trailer_size_ : 13; // 0: no path
  uint16_t qos_ : 2;
  uint16_t retain_ : 1;
};
static_assert(sizeof(publication) == 24);

using publication_ptr = ref_ptr<const publication>;

/// The same message with an expiry of `seconds` that begins `now`.
publication_ptr with_expiry(const publication& source, uint32_t seconds,
                            time_point now);

/// The same message with another path. REQUIRES: as for `publication::make`.
publication_ptr with_path(const publication& source, std::string_view path);

} // namespace troupe::broker
