#include "apps/store/commands.hpp"
#include "apps/store/exit_status.hpp"
#include "apps/store/text.hpp"

#include <fmt/format.h>

#include <string>

namespace troupe::store_tool {

namespace {

struct totals {
  uint64_t sessions = 0;
  uint64_t connected = 0;
  uint64_t subscriptions = 0;
  uint64_t wills = 0;
  uint64_t queued = 0;
  uint64_t queued_bytes = 0;
  uint64_t retained = 0;
  uint64_t retained_bytes = 0;
  wall_time alive_at = 0;
};

totals count(storage::rocks_store& store) {
  totals out;
  auto now = instant::now();
  store.for_each_session(
      [&](broker::recovered_session&& each) {
        ++out.sessions;
        out.connected += each.record.is_connected ? 1 : 0;
        out.subscriptions += each.subscriptions.size();
        out.wills += each.will ? 1 : 0;
        out.queued += each.queue.messages;
        out.queued_bytes += each.queue.bytes;
      },
      now);
  store.for_each_retained(
      [&](broker::retained_message&& each) {
        ++out.retained;
        out.retained_bytes += each.message->payload().size();
      },
      now);
  out.alive_at = store.alive_at();
  return out;
}

std::string as_json(const location& where, const storage::database_info& info,
                    const totals& sums, bool is_broker) {
  std::string text;
  tools::json_writer out{text, false};
  out.begin_object();
  put_text(out, "database", where.database);
  put_flag(out, "broker", is_broker);
  put_time(out, "alive_at", sums.alive_at);
  put_number(out, "format", info.format);
  put_number(out, "bytes_on_disk", info.bytes_on_disk);
  put_number(out, "log_bytes", info.log_bytes);
  put_number(out, "sessions", sums.sessions);
  put_number(out, "connected", is_broker ? sums.connected : 0);
  put_number(out, "subscriptions", sums.subscriptions);
  put_number(out, "wills", sums.wills);
  put_number(out, "queued", sums.queued);
  put_number(out, "queued_bytes", sums.queued_bytes);
  put_number(out, "retained", sums.retained);
  put_number(out, "retained_bytes", sums.retained_bytes);
  out.name("kinds");
  out.begin_array();
  for (const auto& each : info.kinds) {
    out.begin_object();
    put_text(out, "name", each.name);
    put_number(out, "records", each.records);
    put_number(out, "bytes", each.bytes);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return text + "\n";
}

std::string as_text(const location& where, const storage::database_info& info,
                    const totals& sums, bool is_broker) {
  std::string text;
  auto line = [&text](const char* name, const std::string& value) {
    text += fmt::format("{:<15}{}\n", name, value);
  };
  line("database", where.database);
  line("broker", is_broker ? "running"
                 : sums.alive_at == 0
                     ? "not running"
                     : "not running, last seen " + to_local(sums.alive_at));
  line("format", std::to_string(info.format));
  line("size", fmt::format("{}, log {}", to_size(info.bytes_on_disk),
                           to_size(info.log_bytes)));
  line("sessions", is_broker ? fmt::format("{}, connected {}", sums.sessions,
                                           sums.connected)
                             : std::to_string(sums.sessions));
  line("subscriptions", std::to_string(sums.subscriptions));
  line("wills", std::to_string(sums.wills));
  line("queued",
       fmt::format("{}, payload {}", sums.queued, to_size(sums.queued_bytes)));
  line("retained", fmt::format("{}, payload {}", sums.retained,
                               to_size(sums.retained_bytes)));
  text += fmt::format("\n{:<15}{:>12}{:>14}\n", "kind", "records", "in files");
  for (const auto& each : info.kinds)
    text += fmt::format("{:<15}{:>12}{:>14}\n", each.name, each.records,
                        to_size(each.bytes));
  return text + "\nRecords and sizes by kind are estimates.\n";
}

} // namespace

int show_info(const location& where, const options& given) {
  auto opened = open_existing(where, true);
  if (!opened.store)
    return complain(opened.error);
  auto sums = count(*opened.store);
  auto info = opened.store->describe();
  auto is_broker = is_in_use(where);
  auto text = given.json ? as_json(where, info, sums, is_broker)
                         : as_text(where, info, sums, is_broker);
  return flush(text) ? success : failed;
}

} // namespace troupe::store_tool
