#include "broker/shared_groups.hpp"

#include <cassert>

namespace troupe::broker {

namespace {

uint64_t place_key(uint32_t group, uint32_t subscriber) noexcept {
  return uint64_t{group} << 32 | subscriber;
}

} // namespace

uint32_t shared_groups::open(std::string_view share_name,
                             std::string_view filter) {
  auto slot = free_groups_.empty() ? static_cast<uint32_t>(groups_.size())
                                   : free_groups_.back();
  auto [at, is_new] = slots_.try_emplace(name_of(share_name, filter), slot);
  if (!is_new)
    return at->second;
  if (free_groups_.empty())
    groups_.emplace_back();
  else
    free_groups_.pop_back();
  groups_[slot].name = &at->first;
  return slot;
}

std::optional<uint32_t> shared_groups::find(std::string_view share_name,
                                            std::string_view filter) const {
  auto found = slots_.find(name_of(share_name, filter));
  if (found == slots_.end())
    return std::nullopt;
  return found->second;
}

bool shared_groups::join(uint32_t slot, const group_member& member) {
  assert(slot < groups_.size() && groups_[slot].name != nullptr);
  auto [place, is_new] =
      places_.try_emplace(place_key(slot, member.subscriber), nobody);
  if (!is_new) {
    seats_[place->second].member = member;
    return false;
  }
  auto added = take_seat();
  place->second = added;
  auto& joined = groups_[slot];
  if (joined.turn == nobody)
    joined.turn = seats_[added].previous = added;
  // Right before whose turn it is: behind all others.
  auto after = joined.turn;
  auto before = seats_[after].previous;
  seats_[added] = {member, before, after};
  seats_[before].next = added;
  seats_[after].previous = added;
  ++joined.members;
  return true;
}

bool shared_groups::leave(uint32_t slot, uint32_t subscriber) {
  auto place = places_.find(place_key(slot, subscriber));
  if (place == places_.end())
    return false;
  unlink(groups_[slot], place->second);
  places_.erase(place);
  if (groups_[slot].members != 0)
    return false;
  close(slot);
  return true;
}

size_t shared_groups::member_count(uint32_t group) const {
  return group < groups_.size() ? groups_[group].members : 0;
}

// A share name holds no slash [MQTT-4.8.2-2], so the text is unambiguous.
std::string shared_groups::name_of(std::string_view share_name,
                                   std::string_view filter) {
  std::string name;
  name.reserve(share_name.size() + 1 + filter.size());
  name.append(share_name).append(1, '/').append(filter);
  return name;
}

uint32_t shared_groups::take_seat() {
  if (free_seat_ == nobody) {
    seats_.push_back();
    return static_cast<uint32_t>(seats_.size() - 1);
  }
  auto taken = free_seat_;
  free_seat_ = seats_[taken].next;
  return taken;
}

void shared_groups::unlink(group& from, uint32_t gone) noexcept {
  auto& seat = seats_[gone];
  seats_[seat.previous].next = seat.next;
  seats_[seat.next].previous = seat.previous;
  if (from.turn == gone)
    from.turn = seat.next == gone ? nobody : seat.next;
  seat.next = free_seat_;
  free_seat_ = gone;
  --from.members;
}

void shared_groups::close(uint32_t slot) {
  slots_.erase(*groups_[slot].name);
  groups_[slot] = {};
  free_groups_.push_back(slot);
}

} // namespace troupe::broker
