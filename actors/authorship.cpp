#include "actors/authorship.hpp"

#include "config/difference.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace troupe::actors {

namespace {

/// One author and those who decide what he may publish. Retained messages come
/// in runs of one author.
class author_trial {
public:
  author_trial(const node_policy& now, const broker::author& by)
      : who_{std::string{by.client_id()}, std::nullopt} {
    if (auto name = by.user_name())
      who_.user_name = std::string{*name};
    auto is_his = [&](const listener_policy_ptr& each) {
      return config::where(each->own) == by.listener();
    };
    auto found =
        std::find_if(now.listeners.begin(), now.listeners.end(), is_his);
    if (found != now.listeners.end())
      add(**found);
    else
      for (const auto& each : now.listeners)
        add(*each);
  }

  bool may_publish(std::string_view topic) const {
    return std::all_of(courts_.begin(), courts_.end(), [&](const auto* each) {
      return security::is_allowed(*each, who_, security::action::publish,
                                  topic);
    });
  }

private:
  void add(const listener_policy& at) {
    if (at.judges)
      courts_.push_back(at.judges.get());
  }

  security::client_identity who_;
  std::vector<const security::authorities*> courts_;
};

} // namespace

broker::author_ptr make_author(const listener_policy& at, const login& who,
                               std::string_view client_id) {
  return broker::author::make(client_id, who.user_name, config::where(at.own));
}

bool may_still_publish(const node_policy& now, const broker::author* by,
                       std::string_view topic) {
  return by == nullptr || author_trial{now, *by}.may_publish(topic);
}

bool may_publish_will(const node_policy& now, const broker::author* by,
                      std::string_view topic) {
  if (may_still_publish(now, by, topic))
    return true;
  log::client(log::level::notice, by->client_id(),
              "The will of {} to {} is not published: it may not write there.",
              by->client_id(), topic);
  return false;
}

void withhold_disowned(const node_policy& now,
                       std::vector<broker::retained_message>& messages) {
  if (!now.settings->check_retain_source)
    return;
  std::optional<author_trial> trial;
  broker::author_ptr tried;
  std::erase_if(messages, [&](const broker::retained_message& each) {
    if (!each.by)
      return false;
    if (each.by != tried) {
      trial.emplace(now, *each.by);
      tried = each.by;
    }
    return !trial->may_publish(each.message->topic());
  });
}

} // namespace troupe::actors
