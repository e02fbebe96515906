#include "apps/bench/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace troupe::bench {

namespace {

constexpr double nanoseconds_per_second = 1e9;

struct percentile_name {
  double percent;
  std::string_view key;
  std::string_view title;
};

constexpr std::array<percentile_name, 4> percentiles{{
    {50, "latency_p50_us", "latency p50"},
    {90, "latency_p90_us", "latency p90"},
    {99, "latency_p99_us", "latency p99"},
    {99.9, "latency_p999_us", "latency p99.9"},
}};

constexpr double microseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000.0;
}

std::string number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return fmt::format("{}", static_cast<int64_t>(value));
  return fmt::format("{:.3f}", value);
}

} // namespace

void report::add(std::string_view key, std::string_view title, double value,
                 std::string_view unit) {
  figures_.push_back({key, title, value, unit, false});
}

void report::add_check(std::string_view key, std::string_view title,
                       uint64_t count) {
  figures_.push_back({key, title, static_cast<double>(count), "", true});
}

bool report::is_good() const noexcept {
  return error_.empty()
         && std::none_of(figures_.begin(), figures_.end(), [](const auto& one) {
              return one.is_check && one.value != 0;
            });
}

void add_percentiles(report& to, const histogram& from) {
  if (from.count() == 0)
    return;
  for (const auto& [percent, key, title] : percentiles)
    to.add(key, title, microseconds(from.percentile(percent)), "us");
  to.add("latency_max_us", "latency max", microseconds(from.max()), "us");
}

void add_process(report& to, const process_watch& from, uint64_t count,
                 std::string_view key, std::string_view title) {
  auto seconds = std::chrono::duration<double>(from.elapsed()).count();
  auto share = [seconds](uint64_t cpu) {
    return seconds > 0
               ? static_cast<double>(cpu) / nanoseconds_per_second / seconds
               : 0.0;
  };
  if (from.is_on()) {
    if (count != 0)
      to.add(key, title,
             static_cast<double>(from.cpu()) / 1000.0
                 / static_cast<double>(count),
             "us");
    to.add("broker_cpu", "broker CPU", share(from.cpu()), "cores");
    to.add("rss_start_kib", "RSS at start",
           static_cast<double>(from.rss_at_start()), "KiB");
    to.add("rss_peak_kib", "RSS at peak", static_cast<double>(from.rss_peak()),
           "KiB");
    to.add("rss_end_kib", "RSS at end", static_cast<double>(from.rss_at_end()),
           "KiB");
  }
  to.add("generator_cpu", "generator CPU", share(from.own_cpu()), "cores");
}

void add_verdict(report& to, const verdict& from) {
  to.add("expected", "deliveries expected", static_cast<double>(from.expected),
         "");
  to.add("received", "deliveries received", static_cast<double>(from.received),
         "");
  to.add_check("lost", "lost", from.lost);
  to.add_check("duplicates", "duplicates", from.duplicates);
  to.add_check("misordered", "misordered", from.misordered);
  to.add_check("bad_payload", "bad payload", from.bad_payload);
  to.add_check("stray", "stray", from.stray);
}

std::string as_table(const report& from, const options& opts) {
  auto text =
      fmt::format("{}, QoS {}, {} bytes, MQTT {}\n", to_string(opts.scenario),
                  opts.qos, opts.payload, to_string(opts.version));
  for (const auto& one : from.figures())
    text +=
        fmt::format("  {:<24}{:>16} {}{}\n", one.title, number(one.value),
                    one.unit, one.is_check && one.value != 0 ? "FAILED" : "");
  if (!from.error().empty())
    text += fmt::format("  error: {}\n", from.error());
  return text;
}

std::string as_json(const report& from, const options& opts) {
  nlohmann::ordered_json line;
  line["scenario"] = to_string(opts.scenario);
  line["qos"] = opts.qos;
  line["payload"] = opts.payload;
  line["version"] = to_string(opts.version);
  for (const auto& one : from.figures()) {
    if (one.value == std::floor(one.value) && std::abs(one.value) < 1e15)
      line[std::string{one.key}] = static_cast<int64_t>(one.value);
    else
      line[std::string{one.key}] = one.value;
  }
  line["passed"] = from.is_good();
  if (!from.error().empty())
    line["error"] = from.error();
  auto replace = nlohmann::ordered_json::error_handler_t::replace;
  return line.dump(-1, ' ', false, replace) + '\n';
}

} // namespace troupe::bench
