#include "actors/session_books.hpp"

#include "actors/tell.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <utility>

namespace troupe::actors {

// -- messages
// -------------------------------------------------------------------

broker::stored_ref session_books::remember(uint32_t item,
                                           const broker::publication& message,
                                           const broker::entry_options& how,
                                           bool notify) {
  if (!part_) {
    part_ =
        broker::journal_part::make(queue_, static_cast<uint32_t>(capacity_));
    part_->home = static_cast<uint32_t>(loop_.index());
  }
  auto size = static_cast<uint32_t>(message.payload().size());
  auto index = part_->add(item, how, size);
  if (notify)
    part_->ask_for_notice();
  return {part_, index};
}

void session_books::end(broker::publication_batch& batch) {
  if (part_)
    batch.add_journal(std::exchange(part_, nullptr));
}

void session_books::erase(uint64_t sequence, size_t size) {
  changes_.erased.push_back({sequence, static_cast<uint32_t>(size), 0});
}

void session_books::release(uint64_t sequence, uint16_t packet_id,
                            size_t size) {
  changes_.released.push_back(
      {sequence, static_cast<uint32_t>(size), packet_id});
  released_.push_back(packet_id);
}

void session_books::read(uint64_t from) {
  read_queue request;
  request.key = queue_->key();
  request.from = from;
  request.answer_to = caf::actor_cast<session_actor>(self_);
  tell(node_.store, std::move(request));
}

void session_books::drop_oldest(uint64_t from, size_t bytes) {
  shrink_queue request;
  request.key = queue_->key();
  request.oldest = 1;
  request.bytes = bytes;
  request.from = from;
  request.answer_to = appender();
  tell(node_.store, std::move(request));
}

void session_books::drop_expired() {
  shrink_queue request;
  request.key = queue_->key();
  request.expired = true;
  request.answer_to = appender();
  tell(node_.store, std::move(request));
}

// -- changes
// --------------------------------------------------------------------

bool session_books::has_changes() const noexcept {
  const auto& all = changes_;
  return all.session || all.will || !all.subscribed.empty()
         || !all.unsubscribed.empty() || !all.released.empty()
         || !all.erased.empty() || all.erased_until != 0 || all.window;
}

bool session_books::wait_for(uint32_t request) {
  if (changes_.subscribed.empty() && changes_.unsubscribed.empty())
    return false;
  request_ = request;
  return true;
}

/// One mark instead of a removal each: acknowledgements mostly come in order.
void session_books::join_erased(const broker::sender& out) {
  auto& erased = changes_.erased;
  if (erased.empty())
    return;
  auto until = out.done_until();
  auto is_covered = [until](const auto& each) {
    return each.sequence <= until && each.size != 0
           && each.size < broker::store::shared_body_size;
  };
  if (std::erase_if(erased, is_covered) != 0)
    changes_.erased_until = until;
}

void session_books::flush(broker::sender& out) {
  awaited waiting;
  if (out.take_window_change(waiting.launched))
    changes_.window = out.window();
  join_erased(out);
  if (!has_changes())
    return;
  waiting.released = std::exchange(released_, {});
  waiting.request = std::exchange(request_, 0);
  changes_.key = queue_->key();
  if (!waiting.launched.empty() || !waiting.released.empty()
      || waiting.request != 0) {
    waiting.ticket = ++last_ticket_;
    changes_.ticket = waiting.ticket;
    changes_.answer_to = caf::actor_cast<stored_sink>(self_);
    awaited_.push_back(std::move(waiting));
  }
  tell(node_.store, std::exchange(changes_, {}));
}

const session_books::awaited*
session_books::find(uint64_t ticket) const noexcept {
  for (uint32_t i = 0; i < awaited_.size(); ++i)
    if (awaited_[i].ticket == ticket)
      return &awaited_[i];
  return nullptr;
}

std::optional<session_books::awaited>
session_books::on_stored(uint64_t ticket) {
  if (awaited_.empty() || awaited_.front().ticket != ticket)
    return std::nullopt;
  return awaited_.pop_front();
}

} // namespace troupe::actors
