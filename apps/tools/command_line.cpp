#include "apps/tools/command_line.hpp"

#include "apps/tools/exit_status.hpp"
#include "apps/tools/numbers.hpp"
#include "apps/tools/url.hpp"
#include "protocol/topic.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <utility>

namespace troupe::tools {
namespace {

constexpr uint32_t never_expires = 0xffff'ffff;

/// MQTT 3.1 has no clients without an identifier [MQTT 3.1, 3.1].
std::string random_client_id() {
  constexpr std::string_view letters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device source;
  std::uniform_int_distribution<size_t> pick{0, letters.size() - 1};
  std::string result = "troupe-";
  while (result.size() < 23)
    result += letters[pick(source)];
  return result;
}

} // namespace

command_line::command_line(std::string program, const std::string& summary,
                           client_options& options)
    : program_(std::move(program)), options_(options), app_(summary, program_) {
  app_.set_help_flag("");
  app_.allow_extras();
  flag("--help", "show this and end", [this] { show_help_ = true; });
  flag("--version", "show the version and end",
       [this] { show_version_ = true; });
  add_connection_options();
  add_mqtt_options();
  add_will_options();
  add_property_option();
  tls_.add_to(*this);
  add_unsupported_options();
}

void command_line::value(const std::string& names, const std::string& meaning,
                         std::function<void(const std::string&)> use) {
  app_.add_option_function<std::string>(names, std::move(use), meaning)
      ->trigger_on_parse();
}

void command_line::flag(const std::string& names, const std::string& meaning,
                        std::function<void()> use) {
  app_.add_flag_callback(names, std::move(use), meaning)->trigger_on_parse();
}

void command_line::take_properties(const std::string& command,
                                   protocol::packet_type place,
                                   property_list& list) {
  property_targets_.push_back({command, place, &list});
}

void command_line::refuse(const std::string& why) {
  if (problem_.empty())
    problem_ = why;
}

void command_line::read_qos(const std::string& text, const char* what,
                            protocol::qos& out) {
  if (auto number = to_number(text, 0, 2))
    out = static_cast<protocol::qos>(*number);
  else
    refuse(std::string{"Invalid "} + what + " given: " + text);
}

void command_line::read_text(const std::string& text, const char* option,
                             std::string& out) {
  if (!protocol::is_utf8_string(text) || text.size() > 0xffff)
    refuse(std::string{"Malformed UTF-8 in "} + option + " argument.");
  out = text;
}

void command_line::add_connection_options() {
  value("-h,--host", "host to connect to. Default: localhost",
        [this](const auto& text) { options_.host = text; });
  value("-p,--port", "port to connect to. Default: 1883, with TLS 8883",
        [this](const auto& text) {
          has_port_ = true;
          auto port = to_number(text, 1, 65535);
          if (!port)
            refuse("Invalid port given: " + text);
          options_.port = static_cast<uint16_t>(port.value_or(0));
        });
  value("--unix", "connect to this unix domain socket instead",
        [this](const auto& text) { options_.unix_path = text; });
  value("-A", "local address to connect from",
        [this](const auto& text) { options_.bind_address = text; });
  value("-L,--url", "mqtt[s]://[user[:password]@]host[:port]/topic",
        [this](const auto& text) { read_url(text); });
  flag("--nodelay", "send small packets at once (TCP_NODELAY)",
       [this] { options_.tcp_nodelay = true; });
  value("-u,--username", "user name", [this](const auto& text) {
    read_text(text, "-u", options_.user_name.emplace());
  });
  value("-P,--pw", "password",
        [this](const auto& text) { options_.password = text; });
  flag("-d,--debug", "show every packet", [this] { options_.debug = true; });
  flag("--quiet", "show no errors but those of usage",
       [this] { options_.quiet = true; });
}

void command_line::add_mqtt_options() {
  value("-V,--protocol-version", "5, 311 or 31. Default: 311",
        [this](const auto& text) { read_version(text); });
  value("-i,--id", "client identifier. Default: the broker chooses",
        [this](const auto& text) {
          has_id_ = true;
          read_text(text, "-i", options_.client_id);
          if (text.empty())
            refuse("Invalid id.");
        });
  value("-I,--id-prefix", "client identifier: this and the process id",
        [this](const auto& text) {
          has_prefix_ = true;
          read_text(text, "-I", options_.client_id_prefix);
        });
  flag("-c,--disable-clean-session", "keep the session",
       [this] { options_.clean_start = false; });
  value("-k,--keepalive", "keep alive in seconds, 5 to 65535. Default: 60",
        [this](const auto& text) {
          auto seconds = to_number(text, 5, 65535);
          if (!seconds)
            refuse("Invalid keepalive given, it must be between 5 and 65535 "
                   "inclusive.");
          options_.keep_alive = static_cast<uint16_t>(seconds.value_or(0));
        });
  value("-x", "session expiry interval in seconds; -1: never",
        [this](const auto& text) { read_session_expiry(text); });
  value("-M", "how many messages of QoS 1 and 2 may be under way. Default: 20",
        [this](const auto& text) {
          auto count = to_number(text, 1, 65535);
          if (!count)
            refuse("Maximum inflight messages must be between 1 and 65535.");
          options_.max_inflight = static_cast<uint16_t>(count.value_or(1));
        });
}

void command_line::add_will_options() {
  auto& will = options_.will;
  value("--will-topic", "topic of the will", [this, &will](const auto& text) {
    read_text(text, "--will-topic", will.topic.emplace());
  });
  value("--will-payload", "payload of the will. Default: none",
        [&will](const auto& text) { will.payload = text; });
  value("--will-qos", "QoS of the will. Default: 0",
        [this, &will](const auto& text) {
          read_qos(text, "will QoS", will.qos);
        });
  flag("--will-retain", "the will is retained",
       [&will] { will.retain = true; });
}

void command_line::add_unsupported_options() {
  value("--proxy", "not yet: SOCKS", [this](const auto&) {
    refuse("--proxy: this version of troupe knows no SOCKS yet.");
  });
}

void command_line::add_property_option() {
  take_properties("connect", protocol::packet_type::connect,
                  options_.connect_properties);
  take_properties("disconnect", protocol::packet_type::disconnect,
                  options_.disconnect_properties);
  take_properties("will", protocol::in_will, options_.will_properties);
  using words = std::vector<std::string>;
  app_.add_option_function<words>(
          "-D,--property", [this](const words& given) { read_property(given); },
          "PACKET NAME VALUE: add a property of MQTT 5.0; user-property has "
          "two "
          "values")
      ->type_size(3)
      ->expected(1)
      ->allow_extra_args(false)
      ->trigger_on_parse();
  // What `arguments` makes of a user property, which has one word more.
  app_.add_option_function<words>(
          "--troupe-user-property",
          [this](const words& given) { read_property(given); })
      ->type_size(4)
      ->expected(1)
      ->allow_extra_args(false)
      ->trigger_on_parse()
      ->group("");
}

void command_line::read_url(const std::string& text) {
  broker_url url;
  if (auto problem = parse_url(text, url); !problem.empty())
    return refuse(problem);
  options_.host = url.host;
  options_.port = url.port;
  has_port_ = true;
  if (url.is_secure)
    tls_.demand();
  if (url.user_name)
    options_.user_name = url.user_name;
  if (url.password)
    options_.password = url.password;
  use_topic_(url.topic);
}

void command_line::read_version(const std::string& text) {
  if (text == "5" || text == "mqttv5")
    options_.version = protocol::version::v5;
  else if (text == "311" || text == "mqttv311")
    options_.version = protocol::version::v311;
  else if (text == "31" || text == "mqttv31")
    options_.version = protocol::version::v31;
  else
    refuse("Invalid protocol version argument given.");
}

void command_line::read_session_expiry(const std::string& text) {
  options_.version = protocol::version::v5;
  if (text == "-1" || text == "∞") {
    options_.session_expiry_interval = never_expires;
    return;
  }
  auto seconds = to_number(text, 0, never_expires);
  if (!seconds)
    refuse("session-expiry-interval not a number, or out of range.");
  options_.session_expiry_interval = static_cast<uint32_t>(seconds.value_or(0));
}

void command_line::read_property(const std::vector<std::string>& words) {
  options_.version = protocol::version::v5;
  auto command = words[0];
  std::ranges::transform(command, command.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32)
                                          : letter;
  });
  auto target =
      std::ranges::find(property_targets_, command, &property_target::command);
  if (target == property_targets_.end())
    return refuse("Invalid command given in --property argument.");
  auto second = words.size() > 3 ? std::string_view{words[3]} : "";
  auto problem =
      add_property(*target->list, target->place, words[1], words[2], second);
  if (!problem.empty())
    refuse(problem);
}

void command_line::check_identity() {
  auto is_v5 = options_.version == protocol::version::v5;
  if (has_id_ && has_prefix_)
    refuse("-i and -I argument cannot be used together.");
  if (is_v5 && !options_.clean_start && !options_.session_expiry_interval)
    options_.session_expiry_interval = never_expires;
  if (!options_.clean_start && !has_id_)
    refuse("You must provide a client id if you are using the -c option.");
  if (is_v5 && !has_id_ && options_.session_expiry_interval == never_expires)
    refuse("You must provide a client id if you are using an infinite session "
           "expiry interval.");
  if (options_.password && !options_.user_name && !is_v5)
    refuse("A password without a user name needs MQTT 5.0.");
  if (has_prefix_)
    options_.client_id = options_.client_id_prefix + std::to_string(::getpid());
  else if (!has_id_ && options_.version == protocol::version::v31)
    options_.client_id = random_client_id();
}

void command_line::check_will() {
  const auto& will = options_.will;
  if (will.payload && !will.topic)
    refuse("Will payload given, but no will topic given.");
  if (will.retain && !will.topic)
    refuse("Will retain given, but no will topic given.");
  if (will.topic && !protocol::is_topic_name(*will.topic))
    refuse("Invalid will topic '" + *will.topic
           + "', does it contain '+' or '#'?");
  if (will.payload && will.payload->size() > 0xffff)
    refuse("Will payload is longer than 65535 bytes.");
}

void command_line::check() {
  check_identity();
  check_will();
  if (options_.session_expiry_interval
      && number_in(options_.connect_properties,
                   protocol::property::session_expiry_interval, UINT32_MAX)
             != UINT32_MAX)
    refuse("Duplicate property session-expiry-interval: use -x or -D.");
  for (const auto* text : {&options_.user_name, &options_.password})
    if (*text && (*text)->size() > 0xffff)
      refuse("User name or password is longer than 65535 bytes.");
  if (auto problem = tls_.finish(options_, has_port_); !problem.empty())
    refuse(problem);
}

/// Gives a user property, which has a word more than the others, its own name;
/// only the words that are options count, not their values.
std::vector<std::string>
command_line::arguments(int argc, const char* const* argv) const {
  std::vector<std::string> words{argv + std::min(argc, 1), argv + argc};
  for (size_t at = 0; at < words.size(); ++at) {
    if (!words[at].starts_with('-'))
      continue;
    const auto* option = app_.get_option_no_throw(words[at]);
    if (option == nullptr)
      continue;
    if (option->check_name("-D") && at + 2 < words.size()
        && words[at + 2] == "user-property") {
      words[at] = "--troupe-user-property";
      ++at;
    }
    at += static_cast<size_t>(option->get_items_expected_min());
  }
  return words;
}

command_kind command_line::parse(int argc, const char* const* argv,
                                 const std::function<void()>& finish,
                                 std::string& text) {
  auto words = arguments(argc, argv);
  std::ranges::reverse(words);
  try {
    app_.parse(words);
  } catch (const CLI::ArgumentMismatch& problem) {
    std::string what = problem.what();
    auto name = what.substr(0, what.find(':'));
    // CLI11 does not name what it hides from the help.
    refuse((name.empty() ? "--property" : name)
           + " argument given but not enough values specified.");
  } catch (const CLI::ParseError& problem) {
    refuse(problem.what());
  }
  if (show_help_ || show_version_) {
    text = show_help_ ? app_.help() : program_ + " " TROUPE_VERSION "\n";
    return command_kind::show_text;
  }
  if (auto unknown = app_.remaining(); !unknown.empty())
    refuse("Unknown option '" + unknown.front() + "'.");
  check();
  finish();
  if (problem_.empty())
    return command_kind::run;
  text = "Error: " + problem_ + "\n\nUse '" + program_
         + " --help' to see usage.\n";
  return command_kind::refuse;
}

int explain(command_kind what, const std::string& text) {
  std::fputs(text.c_str(), what == command_kind::refuse ? stderr : stdout);
  return what == command_kind::refuse ? failed : success;
}

} // namespace troupe::tools
