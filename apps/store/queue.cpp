#include "apps/store/commands.hpp"
#include "apps/store/exit_status.hpp"
#include "apps/store/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::store_tool {

namespace {

constexpr size_t messages_at_once = 1000;
constexpr size_t bytes_at_once = size_t{1} << 20;
constexpr size_t preview_columns = 40;

std::optional<broker::session_key> find_session(storage::rocks_store& store,
                                                const std::string& client,
                                                const instant& now) {
  std::optional<broker::session_key> found;
  store.for_each_session(
      [&](broker::recovered_session&& each) {
        if (each.record.client_id == client)
          found = each.record.key;
      },
      now);
  return found;
}

/// Which identifiers were given to messages that had waited first.
class window {
public:
  explicit window(std::vector<broker::launch_run> runs)
      : runs_(std::move(runs)) {}

  uint16_t packet_id_of(const broker::stored_entry& entry) const {
    if (entry.options.packet_id != 0)
      return entry.options.packet_id;
    for (const auto& run : runs_)
      if (entry.sequence >= run.first_sequence
          && entry.sequence - run.first_sequence < run.count)
        return nth(run, entry.sequence - run.first_sequence);
    return 0;
  }

private:
  static uint16_t nth(const broker::launch_run& run, uint64_t n) {
    constexpr uint64_t identifiers = 65'535;
    return static_cast<uint16_t>((run.first_packet_id - 1 + n) % identifiers
                                 + 1);
  }

  std::vector<broker::launch_run> runs_;
};

/// Prints entries one by one.
class queue_printer {
public:
  queue_printer(bool json, window sent, const instant& now)
      : sent_(std::move(sent)), now_(now), json_(json) {
    text_ = json_
                ? "["
                : fmt::format("{:>10} {:>3} {:<15} {:>6} {:>10}  {:<19}  {}\n",
                              "number", "QoS", "state", "retain", "payload",
                              "expires", "topic and payload");
  }

  void add(const broker::stored_entry& entry) {
    if (!json_)
      return add_text(entry);
    text_ += std::exchange(separator_, ",\n");
    add_json(entry);
  }

  bool flush() { return store_tool::flush(text_); }
  bool finish() {
    if (json_)
      text_ += "\n]\n";
    return flush();
  }

private:
  static const char* state_name(const broker::stored_entry& entry,
                                uint16_t packet_id) {
    return !entry.message ? "released" : packet_id != 0 ? "sent" : "queued";
  }

  void add_text(const broker::stored_entry& entry) {
    auto id = sent_.packet_id_of(entry);
    std::string state = state_name(entry, id);
    if (id != 0)
      state += fmt::format(" as {}", id);
    text_ += fmt::format("{:>10} {:>3} {:<15} ", entry.sequence,
                         static_cast<int>(entry.options.qos), state);
    if (const auto& message = entry.message) {
      auto expires = now_.to_wall(message->expires_at());
      text_ += fmt::format(
          "{:>6} {:>10}  {:<19}  {}  {}", entry.options.retain ? "yes" : "no",
          message->payload().size(), expires == 0 ? "never" : to_local(expires),
          to_printable(message->topic()),
          to_printable(message->payload(), preview_columns));
    }
    text_ += '\n';
  }

  void add_json(const broker::stored_entry& entry) {
    auto id = sent_.packet_id_of(entry);
    tools::json_writer out{text_, false};
    out.begin_object();
    put_number(out, "number", entry.sequence);
    put_number(out, "qos", static_cast<uint64_t>(entry.options.qos));
    put_text(out, "state", state_name(entry, id));
    if (id != 0)
      put_number(out, "packet_id", id);
    if (const auto& message = entry.message) {
      put_text(out, "topic", message->topic());
      put_flag(out, "retain", entry.options.retain);
      put_number(out, "payload_size", message->payload().size());
      put_text(out, "preview",
               to_printable(message->payload(), preview_columns));
      put_time(out, "expires_at", now_.to_wall(message->expires_at()));
    }
    if (entry.options.subscription_id != 0)
      put_number(out, "subscription_id", entry.options.subscription_id);
    out.end_object();
  }

  window sent_;
  const instant& now_;
  std::string text_;
  const char* separator_ = "\n";
  bool json_;
};

bool print(storage::rocks_store& store, broker::session_key key,
           const options& given, const instant& now) {
  queue_printer out{given.json, window{store.load(key, now).window}, now};
  auto left = given.limit == 0 ? UINT64_MAX : given.limit;
  for (uint64_t from = 0; left != 0;) {
    auto count = std::min(left, uint64_t{messages_at_once});
    auto slice = store.read_queue(key, from, count, bytes_at_once, now);
    for (const auto& entry : slice.entries)
      out.add(entry);
    left -= std::min(left, uint64_t{slice.entries.size()});
    from = slice.next;
    if (!out.flush())
      return false;
    if (slice.at_end)
      break;
  }
  return out.finish();
}

} // namespace

int show_queue(const location& where, const options& given) {
  auto opened = open_existing(where, true);
  if (!opened.store)
    return complain(opened.error);
  auto now = instant::now();
  auto key = find_session(*opened.store, given.argument, now);
  if (!key)
    return complain("there is no durable session of "
                    + to_printable(given.argument) + " in " + where.database);
  return print(*opened.store, *key, given, now) ? success : failed;
}

} // namespace troupe::store_tool
