#include "storage/mosquitto_import.hpp"

#include "storage/mosquitto_plan.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace troupe::storage {

namespace {

constexpr size_t entries_per_commit = 1000;
constexpr size_t bytes_per_commit = size_t{4} << 20;
constexpr uint64_t records_per_progress = 4096;
constexpr size_t most_findings = 5;

/// Sessions and topics that are in the store already.
struct present {
  std::unordered_map<std::string, broker::session_key> sessions;
  std::unordered_set<std::string> topics;
  broker::session_key last_key = 0;
};

present look_at(broker::store& store, const instant& now) {
  present found;
  // As a broker does: never a key that an erased session had.
  found.last_key = static_cast<broker::session_key>(now.wall) << 10;
  store.for_each_session(
      [&](broker::recovered_session&& each) {
        found.last_key = std::max(found.last_key, each.record.key);
        found.sessions.emplace(std::move(each.record.client_id),
                               each.record.key);
      },
      now);
  store.for_each_retained(
      [&](broker::retained_message&& each) {
        found.topics.emplace(each.message->topic());
      },
      now);
  return found;
}

class importer {
public:
  importer(broker::store& into, const import_options& options,
           const instant& now, const progress& tell)
      : into_(into), options_(options), now_(now), tell_(tell) {}

  import_summary run(std::span<const uint8_t> bytes) {
    auto opened = mosquitto_db::open(bytes);
    if (!opened) {
      summary_.error = opened.error().text;
      return std::move(summary_);
    }
    summary_.format = opened->format();
    auto& file = *opened;
    mosquitto_plan plan{file, options_.saved_at, now_.wall};
    if (read(file, plan) && check(file, plan))
      write(file, plan);
    return std::move(summary_);
  }

private:
  // -- reading ----------------------------------------------------------------

  bool read(mosquitto_db& file, mosquitto_plan& plan) {
    for (uint64_t count = 0;; ++count) {
      if (count % records_per_progress == 0
          && !go_on(file.done(), 2 * file.size()))
        return false;
      auto next = file.next();
      if (!next) {
        note_damage(file.offset(), next.error());
        continue;
      }
      if (!*next)
        break;
      plan.add(std::move(**next));
    }
    plan.close();
    summary_.skipped.insert(plan.skipped.begin(), plan.skipped.end());
    if (summary_.damaged == 0 || options_.salvage)
      return true;
    summary_.error = "the file is damaged";
    return false;
  }

  void note_damage(uint64_t offset, const failure& why) {
    if (++summary_.damaged <= most_findings)
      summary_.damage.push_back("byte " + std::to_string(offset) + ": "
                                + std::string{why.text});
  }

  bool go_on(uint64_t done, uint64_t total) {
    if (!tell_ || tell_(done, total))
      return true;
    summary_.is_interrupted = true;
    summary_.error = "interrupted";
    return false;
  }

  // -- what is there already --------------------------------------------------

  bool check(const mosquitto_db& file, const mosquitto_plan& plan) {
    present_ = look_at(into_, now_);
    if (options_.conflict != on_conflict::refuse)
      return true;
    uint64_t sessions = 0;
    std::string_view example;
    for (const auto& each : plan.sessions)
      if (present_.sessions.contains(std::string{each.id})) {
        ++sessions;
        example = each.id;
      }
    auto topics = retained_already(file, plan);
    if (sessions == 0 && topics == 0)
      return true;
    summary_.error = std::to_string(sessions) + " sessions and "
                     + std::to_string(topics)
                     + " retained messages of the file are in the store "
                       "already";
    if (!example.empty())
      summary_.error += ", the session of " + std::string{example} + " for one";
    return false;
  }

  uint64_t retained_already(const mosquitto_db& file,
                            const mosquitto_plan& plan) const {
    if (present_.topics.empty())
      return 0;
    uint64_t count = 0;
    for (auto offset : plan.retained)
      if (auto message = file.message_at(offset);
          message && present_.topics.contains(std::string{message->topic}))
        ++count;
    return count;
  }

  // -- writing ----------------------------------------------------------------

  void write(const mosquitto_db& file, mosquitto_plan& plan) {
    auto good = write_sessions(plan) && write_entries(file, plan)
                && write_retained(file, plan);
    if (good)
      commit(true);
  }

  bool write_sessions(const mosquitto_plan& plan) {
    keys_.assign(plan.sessions.size(), 0);
    for (size_t index = 0; index < plan.sessions.size(); ++index) {
      const auto& each = plan.sessions[index];
      auto known = present_.sessions.find(std::string{each.id});
      if (known != present_.sessions.end()) {
        if (options_.conflict == on_conflict::keep) {
          ++summary_.skipped["sessions that are in the store already"];
          continue;
        }
        into_.erase_session(known->second);
      }
      keys_[index] = ++present_.last_key;
      write_session(each, keys_[index]);
      if (!commit_now_and_then(0))
        return false;
    }
    return true;
  }

  void write_session(const planned_session& what, broker::session_key key) {
    into_.put_session(
        {key, std::string{what.id}, what.expiry_interval, what.ends_at, false});
    for (const auto& each : what.subscriptions)
      into_.put_subscription(key, each);
    for (auto id : what.incoming_ids)
      into_.put_incoming_id(key, id);
    for (auto [sequence, id] : what.released)
      into_.put_released(key, sequence, id, 0);
    ++summary_.sessions;
    summary_.subscriptions += what.subscriptions.size();
    summary_.incoming += what.incoming_ids.size();
    summary_.released += what.released.size();
  }

  /// A message that goes to several queues is written with all of them, so that
  /// the store can keep it once.
  bool write_entries(const mosquitto_db& file, const mosquitto_plan& plan) {
    std::vector<broker::queue_target> targets;
    const auto& all = plan.entries;
    for (size_t at = 0; at < all.size();) {
      auto offset = all[at].offset;
      targets.clear();
      for (; at < all.size() && all[at].offset == offset; ++at)
        if (auto key = keys_[all[at].session]; key != 0)
          targets.push_back({key, all[at].sequence, all[at].options});
      if (!write_message(file, offset, targets)
          || !go_on(file.size() + file.size() * at / all.size(),
                    2 * file.size()))
        return false;
    }
    return true;
  }

  bool write_message(const mosquitto_db& file, uint64_t offset,
                     std::span<const broker::queue_target> targets) {
    if (targets.empty())
      return true;
    auto message = load(file, offset, targets.size(), {});
    if (!message)
      return true;
    into_.append(*message, targets, now_);
    summary_.queued += targets.size();
    summary_.in_flight += static_cast<uint64_t>(std::ranges::count_if(
        targets, [](const auto& each) { return each.options.packet_id != 0; }));
    return commit_now_and_then(message->footprint() * targets.size());
  }

  bool write_retained(const mosquitto_db& file, const mosquitto_plan& plan) {
    std::unordered_set<std::string> written;
    for (auto offset : plan.retained) {
      auto message = load(file, offset, 1, true);
      if (!message || !may_retain(*message))
        continue;
      std::string topic{message->topic()};
      if (message->payload().empty()) {
        into_.erase_retained(topic);
        written.erase(topic);
      } else {
        into_.put_retained({message, author_of(file, offset)}, now_);
        written.insert(std::move(topic));
      }
      if (!commit_now_and_then(message->footprint()))
        return false;
    }
    summary_.retained = written.size();
    return true;
  }

  /// Mosquitto remembers the listener by its port.
  static broker::author_ptr author_of(const mosquitto_db& file,
                                      uint64_t offset) {
    auto found = file.message_at(offset);
    if (!found || found->source_id.empty())
      return nullptr;
    std::optional<std::string_view> user;
    if (!found->source_user.empty())
      user = found->source_user;
    return broker::author::make(found->source_id, user,
                                std::to_string(found->source_port));
  }

  bool may_retain(const broker::publication& what) {
    if (what.topic().starts_with("$SYS")) {
      ++summary_.skipped["retained messages of $SYS"];
      return false;
    }
    if (options_.conflict == on_conflict::keep
        && present_.topics.contains(std::string{what.topic()})) {
      ++summary_.skipped["retained messages that are in the store already"];
      return false;
    }
    return true;
  }

  /// Null if the message has expired, which concerns `count`.
  broker::publication_ptr load(const mosquitto_db& file, uint64_t offset,
                               uint64_t count, std::optional<bool> retain) {
    auto found = file.message_at(offset);
    if (!found)
      return {};
    constexpr int64_t milliseconds = 1000;
    auto expires_at = never;
    if (found->expires_at > 0) {
      if (found->expires_at <= now_.wall / milliseconds) {
        summary_.skipped["messages that have expired"] += count;
        return {};
      }
      // As long as MQTT can say, whatever stands there.
      auto left = std::min(found->expires_at - now_.wall / milliseconds,
                           int64_t{UINT32_MAX});
      expires_at = now_.steady + std::chrono::seconds{left};
    }
    protocol::message made;
    made.topic = found->topic;
    made.payload = found->payload;
    made.qos = found->qos;
    made.retain = retain.value_or(found->retain);
    made.forwarded_properties = found->properties;
    return broker::publication::restore(made, expires_at);
  }

  bool commit_now_and_then(size_t bytes) {
    ++pending_;
    pending_bytes_ += bytes;
    if (pending_ < entries_per_commit && pending_bytes_ < bytes_per_commit)
      return true;
    return commit(false);
  }

  bool commit(bool synced) {
    pending_ = 0;
    pending_bytes_ = 0;
    if (auto done = into_.commit(synced); !done) {
      summary_.error = "cannot write: " + done.text;
      return false;
    }
    return true;
  }

  broker::store& into_;
  const import_options& options_;
  const instant& now_;
  const progress& tell_;
  import_summary summary_;
  present present_;
  // By the index of the session in the plan; 0: left out.
  std::vector<broker::session_key> keys_;
  size_t pending_ = 0;
  size_t pending_bytes_ = 0;
};

} // namespace

import_summary import_mosquitto(std::span<const uint8_t> file,
                                broker::store& into,
                                const import_options& options,
                                const instant& now, const progress& tell) {
  return importer{into, options, now, tell}.run(file);
}

} // namespace troupe::storage
