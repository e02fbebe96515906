#include "broker/commit_order.hpp"

#include <algorithm>
#include <utility>

namespace troupe::broker {

// -- what comes ---------------------------------------------------------------

void commit_order::add(batch_ptr batch, time_point now) {
  batch->for_each_part([this](journal_part& part) { note_arrival(part); });
  waiting_.push_back({std::move(batch), now});
  is_due_ = true;
}

void commit_order::note_arrival(const journal_part& part) {
  auto& [next, ahead] = queues_[part.queue().key()];
  if (is_before(part.number, next))
    return; // it was waited for too long
  if (part.number != next) {
    ahead.push(part.number);
    is_disordered_ = true;
    return;
  }
  ++next;
  for (; !ahead.empty() && ahead.top() == next; ++next)
    ahead.pop();
}

void commit_order::stop_waiting() {
  for (auto& [key, state] : queues_)
    for (; !state.ahead.empty(); state.ahead.pop())
      state.next = state.ahead.top() + 1;
  is_due_ = true;
}

// -- what goes ----------------------------------------------------------------

void commit_order::take(group& to) {
  is_due_ = false;
  if (is_disordered_)
    take_in_order(to);
  else
    take_all(to);
}

void commit_order::take_all(group& to) {
  for (auto& each : waiting_) {
    each.batch->for_each_part(
        [&to](journal_part& part) { to.parts.emplace_back(&part); });
    to.batches.push_back(std::move(each.batch));
  }
  waiting_.clear();
}

void commit_order::take_in_order(group& to) {
  auto known = find_held();
  std::vector<arrival> staying;
  for (size_t i = 0; i < waiting_.size(); ++i)
    if (known.batches.contains(i))
      staying.push_back(std::move(waiting_[i]));
  std::erase_if(waiting_, [](const arrival& each) { return !each.batch; });
  auto first = to.parts.size();
  take_all(to);
  std::sort(to.parts.begin() + static_cast<std::ptrdiff_t>(first),
            to.parts.end(), [](const auto& left, const auto& right) {
              auto left_key = left->queue().key();
              auto right_key = right->queue().key();
              return left_key != right_key
                         ? left_key < right_key
                         : is_before(left->number, right->number);
            });
  waiting_ = std::move(staying);
  is_disordered_ = !waiting_.empty();
}

/// Until nothing more is held up by what is.
commit_order::held commit_order::find_held() const {
  held known;
  for (auto found = true; std::exchange(found, false);)
    for (size_t i = 0; i < waiting_.size(); ++i)
      if (!known.batches.contains(i) && must_stay(i, known)) {
        hold(i, known);
        found = true;
      }
  return known;
}

bool commit_order::must_stay(size_t index, const held& known) const {
  const auto& batch = *waiting_[index].batch;
  auto owner = known.owners.find(batch.owner());
  if (owner != known.owners.end() && owner->second < index)
    return true;
  auto result = false;
  batch.for_each_part([&](const journal_part& part) {
    auto key = part.queue().key();
    auto state = queues_.find(key);
    auto has_gap =
        state != queues_.end() && !is_before(part.number, state->second.next);
    auto first = known.parts.find(key);
    auto is_behind =
        first != known.parts.end() && !is_before(part.number, first->second);
    result = result || has_gap || is_behind;
  });
  return result;
}

void commit_order::hold(size_t index, held& known) const {
  const auto& batch = *waiting_[index].batch;
  known.batches.insert(index);
  if (batch.owner() != nullptr) {
    auto [owner, is_new] = known.owners.try_emplace(batch.owner(), index);
    owner->second = std::min(owner->second, index);
  }
  batch.for_each_part([&known](const journal_part& part) {
    auto [first, is_new] =
        known.parts.try_emplace(part.queue().key(), part.number);
    if (is_before(part.number, first->second))
      first->second = part.number;
  });
}

void commit_order::on_settled(const std::vector<journal_part_ptr>& parts) {
  for (const auto& part : parts) {
    auto found = queues_.find(part->queue().key());
    if (found == queues_.end())
      continue;
    const auto& [next, ahead] = found->second;
    if (next == part->number + 1 && ahead.empty()
        && part->queue().begin_anew(next))
      queues_.erase(found);
  }
}

} // namespace troupe::broker
