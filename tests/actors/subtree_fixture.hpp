#pragma once

#include "../broker/publications.hpp"
#include "actors/subtree.hpp"
#include "fixture.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A subtree with three clients that write down what it sends them.
namespace troupe::actors::subtree_test {

using protocol::qos;

/// Counts the batches that were let go.
struct counting_owner final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    ++completed;
    matched = batch->items.back().matched;
    last.reset(batch);
  }
  int completed = 0;
  bool matched = false;
  std::unique_ptr<broker::publication_batch> last;
};

/// One session as the subtree sees it: writes down what it is sent, as
/// "payload", then "@n" for QoS n > 0, "#n" for subscription identifier n, "R"
/// for retain, "~" for a replay and "$" for a shared subscription.
struct client {
  client(caf::actor_system& sys, broker::session_key its_key) : key(its_key) {
    handle = record<session_actor>(
        sys, [this](const mail& message) { receive(message); });
  }

  void receive(const mail& message) {
    if (auto* in_force = message.get_if<filters_in_force>()) {
      text += "ok" + std::to_string(in_force->request) + " ";
    } else if (auto* messages = message.get_if<deliver>()) {
      ++batches;
      for (const auto& each : messages->deliveries)
        write(*messages->batch, each);
      if (keep)
        kept.push_back(messages->batch);
    }
  }

  void write(const broker::publication_batch& batch,
             const broker::delivery& what) {
    const auto& message = *batch.items[what.item].message;
    text += message.payload();
    if (what.qos != qos::at_most_once)
      text += "@" + std::to_string(static_cast<int>(what.qos));
    if (what.subscription_id != 0)
      text += "#" + std::to_string(what.subscription_id);
    text += what.retain ? "R" : "";
    text += what.replayed ? "~" : "";
    text += what.shared != 0 ? "$" : "";
    text += " ";
    values.emplace_back(message.topic(), message.payload());
  }

  std::string take() {
    auto result = std::move(text);
    text.clear();
    if (!result.empty())
      result.pop_back();
    return result;
  }

  broker::session_key key;
  session_actor handle;
  std::string text;
  std::vector<std::pair<std::string, std::string>> values;
  std::vector<broker::batch_ptr> kept;
  size_t batches = 0;
  /// Does not let go of what it was sent.
  bool keep = false;
};

struct subtree_fixture : caf_fixture {
  subtree_fixture() : anna(sys, 1), bert(sys, 2), cleo(sys, 3) { start({}); }

  ~subtree_fixture() {
    // What is on its way refers to the clients.
    for (auto* each : {&anna, &bert, &cleo}) {
      each->keep = false;
      each->kept.clear();
    }
    consume_messages();
  }

  void start(subtree_options options) {
    actor = spawn_light<subtree>(sys, 0, options, stats);
  }

  // -- what sessions ask for --------------------------------------------------

  static filter_request want(std::string filter, qos level = qos::at_most_once,
                             uint32_t identifier = 0) {
    filter_request result;
    result.filter = std::move(filter);
    result.options.qos = level;
    result.identifier = identifier;
    result.shared = result.filter.starts_with("$share/") ? 1 : 0;
    return result;
  }
  void subscribe(client& who, filter_request request,
                 readiness state = readiness::ready, uint32_t number = 0) {
    subscribe_filters message;
    message.session = who.handle;
    message.subscriber = caf::actor_cast<subscriber_actor>(who.handle);
    message.key = who.key;
    message.request = number;
    message.state = state;
    message.filters.push_back(std::move(request));
    tell(actor, std::move(message));
    consume_messages();
  }
  void unsubscribe(client& who, std::string filter, uint32_t number = 1) {
    unsubscribe_filters message;
    message.session = who.handle;
    message.key = who.key;
    message.request = number;
    message.filters.push_back(std::move(filter));
    tell(actor, std::move(message));
    consume_messages();
  }
  void leave(client& who, std::vector<std::string> filters) {
    tell(actor, session_left{who.key, std::move(filters)});
    consume_messages();
  }
  void set_state(client& who, readiness state) {
    tell(actor, member_state{who.key, state});
    consume_messages();
  }

  // -- what publishers do -----------------------------------------------------

  static broker::publication_ptr message(std::string_view topic,
                                         std::string_view payload,
                                         qos level = qos::at_most_once,
                                         bool retain = false) {
    protocol::message source;
    source.topic = topic;
    source.payload = payload;
    source.qos = level;
    source.retain = retain;
    return broker::publication::make(source, clock::now());
  }
  broker::batch_ptr batch_of(std::vector<broker::publication_ptr> messages,
                             broker::session_key publisher = 99) {
    broker::batch_ptr batch{new broker::publication_batch(&owner, 1, publisher),
                            false};
    for (auto& each : messages)
      batch->add(std::move(each));
    return batch;
  }
  void publish(broker::batch_ptr batch) {
    tell(actor, route{std::move(batch)});
    consume_messages();
  }
  void publish(std::string_view topic, std::string_view payload,
               qos level = qos::at_most_once) {
    publish(batch_of({message(topic, payload, level)}));
  }
  void retain(std::string_view topic, std::string_view payload,
              qos level = qos::at_most_once) {
    publish(batch_of({message(topic, payload, level, true)}));
  }
  void retain_many(size_t count) {
    for (size_t i = 0; i < count; ++i)
      retain("many/" + std::to_string(i), "old");
  }
  void redistribute_one(std::string filter, std::string_view payload) {
    redistribute again;
    again.messages.push_back(
        {std::move(filter), message("a", payload, qos::at_least_once)});
    tell(actor, std::move(again));
    consume_messages();
  }

  subtree_stats stats;
  subtree_actor actor;
  counting_owner owner;
  client anna;
  client bert;
  client cleo;
};

inline constexpr auto qos1 = qos::at_least_once;
inline constexpr auto qos2 = qos::exactly_once;

} // namespace troupe::actors::subtree_test
