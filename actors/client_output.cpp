#include "actors/client_output.hpp"

#include <algorithm>

namespace troupe::actors {

client_output::client_output(loop& home, protocol::version v,
                             output_limits limits, const client_limits& client)
    : home_(home), limits_(limits),
      maximum_packet_size_(client.maximum_packet_size), version_(v) {
  if (client.topic_alias_maximum > 0)
    aliases_ =
        std::make_unique<broker::outgoing_aliases>(client.topic_alias_maximum);
}

bool client_output::publish(const broker::publication& message,
                            broker::delivery_header header) {
  auto factor = slow_ ? 1 : held_factor;
  if (header.qos == protocol::qos::at_most_once
      && size() / factor > limits_.limit) {
    ++dropped_;
    using enum broker::drop_reason;
    home_.stats().dropped[static_cast<size_t>(slow_reader)].add();
    return false;
  }
  if (aliases_)
    choose_alias(message, header);
  broker::encode_delivery(control(), message, header, version_, home_.now());
  auto& stats = home_.stats();
  stats.packets_sent.add();
  stats.publishes_sent.add();
  stats.publish_bytes_sent.add(message.payload().size());
  return true;
}

void client_output::choose_alias(const broker::publication& message,
                                 broker::delivery_header& header) {
  // A first alias comes on top of the topic; the session made sure of the size
  // without it.
  constexpr size_t alias_property = 3;
  constexpr size_t longer_lengths = 2;
  if (maximum_packet_size_ != 0
      && broker::delivery_size(message, header, version_) + alias_property
                 + longer_lengths
             > maximum_packet_size_)
    return;
  auto choice = aliases_->choose(message.topic());
  header.topic_alias = choice.alias;
  header.omit_topic = choice.known;
}

void client_output::hold(broker::batch_ptr batch) {
  if (slow_ || !is_above_pause())
    return;
  if (held_.empty())
    hold_until_ = home_.now() + patience;
  held_.push_back(std::move(batch));
}

byte_buffer& client_output::control() {
  if (buffer_.capacity() == 0)
    buffer_ = home_.take_buffer();
  return buffer_;
}

net::io_result::kind client_output::flush(net::stream& to, size_t most) {
  if (buffer_.empty())
    return net::io_result::kind::done;
  auto part = buffer_.bytes().first(std::min(most, buffer_.size()));
  auto written = to.write(part);
  if (written.what != net::io_result::kind::done)
    return written.what;
  home_.stats().bytes_sent.add(written.bytes);
  buffer_.consume(written.bytes);
  if (is_below_pause()) {
    slow_ = false;
    let_go();
  }
  if (written.bytes < part.size())
    return net::io_result::kind::would_block;
  if (buffer_.empty())
    home_.give_back(std::move(buffer_));
  return net::io_result::kind::done;
}

void client_output::on_patience_over() {
  slow_ = true;
  let_go();
}

void client_output::discard() {
  buffer_.release();
  let_go();
  held_.shrink_to_fit();
}

void client_output::let_go() {
  hold_until_ = never;
  held_.clear();
}

} // namespace troupe::actors
