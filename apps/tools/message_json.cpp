#include "apps/tools/message_json.hpp"

#include "apps/tools/json_writer.hpp"
#include "core/escapes.hpp"
#include "protocol/topic.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>

namespace troupe::tools {
namespace {

/// How many bytes at the front of `text` are one well-formed character; 0 if
/// they are none. U+0000 counts as one here.
size_t character_size(std::string_view text) noexcept {
  if (static_cast<uint8_t>(text[0]) < 0x80)
    return 1;
  for (size_t size = 2; size <= 4 && size <= text.size(); ++size)
    if (protocol::is_utf8_string(text.substr(0, size)))
      return size;
  return 0;
}

void append_escaped(std::string& out, char letter) {
  switch (letter) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\b':
    out += "\\b";
    return;
  case '\f':
    out += "\\f";
    return;
  default:
    break;
  }
  if (auto known = short_escape(letter); !known.empty()) {
    out += known;
    return;
  }
  if (static_cast<uint8_t>(letter) >= 0x20) {
    out += letter;
    return;
  }
  char code[8];
  std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(letter));
  out += code;
}

/// Hands a JSON text on to a writer as it is read: numbers keep their digits,
/// members their order. The names are those that nlohmann's reader calls.
class payload_copier : public nlohmann::json_sax<nlohmann::json> {
public:
  explicit payload_copier(json_writer& out) noexcept : out_(out) {}

  bool null() override { return put("null"); }
  bool boolean(bool value) override { return put(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return put(std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return put(std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& digits) override {
    return put(digits);
  }
  bool string(string_t& value) override {
    out_.string(value);
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    out_.begin_object();
    return true;
  }
  bool key(string_t& value) override {
    out_.name(value);
    return true;
  }
  bool end_object() override {
    out_.end_object();
    return true;
  }
  bool start_array(std::size_t) override {
    out_.begin_array();
    return true;
  }
  bool end_array() override {
    out_.end_array();
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return false;
  }

private:
  bool put(std::string_view text) {
    out_.literal(text);
    return true;
  }

  json_writer& out_;
};

std::string time_stamp(wall_time now) {
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06u", now.nanoseconds / 1000);
  return to_text(now, "%Y-%m-%dT%H:%M:%S") + fraction + to_text(now, "%z");
}

void write_number(json_writer& out, std::string_view name, uint64_t value) {
  out.name(name);
  out.literal(std::to_string(value));
}

void write_text(json_writer& out, std::string_view name,
                const std::optional<std::string_view>& value) {
  if (!value)
    return;
  out.name(name);
  out.string(*value);
}

void write_properties(json_writer& out, const received_message& message) {
  out.name("properties");
  out.begin_object();
  if (message.topic_alias)
    write_number(out, "topic-alias", *message.topic_alias);
  for (auto id : message.subscription_ids)
    write_number(out, "subscription-identifier", id);
  if (!message.user_properties.empty()) {
    out.name("user-properties");
    out.begin_object();
    for (const auto& [name, value] : message.user_properties)
      write_text(out, name, value);
    out.end_object();
  }
  write_text(out, "content-type", message.content_type);
  write_text(out, "response-topic", message.response_topic);
  write_text(out, "correlation-data", message.correlation_data);
  if (message.payload_format)
    write_number(out, "payload-format-indicator", *message.payload_format);
  if (message.message_expiry_interval)
    write_number(out, "message-expiry-interval",
                 *message.message_expiry_interval);
  out.end_object();
}

/// Everything but the payload's value.
void write_head(json_writer& out, const received_message& message,
                wall_time now) {
  out.begin_object();
  out.name("tst");
  out.string(time_stamp(now));
  out.name("topic");
  out.string(message.topic);
  write_number(out, "qos", static_cast<uint64_t>(message.qos));
  out.name("retain");
  out.literal(message.retain ? "true" : "false");
  write_number(out, "payloadlen", message.payload.size());
  if (message.packet_id != 0)
    write_number(out, "mid", message.packet_id);
  if (message.has_properties())
    write_properties(out, message);
  out.name("payload");
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    auto size = character_size(text);
    if (size == 1)
      append_escaped(out, text[0]);
    else if (size == 0)
      out += "\xef\xbf\xbd";
    else
      out += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

void append_json(std::string& out, const received_message& message,
                 wall_time now, bool pretty) {
  json_writer writer{out, pretty};
  write_head(writer, message, now);
  if (message.payload.empty())
    writer.literal("null");
  else
    writer.string(message.payload);
  writer.end_object();
}

bool append_json_with_json_payload(std::string& out,
                                   const received_message& message,
                                   wall_time now, bool pretty) {
  auto before = out.size();
  json_writer writer{out, pretty};
  write_head(writer, message, now);
  payload_copier copier{writer};
  if (message.payload.empty()) {
    writer.literal("null");
  } else if (!nlohmann::json::sax_parse(message.payload.begin(),
                                        message.payload.end(), &copier)) {
    out.resize(before);
    return false;
  }
  writer.end_object();
  return true;
}

} // namespace troupe::tools
