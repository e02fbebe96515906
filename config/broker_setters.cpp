#include "config/setters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <limits>
#include <utility>

namespace troupe::config {

namespace {

using texts = std::vector<std::string>;

complaint add_log_file(draft& in, std::string_view path) {
  auto start = path.find_first_not_of(' ');
  if (start == std::string_view::npos)
    return "`file` needs a path: file /var/log/troupe.log";
  in.log.files.emplace_back(path.substr(start));
  return std::nullopt;
}

/// Hours in the units of Mosquitto's durations; 0: no such unit.
int64_t hours_in(std::string_view unit) noexcept {
  if (unit.size() != 1)
    return 0;
  switch (unit.front()) {
  case 'h':
    return 1;
  case 'd':
    return 24;
  case 'w':
    return 24 * 7;
  case 'm':
    return 24 * 30;
  case 'y':
    return 24 * 365;
  default:
    return 0;
  }
}

} // namespace

complaint set_log_type(draft& in, std::string_view word) {
  if (!in.log_type_given)
    in.log.types = log::no_levels;
  in.log_type_given = true;
  if (word == "none")
    in.log.types = log::no_levels;
  else if (word == "all")
    in.log.types = log::all_levels;
  else {
    for (size_t i = 0; i < log::level_count; ++i)
      if (auto each = static_cast<log::level>(i);
          log::to_string(each) == word) {
        in.log.types |= log::bit(each);
        return std::nullopt;
      }
    return fmt::format("`{}` is not a kind of log line; use error, warning, "
                       "notice, information, debug, subscribe, unsubscribe, "
                       "websockets, internal, all or none",
                       word);
  }
  return std::nullopt;
}

texts write_log_type(const draft& in) {
  if (in.log.types == log::no_levels)
    return {"none"};
  if (in.log.types == log::all_levels)
    return {"all"};
  texts all;
  for (size_t i = 0; i < log::level_count; ++i)
    if (auto each = static_cast<log::level>(i);
        (in.log.types & log::bit(each)) != 0)
      all.emplace_back(log::to_string(each));
  return all;
}

complaint set_log_dest(draft& in, std::string_view words) {
  if (!in.log_dest_given)
    in.log.to_stderr = false;
  in.log_dest_given = true;
  auto word = words.substr(0, words.find(' '));
  if (word == "file")
    return add_log_file(in, words.substr(word.size()));
  if (word == "none") {
    in.log.to_stderr = in.log.to_stdout = in.log.to_syslog = false;
    in.log.files.clear();
  } else if (word == "stderr")
    in.log.to_stderr = true;
  else if (word == "stdout")
    in.log.to_stdout = true;
  else if (word == "syslog")
    in.log.to_syslog = true;
  else if (word == "topic" || word == "dlt" || word == "android") {
    in.log_dest_missing = true;
    in.notes.push_back(fmt::format("troupe does not log to `{}`; lines go to "
                                   "the other destinations, and to "
                                   "stderr if there is none",
                                   word));
  } else
    return fmt::format("`{}` is not a destination; use stderr, stdout, syslog, "
                       "none or file PATH",
                       word);
  return std::nullopt;
}

texts write_log_dest(const draft& in) {
  texts all;
  if (in.log.to_stderr)
    all.emplace_back("stderr");
  if (in.log.to_stdout)
    all.emplace_back("stdout");
  if (in.log.to_syslog)
    all.emplace_back("syslog");
  for (const auto& path : in.log.files)
    all.push_back("file " + path);
  if (all.empty())
    all.emplace_back("none");
  return all;
}

complaint set_log_timestamp_format(draft& in, std::string_view form) {
  std::string text{form};
  std::array<char, 256> room;
  std::tm any{};
  any.tm_mday = 1;
  if (std::strftime(room.data(), room.size(), text.c_str(), &any) == 0)
    return "the form gives no time, or one of more than 255 bytes; use one as "
           "in strftime, such as %Y-%m-%dT%H:%M:%S";
  in.log_timestamp_format = std::move(text);
  return std::nullopt;
}

complaint set_expiration(draft& in, std::string_view text) {
  int64_t count = 0;
  auto end = text.data() + text.size();
  auto [rest, failed] = std::from_chars(text.data(), end, count);
  auto unit = hours_in({rest, static_cast<size_t>(end - rest)});
  // A session expiry interval has 32 bits. [MQTT5-3.1.2.11.2]
  constexpr auto uint32_most = std::numeric_limits<uint32_t>::max();
  auto most = unit == 0 ? 0 : uint32_most / (unit * 3600);
  if (failed != std::errc{} || count < 1 || count > most)
    return fmt::format("`{}` is not a time; use a number from 1 and one of h, "
                       "d, w, m (30 days) and y, such as 14d, up to 136y",
                       text);
  in.persistent_client_expiration = std::chrono::hours{count * unit};
  return std::nullopt;
}

texts write_expiration(const draft& in) {
  auto hours = std::chrono::duration_cast<std::chrono::hours>(
                   in.persistent_client_expiration)
                   .count();
  if (hours == 0)
    return {};
  return {hours % 24 == 0 ? fmt::format("{}d", hours / 24)
                          : fmt::format("{}h", hours)};
}

complaint set_persistence_location(draft& in, std::string_view path) {
  if (path.empty())
    return "an empty text names no directory; use . for the current one";
  in.persistence_location = path;
  return std::nullopt;
}

complaint set_acknowledge_after(draft& in, std::string_view word) {
  if (word == "routed")
    in.acknowledge_after = acknowledge_after::routed;
  else if (word == "written")
    in.acknowledge_after = acknowledge_after::written;
  else if (word == "synced")
    in.acknowledge_after = acknowledge_after::synced;
  else
    return fmt::format("`{}` is no point in time; use routed, written (which "
                       "survives a crash) or synced (a loss of power too)",
                       word);
  return std::nullopt;
}

texts write_acknowledge_after(const draft& in) {
  switch (in.acknowledge_after) {
  case acknowledge_after::routed:
    return {"routed"};
  case acknowledge_after::synced:
    return {"synced"};
  case acknowledge_after::written:
    break;
  }
  return {"written"};
}

complaint set_when_queue_full(draft& in, std::string_view word) {
  if (word == "drop_newest")
    in.when_queue_full = queue_full_policy::drop_newest;
  else if (word == "drop_oldest")
    in.when_queue_full = queue_full_policy::drop_oldest;
  else
    return fmt::format("`{}` does not say what to drop; use drop_newest or "
                       "drop_oldest",
                       word);
  return std::nullopt;
}

texts write_when_queue_full(const draft& in) {
  return {in.when_queue_full == queue_full_policy::drop_oldest ? "drop_oldest"
                                                               : "drop_newest"};
}

complaint set_jwt_user_claim(draft& in, std::string_view text) {
  if (text.empty())
    return "an empty text names no claim; use sub, or leave the option out";
  in.jwt.user_claim = text;
  return std::nullopt;
}

complaint add_jwt_audience(draft& in, std::string_view text) {
  if (text.empty())
    return "an empty text names no audience; leave the option out for any";
  in.jwt.audience.emplace_back(text);
  return std::nullopt;
}

texts write_jwt_audience(const draft& in) {
  return in.jwt.audience;
}

complaint add_jwt_algorithm(draft& in, std::string_view word) {
  if (word != "RS256" && word != "ES256" && word != "HS256")
    return fmt::format("`{}` is no algorithm that is taken; use RS256, ES256 "
                       "or HS256",
                       word);
  if (!std::exchange(in.jwt_algorithms_given, true))
    in.jwt.algorithms.clear();
  if (std::find(in.jwt.algorithms.begin(), in.jwt.algorithms.end(), word)
      == in.jwt.algorithms.end())
    in.jwt.algorithms.emplace_back(word);
  return std::nullopt;
}

texts write_jwt_algorithms(const draft& in) {
  return in.jwt.algorithms;
}

} // namespace troupe::config
