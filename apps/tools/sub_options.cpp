#include "apps/tools/command_line.hpp"
#include "apps/tools/numbers.hpp"
#include "protocol/topic.hpp"

#include <cmath>
#include <cstdlib>

namespace troupe::tools {
namespace {

void add_topic(command_line& line, std::vector<std::string>& topics,
               const char* kind, const std::string& text) {
  if (!protocol::is_topic_filter(text))
    line.refuse(std::string{"Invalid "} + kind + " topic '" + text
                + "', are all '+' and '#' wildcards correct?");
  topics.push_back(text);
}

void add_topic_options(command_line& line, sub_options& options) {
  auto use_topic = [&](const std::string& text) {
    add_topic(line, options.topics, "subscription", text);
  };
  line.take_topic(use_topic);
  line.value("-t,--topic", "topic filter to subscribe to; may be repeated",
             use_topic);
  line.value("-T,--filter-out",
             "do not print topics that match; may be "
             "repeated",
             [&](const auto& text) {
               add_topic(line, options.filtered_out, "filter", text);
             });
  line.value("-U,--unsubscribe",
             "topic filter to unsubscribe from; may be "
             "repeated",
             [&](const auto& text) {
               add_topic(line, options.unsubscribe_topics, "unsubscribe", text);
             });
}

void read_retain_handling(command_line& line, sub_options& options,
                          const std::string& text) {
  using protocol::retain_handling;
  if (text == "always")
    options.retain_handling = retain_handling::always;
  else if (text == "new")
    options.retain_handling = retain_handling::if_new;
  else if (text == "never")
    options.retain_handling = retain_handling::no_retained;
  else
    line.refuse("--retain-handling is always, new or never.");
}

void add_subscribe_options(command_line& line, sub_options& options) {
  line.value(
      "-q,--qos", "QoS of the subscriptions. Default: 0",
      [&](const auto& text) { line.read_qos(text, "QoS", options.qos); });
  line.flag("--retain-as-published", "keep the retain flag of the publisher",
            [&] { options.retain_as_published = true; });
  line.value(
      "--retain-handling",
      "send retained messages: always, new or never. Default: always",
      [&](const auto& text) { read_retain_handling(line, options, text); });
  line.flag("-E", "end when the subscriptions are acknowledged",
            [&] { options.exit_after_subscribe = true; });
  line.take_properties("subscribe", protocol::packet_type::subscribe,
                       options.subscribe_properties);
  line.take_properties("unsubscribe", protocol::packet_type::unsubscribe,
                       options.unsubscribe_properties);
}

void add_end_options(command_line& line, sub_options& options) {
  line.value("-C", "end after so many messages", [&](const auto& text) {
    auto count = to_number(text, 1, INT32_MAX);
    if (!count)
      line.refuse("Invalid message count \"" + text + "\".");
    options.message_count = static_cast<uint32_t>(count.value_or(1));
  });
  line.value("-W", "end after so many seconds, with status 27",
             [&](const auto& text) {
               auto seconds = to_number(text, 1, INT32_MAX);
               if (!seconds)
                 line.refuse("Invalid timeout \"" + text + "\".");
               options.timeout = static_cast<uint32_t>(seconds.value_or(1));
             });
}

void read_chance(command_line& line, sub_options& options,
                 const std::string& text) {
  char* end = nullptr;
  auto percent = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(percent >= 0.1 && percent <= 100))
    return line.refuse("--random-filter chance must be between 0.1-100.0");
  options.chance = static_cast<uint32_t>(std::lround(percent * 10));
}

void read_format(command_line& line, sub_options& options,
                 const std::string& text) {
  auto problem = message_format::parse(text, options.format.emplace());
  if (!problem.empty())
    line.refuse(problem);
}

void add_output_options(command_line& line, sub_options& options) {
  line.flag("-v,--verbose", "print the topic in front of the message",
            [&] { options.verbose = true; });
  line.flag("-N", "print no end of line behind the message",
            [&] { options.end_of_line = false; });
  line.value("-F", "output format",
             [&](const auto& text) { read_format(line, options, text); });
  line.flag("--pretty", "print JSON over several lines",
            [&] { options.pretty = true; });
  line.flag("-R", "print no retained messages",
            [&] { options.ignore_retained = true; });
  line.flag("--retained-only",
            "print only retained messages, end at the first other",
            [&] { options.retained_only = true; });
  line.flag("--remove-retained", "remove the retained messages received",
            [&] { options.remove_retained = true; });
  line.value("--random-filter", "percentage of the messages to print",
             [&](const auto& text) { read_chance(line, options, text); });
}

void check(command_line& line, sub_options& options) {
  if (options.topics.empty())
    line.refuse("You must specify a topic to subscribe to.");
  if (options.ignore_retained && options.retained_only)
    line.refuse("Combining '-R' and '--retained-only' makes no sense.");
  // A broker that may send one message at a time sends none in vain.
  if (options.message_count == 1)
    options.receive_maximum = 1;
}

} // namespace

command<sub_options> parse_sub(int argc, const char* const* argv) {
  command<sub_options> result;
  auto& options = result.options;
  command_line line{"troupe sub",
                    "Subscribes to topics and prints what comes, as "
                    "mosquitto_sub does.",
                    options};
  add_topic_options(line, options);
  add_subscribe_options(line, options);
  add_end_options(line, options);
  add_output_options(line, options);
  property_list unused;
  // Taken and of no use here, as in mosquitto_sub.
  line.take_properties("publish", protocol::packet_type::publish, unused);
  result.what = line.parse(
      argc, argv, [&] { check(line, options); }, result.text);
  return result;
}

} // namespace troupe::tools
