#include "actors/journaling.hpp"

#include <memory>

namespace troupe::actors {

namespace {

/// Sees a batch to the store that nobody else cares for.
class unowned_receipt final : public broker::batch_owner {
public:
  explicit unowned_receipt(store_actor store) : store_(std::move(store)) {}

  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    if (hand_to_store(store_, *batch))
      return;
    delete batch;
    delete this;
  }

private:
  store_actor store_;
};

} // namespace

bool hand_to_store(const store_actor& store, broker::publication_batch& batch) {
  if (!store || !batch.must_be_stored())
    return false;
  // Until the store says otherwise: a batch that is lost on the way to it was
  // not written, and is not handed over again.
  batch.progress = broker::publication_batch::stage::failed;
  tell(store, commit_batch{batch.hold_again()});
  return true;
}

void remember_origins(const store_actor& store,
                      const broker::publication_batch& batch) {
  remember_seen what;
  for_each_new_origin(batch, [&](const broker::message_origin& origin) {
    what.origins.push_back(origin);
  });
  if (!what.origins.empty())
    tell(store, std::move(what));
}

void forget_lost(loop& home, const broker::publication_batch& batch) {
  forget_origins lost;
  for (const auto& item : batch.items)
    if (auto path = broker::message_path::parse(item.message->path());
        path && !item.is_repeat)
      lost.origins.push_back(path->origin());
  if (lost.origins.empty())
    return;
  // All of a batch belongs to one.
  auto index = home.routes().index_of(batch.items.front().message->topic());
  tell(home.routes().subtree(index), std::move(lost));
}

broker::batch_ptr make_unowned_batch(const store_actor& store,
                                     broker::session_key publisher) {
  auto* owner = store ? new unowned_receipt(store) : nullptr;
  return broker::batch_ptr{new broker::publication_batch(owner, 0, publisher),
                           false};
}

void publish(node_context& node, loop& home, broker::publication_ptr message,
             broker::session_key publisher, broker::author_ptr by) {
  auto index = home.routes().index_of(message->topic());
  auto batch = make_unowned_batch(node.store, publisher);
  batch->by = std::move(by);
  batch->add(std::move(message));
  tell(home.routes().subtree(index), route{std::move(batch)});
}

void leave_subtrees(loop& home, broker::session_key key,
                    const std::vector<std::string>& filters) {
  std::vector<session_left> parts(home.routes().size());
  for (const auto& filter : filters)
    for_each_subtree(home.routes(), filter, [&](size_t index) {
      parts[index].filters.push_back(filter);
    });
  for (size_t index = 0; index < parts.size(); ++index) {
    if (parts[index].filters.empty())
      continue;
    parts[index].key = key;
    tell(home.routes().subtree(index), std::move(parts[index]));
  }
}

} // namespace troupe::actors
