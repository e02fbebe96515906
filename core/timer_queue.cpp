#include "core/timer_queue.hpp"

namespace troupe {

void timer_queue::arm(timer& which, time_point deadline) {
  if (deadline == never) {
    disarm(which);
    return;
  }
  auto later = deadline > which.deadline_;
  which.deadline_ = deadline;
  if (!which.is_armed()) {
    heap_.push_back(&which);
    which.slot_ = static_cast<uint32_t>(heap_.size() - 1);
    rise(which.slot_);
  } else if (later) {
    sink(which.slot_);
  } else {
    rise(which.slot_);
  }
}

void timer_queue::disarm(timer& which) noexcept {
  if (!which.is_armed())
    return;
  auto slot = which.slot_;
  which.slot_ = timer::unarmed;
  auto* last = heap_.back();
  heap_.pop_back();
  if (last == &which)
    return;
  place(slot, last);
  rise(slot);
  sink(last->slot_);
}

void timer_queue::fire(time_point now) {
  while (!heap_.empty() && heap_.front()->deadline_ <= now) {
    auto* due = heap_.front();
    disarm(*due);
    due->on_timer(now);
  }
}

void timer_queue::place(size_t slot, timer* which) noexcept {
  heap_[slot] = which;
  which->slot_ = static_cast<uint32_t>(slot);
}

void timer_queue::rise(size_t slot) noexcept {
  auto* which = heap_[slot];
  while (slot > 0) {
    auto parent = (slot - 1) / 2;
    if (heap_[parent]->deadline_ <= which->deadline_)
      break;
    place(slot, heap_[parent]);
    slot = parent;
  }
  place(slot, which);
}

void timer_queue::sink(size_t slot) noexcept {
  auto* which = heap_[slot];
  for (;;) {
    auto child = slot * 2 + 1;
    if (child >= heap_.size())
      break;
    if (child + 1 < heap_.size()
        && heap_[child + 1]->deadline_ < heap_[child]->deadline_)
      ++child;
    if (heap_[child]->deadline_ >= which->deadline_)
      break;
    place(slot, heap_[child]);
    slot = child;
  }
  place(slot, which);
}

} // namespace troupe
