#include "apps/tools/message_format.hpp"

#include "apps/tools/message_json.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace troupe::tools {
namespace {

constexpr std::string_view field_letters = "ACDEFIJjlmPpqRrStUXx%";
/// What may stand behind a backslash, and what it stands for.
constexpr std::string_view escape_letters = "\\0aenrtv";
constexpr std::string_view escape_values{"\\\0\a\033\n\r\t\v", 8};
/// Wider fields are refused by clipping: nobody's screen has them.
constexpr size_t max_width = 1'000'000;

size_t read_number(std::string_view text, size_t& at) {
  size_t value = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
    value =
        std::min(value * 10 + static_cast<size_t>(text[at] - '0'), max_width);
  return value;
}

template <class T>
std::string number(const std::optional<T>& value) {
  return value ? std::to_string(*value) : std::string{};
}

std::string hex(std::string_view bytes, const char* digits) {
  std::string result;
  result.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    result += digits[static_cast<uint8_t>(byte) >> 4];
    result += digits[static_cast<uint8_t>(byte) & 0xf];
  }
  return result;
}

std::string pairs(const std::vector<protocol::user_property>& all) {
  std::string result;
  for (const auto& [name, value] : all) {
    if (!result.empty())
      result += ' ';
    result.append(name).append(":").append(value);
  }
  return result;
}

std::string fraction(wall_time now) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%09u", now.nanoseconds);
  return digits;
}

/// With which letters each of the format's options counts.
bool takes_width(char letter) {
  return std::string_view{"ACEFIlmpRStXx"}.find(letter)
         != std::string_view::npos;
}
bool takes_zero(char letter) {
  return std::string_view{"AEFlmpSXx"}.find(letter) != std::string_view::npos;
}
bool takes_precision(char letter) {
  return std::string_view{"CIRt"}.find(letter) != std::string_view::npos;
}

std::string value_of(char letter, const received_message& message,
                     wall_time now) {
  switch (letter) {
  case 'A':
    return number(message.topic_alias);
  case 'C':
    return std::string{message.content_type.value_or("")};
  case 'D':
    return std::string{message.correlation_data.value_or("")};
  case 'E':
    return number(message.message_expiry_interval);
  case 'F':
    return number(message.payload_format);
  case 'I':
    return to_text(now, "%Y-%m-%dT%H:%M:%S%z");
  case 'l':
    return std::to_string(message.payload.size());
  case 'm':
    return std::to_string(message.packet_id);
  case 'P':
    return pairs(message.user_properties);
  case 'p':
    return std::string{message.payload};
  case 'q':
    return std::to_string(static_cast<int>(message.qos));
  case 'R':
    return std::string{message.response_topic.value_or("")};
  case 'r':
    return message.retain ? "1" : "0";
  case 'S':
    return message.subscription_ids.empty()
               ? std::string{}
               : std::to_string(message.subscription_ids.front());
  case 't':
    return std::string{message.topic};
  case 'U':
    return std::to_string(now.seconds) + "." + fraction(now);
  case 'X':
    return hex(message.payload, "0123456789ABCDEF");
  case 'x':
    return hex(message.payload, "0123456789abcdef");
  default:
    return {};
  }
}

} // namespace

void message_format::add_text(char letter) {
  if (segments_.empty() || segments_.back().letter != 0)
    segments_.emplace_back();
  segments_.back().text += letter;
}

std::string message_format::parse_field(std::string_view text, size_t& at,
                                        segment& out) {
  for (; at < text.size() && (text[at] == '-' || text[at] == '0'); ++at)
    (text[at] == '-' ? out.left_aligned : out.zero_padded) = true;
  out.width = read_number(text, at);
  if (at < text.size() && text[at] == '.')
    out.precision = read_number(text, ++at);
  if (at >= text.size())
    return "Incomplete format specifier.";
  out.letter = text[at++];
  if (field_letters.find(out.letter) == std::string_view::npos)
    return std::string{"Invalid format specifier '"} + out.letter + "'.";
  return {};
}

std::string message_format::parse(std::string_view text, message_format& out) {
  for (size_t at = 0; at < text.size();) {
    auto letter = text[at++];
    if (letter != '%' && letter != '@' && letter != '\\') {
      out.add_text(letter);
      continue;
    }
    if (at == text.size())
      return letter == '\\' ? "Incomplete escape specifier."
                            : "Incomplete format specifier.";
    if (letter == '\\') {
      auto which = escape_letters.find(text[at++]);
      if (which == std::string_view::npos)
        return std::string{"Invalid escape specifier '"} + text[at - 1] + "'.";
      out.add_text(escape_values[which]);
    } else if (text[at] == letter) {
      out.add_text(text[at++]);
    } else if (letter == '@') {
      segment part;
      part.letter = '@';
      part.text = text[at++];
      out.segments_.push_back(std::move(part));
    } else {
      segment part;
      if (auto problem = parse_field(text, at, part); !problem.empty())
        return problem;
      out.segments_.push_back(std::move(part));
    }
  }
  return {};
}

bool message_format::append(std::string& out, const received_message& message,
                            wall_time now, bool pretty) const {
  auto good = true;
  for (const auto& part : segments_)
    good = append_segment(out, part, message, now, pretty) && good;
  return good;
}

bool message_format::append_segment(std::string& out, const segment& part,
                                    const received_message& message,
                                    wall_time now, bool pretty) {
  switch (part.letter) {
  case 0:
    out += part.text;
    return true;
  case '%':
    out += '%';
    return true;
  case '@':
    // @N is ours, not strftime's.
    out += part.text == "N" ? fraction(now)
                            : to_text(now, ("%" + part.text).c_str());
    return true;
  case 'j':
    append_json(out, message, now, pretty);
    return true;
  case 'J':
    return append_json_with_json_payload(out, message, now, pretty);
  default:
    break;
  }
  auto value = value_of(part.letter, message, now);
  if (part.precision && takes_precision(part.letter))
    value.resize(std::min(value.size(), *part.precision));
  auto wanted = takes_width(part.letter) ? part.width : 0;
  auto padding = wanted > value.size() ? wanted - value.size() : 0;
  auto fill = part.zero_padded && takes_zero(part.letter) ? '0' : ' ';
  if (!part.left_aligned)
    out.append(padding, fill);
  out += value;
  if (part.left_aligned)
    out.append(padding, ' ');
  return true;
}

} // namespace troupe::tools
