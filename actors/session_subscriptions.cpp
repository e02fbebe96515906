// What a session is subscribed to, and what its subtrees know of that.
#include "actors/journaling.hpp"
#include "actors/routes.hpp"
#include "actors/session.hpp"
#include "actors/tell.hpp"
#include "protocol/topic.hpp"

#include <algorithm>
#include <utility>

namespace troupe::actors {

namespace {

using protocol::reason;

bool is_shared(std::string_view filter) {
  auto parsed = protocol::parse_filter(filter);
  return parsed && !parsed->share_name.empty();
}

} // namespace

void session::on(client_subscribed& message) {
  if (message.replaces_all)
    unsubscribe_others(message);
  pending_answer pending;
  pending.request = next_request();
  pending.answer.packet_id = message.packet_id;
  std::vector<subscribe_filters> parts(loop_.routes().size());
  for (auto& request : message.requests) {
    const auto& filter = request.filter;
    const auto& options = request.options;
    if (auto why = refusal(request); why != reason::success) {
      pending.answer.codes.push_back(why);
      continue;
    }
    auto is_new = machine_.subscribe(filter, options, message.identifier);
    const auto* record = machine_.find(filter);
    if (is_new) {
      loop_.stats().subscriptions.add();
      shared_filters_ += record->shared != 0 ? 1 : 0;
      loop_.stats().shared_subscriptions.add(record->shared != 0 ? 1 : 0);
    }
    if (books_)
      books_->changes().subscribed.push_back(
          {filter, options, message.identifier, record->shared});
    pending.answer.codes.push_back(
        static_cast<reason>(static_cast<uint8_t>(options.qos)));
    for_each_subtree(loop_.routes(), filter, [&](size_t index) {
      parts[index].filters.push_back(
          {filter, options, message.identifier, record->shared, is_new});
    });
  }
  told_ = current_readiness();
  for (size_t index = 0; index < parts.size(); ++index) {
    auto& part = parts[index];
    if (part.filters.empty())
      continue;
    part.subscriber = target();
    part.session = self();
    part.key = machine_.key();
    part.request = pending.request;
    part.state = told_;
    tell(loop_.routes().subtree(index), std::move(part));
    ++pending.subtrees;
  }
  answer_when_done(std::move(pending));
  after_change();
}

void session::unsubscribe_others(const client_subscribed& wanted) {
  client_unsubscribed unwanted;
  for (const auto& [filter, record] : machine_.subscriptions()) {
    const auto& requests = wanted.requests;
    auto is_wanted = std::any_of(requests.begin(), requests.end(),
                                 [&, &filter = filter](const auto& request) {
                                   return request.filter == filter;
                                 });
    if (!is_wanted)
      unwanted.requests.push_back({std::string{filter}});
  }
  if (!unwanted.requests.empty())
    on(unwanted);
}

/// Why a filter is not subscribed to; success: it is.
reason session::refusal(const client_subscribed::request& wanted) const {
  if (wanted.refusal != reason::success)
    return wanted.refusal;
  auto most = loop_.policy().settings->max_subscriptions;
  auto is_over = most != 0 && machine_.subscriptions().size() >= most
                 && machine_.find(wanted.filter) == nullptr;
  return is_over ? reason::quota_exceeded : reason::success;
}

void session::on(client_unsubscribed& message) {
  pending_answer pending;
  pending.request = next_request();
  pending.answer.packet_id = message.packet_id;
  pending.answer.unsubscribe = true;
  std::vector<unsubscribe_filters> parts(loop_.routes().size());
  std::vector<broker::orphan> orphans;
  for (const auto& request : message.requests) {
    const auto& filter = request.filter;
    if (request.refusal != reason::success) {
      pending.answer.codes.push_back(request.refusal);
      continue;
    }
    if (const auto* record = machine_.find(filter); record && record->shared)
      for (auto& waiting : machine_.out().take_shared(record->shared))
        orphans.push_back({filter, std::move(waiting)});
    auto existed = machine_.unsubscribe(filter);
    pending.answer.codes.push_back(existed ? reason::success
                                           : reason::no_subscription_existed);
    if (!existed)
      continue;
    uncount(filter);
    if (books_)
      books_->changes().unsubscribed.push_back(filter);
    for_each_subtree(loop_.routes(), filter, [&](size_t index) {
      parts[index].filters.push_back(filter);
    });
  }
  for (size_t index = 0; index < parts.size(); ++index) {
    auto& part = parts[index];
    if (part.filters.empty())
      continue;
    part.session = self();
    part.key = machine_.key();
    part.request = pending.request;
    tell(loop_.routes().subtree(index), std::move(part));
    ++pending.subtrees;
  }
  pass_on(std::move(orphans));
  answer_when_done(std::move(pending));
  after_change(); // what waited may be gone
}

/// The session has one subscription less.
void session::uncount(std::string_view filter) {
  auto shared = is_shared(filter) ? 1u : 0u;
  loop_.stats().subscriptions.subtract();
  loop_.stats().shared_subscriptions.subtract(shared);
  shared_filters_ -= shared;
}

void session::answer_when_done(pending_answer&& pending) {
  if (books_ && books_->wait_for(pending.request))
    ++pending.subtrees; // the store answers, too
  if (pending.subtrees != 0)
    pending_.push_back(std::move(pending));
  else if (connection_)
    tell(connection_, std::move(pending.answer));
}

void session::on(filters_in_force& message) {
  count_answer(message.request);
}

void session::count_answer(uint32_t request) {
  auto found = std::find_if(pending_.begin(), pending_.end(),
                            [&](const pending_answer& pending) {
                              return pending.request == request;
                            });
  if (found == pending_.end() || --found->subtrees != 0)
    return;
  if (connection_)
    tell(connection_, std::move(found->answer));
  pending_.erase(found);
  if (pending_.empty())
    pending_.shrink_to_fit();
}

/// Unsubscribes at the subtrees what the machine no longer has.
void session::drop_filters(const std::vector<std::string>& filters) {
  if (filters.empty())
    return;
  for (const auto& filter : filters)
    uncount(filter);
  leave_subtrees(loop_, machine_.key(), filters);
}

void session::on(routes_changed& message) {
  subscribe_filters again;
  again.subscriber = target();
  again.session = self();
  again.key = machine_.key();
  again.state = told_ = current_readiness();
  for (const auto& [filter, record] : machine_.subscriptions())
    for_each_subtree(loop_.routes(), filter,
                     [&, &filter = filter, &record = record](size_t index) {
                       if (index != message.lost)
                         return;
                       again.filters.push_back({filter, record.options,
                                                record.identifier,
                                                record.shared, false});
                     });
  if (!again.filters.empty()) {
    refill known;
    known.subscribers.push_back(std::move(again));
    tell(loop_.routes().subtree(message.lost), std::move(known));
  }
  // What the old subtree was asked for, it may have taken with it.
  for (auto& pending : pending_)
    if (connection_)
      tell(connection_, std::move(pending.answer));
  pending_.clear();
}

uint32_t session::next_request() {
  if (++last_request_ == 0) // 0 asks for no answer
    ++last_request_;
  return last_request_;
}

} // namespace troupe::actors
