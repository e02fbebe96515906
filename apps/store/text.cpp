#include "apps/store/text.hpp"

#include "core/escapes.hpp"
#include "core/printable.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace troupe::store_tool {

namespace {

constexpr int64_t milliseconds = 1000;

void append_escaped(std::string& out, unsigned char byte) {
  if (auto known = short_escape(static_cast<char>(byte)); !known.empty()) {
    out += known;
    return;
  }
  char code[8];
  std::snprintf(code, sizeof code, "\\x%02x", byte);
  out += code;
}

std::string formatted(const std::tm& time, const char* format) {
  char buffer[64];
  return {buffer, std::strftime(buffer, sizeof buffer, format, &time)};
}

} // namespace

std::string to_size(uint64_t bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  constexpr double step = 1024;
  if (bytes < static_cast<uint64_t>(step))
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  auto value = static_cast<double>(bytes) / step;
  size_t unit = 0;
  for (; value >= step && unit + 1 < units.size(); ++unit)
    value /= step;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
  return text;
}

std::string to_local(wall_time when) {
  std::time_t seconds = when / milliseconds;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return formatted(parts, "%Y-%m-%d %H:%M:%S");
}

std::string to_utc(wall_time when) {
  std::time_t seconds = when / milliseconds;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03dZ",
                static_cast<int>(when % milliseconds));
  return formatted(parts, "%Y-%m-%dT%H:%M:%S") + fraction;
}

std::string to_printable(std::string_view text, size_t most) {
  std::string out;
  size_t columns = 0;
  while (!text.empty()) {
    if (columns >= most)
      return out + "…";
    auto length = printable_length(text);
    auto before = out.size();
    if (length == 0)
      append_escaped(out, static_cast<unsigned char>(text[0]));
    else
      out += text.substr(0, length);
    columns += length == 0 ? out.size() - before : 1;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void put_number(tools::json_writer& out, std::string_view name,
                uint64_t value) {
  out.name(name);
  out.literal(std::to_string(value));
}

void put_flag(tools::json_writer& out, std::string_view name, bool value) {
  out.name(name);
  out.literal(value ? "true" : "false");
}

void put_text(tools::json_writer& out, std::string_view name,
              std::string_view value) {
  out.name(name);
  out.string(value);
}

void put_time(tools::json_writer& out, std::string_view name, wall_time when) {
  out.name(name);
  if (when == 0)
    out.literal("null");
  else
    out.string(to_utc(when));
}

bool flush(std::string& text) {
  auto written = std::fwrite(text.data(), 1, text.size(), stdout);
  auto is_whole = written == text.size();
  text.clear();
  return is_whole && std::fflush(stdout) == 0;
}

} // namespace troupe::store_tool
