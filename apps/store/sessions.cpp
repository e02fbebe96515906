#include "apps/store/commands.hpp"
#include "apps/store/exit_status.hpp"
#include "apps/store/text.hpp"
#include "broker/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace troupe::store_tool {

namespace {

constexpr size_t flush_above = 64 * 1024;
constexpr size_t widest_id = 40;

struct session_line {
  broker::session_record record;
  uint64_t subscriptions = 0;
  uint64_t queued = 0;
  uint64_t queued_bytes = 0;
  bool has_will = false;
};

std::vector<session_line> all_sessions(storage::rocks_store& store) {
  std::vector<session_line> lines;
  store.for_each_session(
      [&lines](broker::recovered_session&& each) {
        lines.push_back({std::move(each.record), each.subscriptions.size(),
                         each.queue.messages, each.queue.bytes,
                         each.will.has_value()});
      },
      instant::now());
  std::ranges::sort(
      lines, {}, [](const session_line& each) -> const auto& {
        return each.record.client_id;
      });
  return lines;
}

/// A broker that was killed left the records of its clients behind.
std::string state_of(const broker::session_record& record, bool is_broker) {
  if (record.is_connected)
    return is_broker ? "connected" : "was connected";
  if (record.ends_at == 0)
    return "kept for ever";
  return "until " + to_local(record.ends_at);
}

void append_json(std::string& text, const session_line& line, bool is_broker) {
  tools::json_writer out{text, false};
  out.begin_object();
  put_text(out, "client_id", line.record.client_id);
  put_flag(out, "bridge", line.record.is_bridge);
  put_flag(out, "connected", line.record.is_connected && is_broker);
  out.name("expiry_interval");
  out.literal(line.record.expiry_interval == broker::session_never_expires
                  ? "null"
                  : std::to_string(line.record.expiry_interval));
  put_time(out, "ends_at", line.record.ends_at);
  put_number(out, "subscriptions", line.subscriptions);
  put_flag(out, "will", line.has_will);
  put_number(out, "queued", line.queued);
  put_number(out, "queued_bytes", line.queued_bytes);
  out.end_object();
}

bool print_json(const std::vector<session_line>& lines, bool is_broker) {
  std::string text = "[";
  const char* separator = "\n";
  for (const auto& line : lines) {
    text += std::exchange(separator, ",\n");
    append_json(text, line, is_broker);
    if (text.size() > flush_above && !flush(text))
      return false;
  }
  text += "\n]\n";
  return flush(text);
}

size_t id_width(const std::vector<session_line>& lines) {
  size_t width = std::string_view{"client"}.size();
  for (const auto& line : lines)
    width = std::max(width, to_printable(line.record.client_id).size());
  return std::min(width, widest_id);
}

bool print_text(const std::vector<session_line>& lines, bool is_broker) {
  auto width = id_width(lines);
  std::string text =
      fmt::format("{:<{}}  {:<6}  {:<25} {:>13} {:>10} {:>12}\n", "client",
                  width, "kind", "state", "subscriptions", "queued", "payload");
  for (const auto& line : lines) {
    text += fmt::format("{:<{}}  {:<6}  {:<25} {:>13} {:>10} {:>12}\n",
                        to_printable(line.record.client_id), width,
                        line.record.is_bridge ? "bridge" : "client",
                        state_of(line.record, is_broker), line.subscriptions,
                        line.queued, to_size(line.queued_bytes));
    if (text.size() > flush_above && !flush(text))
      return false;
  }
  return flush(text);
}

} // namespace

int show_sessions(const location& where, const options& given) {
  auto opened = open_existing(where, true);
  if (!opened.store)
    return complain(opened.error);
  auto lines = all_sessions(*opened.store);
  auto is_broker = is_in_use(where);
  auto is_written =
      given.json ? print_json(lines, is_broker) : print_text(lines, is_broker);
  return is_written ? success : failed;
}

} // namespace troupe::store_tool
