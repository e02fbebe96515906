#include "apps/tools/command_line.hpp"
#include "apps/tools/numbers.hpp"
#include "protocol/topic.hpp"

#include <cmath>
#include <cstdlib>

namespace troupe::tools {
namespace {

void choose(command_line& line, pub_options& options, message_source source,
            const std::string& text = {}) {
  if (options.source != message_source::none)
    line.refuse("Only one type of message can be sent at once.");
  options.source = source;
  options.text = text;
}

void add_message_options(command_line& line, pub_options& options) {
  line.value("-m,--message", "send this message", [&](const auto& text) {
    choose(line, options, message_source::text, text);
  });
  line.value("-f,--file", "send the contents of this file",
             [&](const auto& text) {
               choose(line, options, message_source::file, text);
             });
  line.flag("-n,--null-message", "send an empty message",
            [&] { choose(line, options, message_source::empty); });
  line.flag("-s,--stdin-file", "send all of standard input as one message",
            [&] { choose(line, options, message_source::stdin_whole); });
  line.flag("-l,--stdin-line", "send each line of standard input as a message",
            [&] { choose(line, options, message_source::stdin_lines); });
}

void read_repeat_delay(command_line& line, pub_options& options,
                       const std::string& text) {
  char* end = nullptr;
  auto seconds = std::strtod(text.c_str(), &end);
  // A year is long enough; NaN fails every comparison.
  if (text.empty() || *end != '\0' || !(seconds >= 0 && seconds < 31'536'000))
    return line.refuse("--repeat-delay argument must be >=0.0.");
  options.repeat_delay = std::chrono::microseconds{std::llround(seconds * 1e6)};
}

void add_publish_options(command_line& line, pub_options& options) {
  auto use_topic = [&](const std::string& text) {
    line.read_text(text, "-t", options.topic.emplace());
  };
  line.take_topic(use_topic);
  line.value("-t,--topic", "topic to publish to", use_topic);
  line.value(
      "-q,--qos", "QoS of the messages. Default: 0",
      [&](const auto& text) { line.read_qos(text, "QoS", options.qos); });
  line.flag("-r,--retain", "messages are retained",
            [&] { options.retain = true; });
  line.value("--repeat", "send the message so many times",
             [&](const auto& text) {
               auto count = to_number(text, 1, UINT32_MAX);
               if (!count)
                 line.refuse("--repeat argument must be >0.");
               options.repeat = static_cast<uint32_t>(count.value_or(1));
             });
  line.value("--repeat-delay", "seconds between the repeated messages",
             [&](const auto& text) { read_repeat_delay(line, options, text); });
  line.take_properties("publish", protocol::packet_type::publish,
                       options.publish_properties);
}

void check(command_line& line, const pub_options& options) {
  if (!options.topic || options.source == message_source::none)
    return line.refuse("Both topic and message must be supplied.");
  if (!protocol::is_topic_name(*options.topic))
    line.refuse("Invalid publish topic '" + *options.topic
                + "', does it contain '+' or '#'?");
}

} // namespace

command<pub_options> parse_pub(int argc, const char* const* argv) {
  command<pub_options> result;
  auto& options = result.options;
  command_line line{"troupe pub",
                    "Publishes messages on a topic, as mosquitto_pub does.",
                    options};
  add_message_options(line, options);
  add_publish_options(line, options);
  property_list unused;
  // Taken and of no use here, as in mosquitto_pub.
  line.take_properties("subscribe", protocol::packet_type::subscribe, unused);
  line.take_properties("unsubscribe", protocol::packet_type::unsubscribe,
                       unused);
  result.what = line.parse(
      argc, argv, [&] { check(line, options); }, result.text);
  return result;
}

} // namespace troupe::tools
