#include "broker/receiver.hpp"

#include <cassert>
#include <utility>

namespace troupe::broker {

using protocol::qos;
using protocol::reason;

void receiver::on_connected(uint16_t receive_maximum) {
  // Whose answer would have been an error is new when it comes again.
  for (uint32_t i = 0; i < owed_.size(); ++i)
    if (owed_[i].qos == qos::exactly_once && is_error(owed_[i].code))
      under_way_.erase(owed_[i].packet_id);
  owed_.release();
  batches_.release();
  owing_.clear();
  front_place_ = 0;
  owed_qos1_ = 0;
  // The quota begins anew with every connection [MQTT 4.9].
  quota_used_ = 0;
  receive_maximum_ = receive_maximum;
}

void receiver::clear() {
  on_connected(receive_maximum_);
  under_way_.clear();
}

// -- what the client sends ----------------------------------------------------

receiver::verdict receiver::on_publish(protocol::qos qos, uint16_t packet_id,
                                       uint64_t batch_number) {
  assert(qos != qos::at_most_once);
  auto is_qos2 = qos == qos::exactly_once;
  if (is_qos2 && under_way_.contains(packet_id)) {
    append_duplicate(packet_id);
    return verdict::duplicate;
  }
  if (receive_maximum_ != 0 && quota_used_ >= receive_maximum_)
    return verdict::receive_maximum_exceeded;
  owed what;
  what.packet_id = packet_id;
  what.qos = qos;
  join_batch(batch_number, append(what));
  return verdict::route;
}

void receiver::owe(protocol::qos qos, uint16_t packet_id,
                   protocol::reason code) {
  assert(qos != qos::at_most_once);
  if (qos == qos::exactly_once && under_way_.contains(packet_id)) {
    append_duplicate(packet_id);
    return;
  }
  owed what;
  what.packet_id = packet_id;
  what.qos = qos;
  what.code = code;
  what.progress = state::ready;
  append(what);
}

bool receiver::on_pubrel(uint16_t packet_id) {
  if (!under_way_.contains(packet_id))
    return false;
  if (owing_.contains(packet_id)) {
    auto* pubrec = find_owed_pubrec(packet_id);
    assert(pubrec != nullptr);
    // PUBREL answers a PUBREC that was sent. The identifier of a message that
    // is still on its way stays: without it a copy would be routed again.
    if (!pubrec->is_repeat)
      return false;
    pubrec->progress = state::cancelled;
    owing_.erase(packet_id);
  }
  under_way_.erase(packet_id);
  if (quota_used_ > 0)
    --quota_used_;
  return true;
}

// -- what the broker answers --------------------------------------------------

void receiver::on_batch_complete(uint64_t batch_number,
                                 const std::vector<protocol::reason>& codes) {
  finish_batch(batch_number, state::ready, codes);
}

void receiver::abandon_batch(uint64_t batch_number) {
  finish_batch(batch_number, state::abandoned, {});
}

void receiver::finish_batch(uint64_t batch_number, state progress,
                            const std::vector<protocol::reason>& codes) {
  auto index = find_batch(batch_number);
  if (index == batches_.size() || batches_[index].number != batch_number
      || batches_[index].is_complete)
    return;
  auto& batch = batches_[index];
  auto place = batch.first;
  for (size_t i = 0;; ++i) {
    auto& what = at(place);
    what.progress = progress;
    what.code = i < codes.size() ? codes[i] : reason::success;
    if (progress == state::abandoned)
      what.code = reason::quota_exceeded; // its identifier is free again
    if (place == batch.last)
      break;
    place = what.next;
  }
  batch.is_complete = true;
  while (!batches_.empty() && batches_.front().is_complete)
    batches_.pop_front();
}

void receiver::take_due(std::vector<acknowledgement>& out) {
  using protocol::packet_type;
  while (!owed_.empty() && owed_.front().progress != state::routing) {
    auto what = owed_.pop_front();
    ++front_place_;
    if (what.progress == state::cancelled)
      continue;
    settle(what);
    if (what.progress == state::abandoned)
      continue;
    out.push_back({what.qos == qos::exactly_once ? packet_type::pubrec
                                                 : packet_type::puback,
                   what.packet_id, what.code});
  }
  if (owed_.empty()) {
    owed_.release();
    batches_.release();
  }
}

void receiver::settle(const owed& what) {
  if (what.qos == qos::at_least_once) {
    --owed_qos1_;
    if (quota_used_ > 0)
      --quota_used_;
    return;
  }
  owing_.erase(what.packet_id);
  if (is_error(what.code)) {
    under_way_.erase(what.packet_id);
    if (quota_used_ > 0)
      --quota_used_;
  }
}

size_t receiver::unacknowledged() const noexcept {
  return size_t{owed_qos1_} + under_way_.size();
}

// -- books --------------------------------------------------------------------

uint32_t receiver::append(owed what) {
  auto place = front_place_ + owed_.size();
  if (what.qos == qos::at_least_once) {
    ++owed_qos1_;
  } else {
    under_way_.insert(what.packet_id);
    owing_.insert(what.packet_id);
  }
  ++quota_used_;
  owed_.push_back(what);
  return place;
}

void receiver::append_duplicate(uint16_t packet_id) {
  if (owing_.contains(packet_id))
    return;
  owed what;
  what.packet_id = packet_id;
  what.qos = qos::exactly_once;
  what.progress = state::ready;
  what.is_repeat = true;
  owing_.insert(packet_id);
  owed_.push_back(what);
}

void receiver::join_batch(uint64_t number, uint32_t place) {
  auto index = find_batch(number);
  if (index < batches_.size() && batches_[index].number == number) {
    auto& batch = batches_[index];
    assert(!batch.is_complete);
    at(batch.last).next = place;
    batch.last = place;
    return;
  }
  // Nearly always the last one; the batches of one read are filled side by
  // side.
  batches_.push_back({number, place, place, false});
  for (auto i = batches_.size() - 1; i > index; --i)
    std::swap(batches_[i], batches_[i - 1]);
}

// The index of the batch, or where it belongs.
uint32_t receiver::find_batch(uint64_t number) const noexcept {
  uint32_t low = 0;
  uint32_t high = batches_.size();
  while (low < high) {
    auto middle = low + (high - low) / 2;
    if (batches_[middle].number < number)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

receiver::owed* receiver::find_owed_pubrec(uint16_t packet_id) noexcept {
  for (auto i = owed_.size(); i > 0; --i) {
    auto& what = owed_[i - 1];
    if (what.packet_id == packet_id && what.qos == qos::exactly_once
        && what.progress != state::cancelled)
      return &what;
  }
  return nullptr;
}

} // namespace troupe::broker
