#include "storage/gathered_packs.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

/// Packs that keep their memory from one commit to the next.
constexpr size_t kept_packs = 64;

} // namespace

gathered_packs::open_pack& gathered_packs::pack_of(broker::session_key key) {
  auto [found, is_new] = of_queue_.try_emplace(key, of_queue_.size());
  if (is_new && found->second == packs_.size())
    packs_.emplace_back();
  return packs_[found->second];
}

void gathered_packs::add(const batch_of_queues& to, queue_position where,
                         const broker::publication& message,
                         const broker::entry_options& options) {
  auto& pack = pack_of(where.key);
  auto is_next = where.sequence == pack.last.sequence + 1;
  if (!is_next || pack.content.is_full())
    finish(to, pack);
  pack.content.add(message, options);
  pack.last = where;
}

void gathered_packs::close(const batch_of_queues& to, broker::session_key key) {
  if (auto found = of_queue_.find(key); found != of_queue_.end())
    finish(to, packs_[found->second]);
}

void gathered_packs::finish(const batch_of_queues& to, open_pack& pack) {
  if (pack.content.is_empty())
    return;
  to.batch.Put(to.home, pack_at(pack.last).view(),
               compressor_.compress(pack.content.value()));
  pack.content.clear();
  closed_.push_back(pack.last);
}

void gathered_packs::write(const batch_of_queues& to) {
  for (size_t i = 0; i < of_queue_.size(); ++i)
    finish(to, packs_[i]);
}

void gathered_packs::take_back(const batch_of_queues& to,
                               broker::session_key key, uint64_t until) {
  auto found = of_queue_.find(key);
  if (found == of_queue_.end())
    return;
  if (auto& pack = packs_[found->second]; pack.last.sequence <= until)
    pack.content.clear();
  auto is_meant = [&](queue_position last) {
    return last.key == key && last.sequence <= until;
  };
  for (auto last : closed_)
    if (is_meant(last))
      to.batch.SingleDelete(to.home, pack_at(last).view());
  std::erase_if(closed_, is_meant);
}

void gathered_packs::clear() {
  for (size_t i = 0; i < of_queue_.size(); ++i)
    packs_[i].content.clear();
  if (packs_.size() > kept_packs) {
    packs_.resize(kept_packs);
    packs_.shrink_to_fit();
  }
  of_queue_.clear();
  closed_.clear();
}

} // namespace troupe::storage
