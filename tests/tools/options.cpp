#include "apps/tools/options.hpp"

#include <caf/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <vector>

using namespace troupe;
using tools::command_kind;

namespace {

using words = std::initializer_list<const char*>;

std::vector<const char*> with_program(words given) {
  std::vector<const char*> result{"pub"};
  result.insert(result.end(), given);
  return result;
}

tools::command<tools::pub_options> pub(words given) {
  auto all = with_program(given);
  return tools::parse_pub(static_cast<int>(all.size()), all.data());
}

tools::command<tools::sub_options> sub(words given) {
  auto all = with_program(given);
  return tools::parse_sub(static_cast<int>(all.size()), all.data());
}

/// Why a command line is refused; empty if it is not.
template <class Command>
std::string problem(const Command& given) {
  if (given.what != command_kind::refuse)
    return {};
  auto begin = std::string{"Error: "}.size();
  return given.text.substr(begin, given.text.find('\n') - begin);
}

} // namespace

CAF_TEST(the defaults are those of Mosquitto) {
  auto given = pub({"-t", "a", "-m", "x"});
  CAF_REQUIRE(given.what == command_kind::run);
  const auto& options = given.options;
  CAF_CHECK_EQUAL(options.host, "localhost");
  CAF_CHECK_EQUAL(options.port, 1883);
  CAF_CHECK_EQUAL(options.keep_alive, 60);
  CAF_CHECK_EQUAL(options.client_id, "");
  CAF_CHECK_EQUAL(options.max_inflight, 20);
  CAF_CHECK_EQUAL(options.receive_maximum, 20);
  CAF_CHECK(options.version == protocol::version::v311);
  CAF_CHECK(options.clean_start);
  CAF_CHECK(options.qos == protocol::qos::at_most_once);
}

CAF_TEST(every option has its short and its long form) {
  auto given = pub({"--host",
                    "h",
                    "--port",
                    "1",
                    "--topic",
                    "a",
                    "--message",
                    "x",
                    "--qos",
                    "2",
                    "--retain",
                    "--id",
                    "i",
                    "--username",
                    "u",
                    "--pw",
                    "p",
                    "--keepalive",
                    "5",
                    "--debug",
                    "--disable-clean-session",
                    "--protocol-version",
                    "mqttv5"});
  CAF_REQUIRE_EQUAL(problem(given), "");
  const auto& options = given.options;
  CAF_CHECK_EQUAL(options.host, "h");
  CAF_CHECK_EQUAL(options.port, 1);
  CAF_CHECK_EQUAL(options.client_id, "i");
  CAF_CHECK_EQUAL(*options.user_name, "u");
  CAF_CHECK_EQUAL(*options.password, "p");
  CAF_CHECK_EQUAL(options.keep_alive, 5);
  CAF_CHECK(options.qos == protocol::qos::exactly_once);
  CAF_CHECK(options.retain && options.debug && !options.clean_start);
  CAF_CHECK(options.version == protocol::version::v5);
}

CAF_TEST(a value may look like anything) {
  for (auto text : {"{}", "[1,2]", "", "-x", "--help", "--", "\"q\"", "a,b",
                    "%%", "{\"a\": [1]}", "-1", "a\nb"}) {
    auto given = pub({"-t", "a", "-m", text});
    CAF_CHECK_EQUAL(problem(given), "");
    CAF_CHECK_EQUAL(given.options.text, text);
  }
}

CAF_TEST(a topic and a message are needed) {
  CAF_CHECK_EQUAL(problem(pub({})), "Both topic and message must be supplied.");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a"})),
                  "Both topic and message must be supplied.");
  CAF_CHECK_EQUAL(problem(pub({"-n", "-m", "x", "-t", "a"})),
                  "Only one type of message can be sent at once.");
  CAF_CHECK_EQUAL(problem(sub({})),
                  "You must specify a topic to subscribe to.");
  CAF_CHECK_EQUAL(problem(sub({"-U", "a"})),
                  "You must specify a topic to subscribe to.");
}

CAF_TEST(usage errors end with where to find help) {
  auto given = pub({"-t"});
  CAF_CHECK(given.what == command_kind::refuse);
  CAF_CHECK(
      given.text.ends_with("\n\nUse 'troupe pub --help' to see usage.\n"));
  CAF_CHECK(
      sub({"--zzz"}).text.ends_with("Use 'troupe sub --help' to see usage.\n"));
}

CAF_TEST(what is unknown or incomplete is named) {
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "--zzz"})),
                  "Unknown option '--zzz'.");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "zzz"})),
                  "Unknown option 'zzz'.");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "-m", "x"})), "Unknown option '-m'.");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-m"})),
                  "--message argument given but not enough values specified.");
}

CAF_TEST(values out of range are refused) {
  auto with = [](const char* option, const char* value) {
    return problem(pub({"-t", "a", "-n", option, value}));
  };
  for (auto value : {"0", "70000", "-1", "x", ""})
    CAF_CHECK_EQUAL(with("-p", value),
                    std::string{"Invalid port given: "} + value);
  for (auto value : {"0", "4", "65536", "x"})
    CAF_CHECK_EQUAL(with("-k", value),
                    "Invalid keepalive given, it must be between 5 and 65535 "
                    "inclusive.");
  CAF_CHECK_EQUAL(with("-q", "3"), "Invalid QoS given: 3");
  CAF_CHECK_EQUAL(with("--will-qos", "3"), "Invalid will QoS given: 3");
  CAF_CHECK_EQUAL(with("-V", "6"), "Invalid protocol version argument given.");
  CAF_CHECK_EQUAL(with("--repeat", "0"), "--repeat argument must be >0.");
  CAF_CHECK_EQUAL(with("--repeat-delay", "-1"),
                  "--repeat-delay argument must be >=0.0.");
  CAF_CHECK_EQUAL(with("--repeat-delay", "nan"),
                  "--repeat-delay argument must be >=0.0.");
  CAF_CHECK_EQUAL(with("-M", "0"),
                  "Maximum inflight messages must be between 1 and 65535.");
  CAF_CHECK_EQUAL(with("-x", "abc"),
                  "session-expiry-interval not a number, or out of range.");
  CAF_CHECK_EQUAL(with("-t", "a\xff"), "Malformed UTF-8 in -t argument.");
  CAF_CHECK_EQUAL(with("-i", ""), "Invalid id.");
}

CAF_TEST(topics with wildcards are refused where they cannot stand) {
  CAF_CHECK_EQUAL(problem(pub({"-t", "a/+", "-n"})),
                  "Invalid publish topic 'a/+', does it contain '+' or '#'?");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "--will-topic", "#"})),
                  "Invalid will topic '#', does it contain '+' or '#'?");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a/#/b"})),
                  "Invalid subscription topic 'a/#/b', are all '+' and '#' "
                  "wildcards correct?");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "-T", "a+"})),
                  "Invalid filter topic 'a+', are all '+' and '#' wildcards "
                  "correct?");
}

CAF_TEST(a session that is kept needs a client identifier) {
  CAF_CHECK_EQUAL(
      problem(sub({"-t", "a", "-c"})),
      "You must provide a client id if you are using the -c option.");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "-x", "-1"})),
                  "You must provide a client id if you are using an infinite "
                  "session expiry interval.");
  auto given = sub({"-t", "a", "-c", "-i", "me", "-V", "5"});
  CAF_REQUIRE_EQUAL(problem(given), "");
  CAF_CHECK_EQUAL(*given.options.session_expiry_interval, 0xffff'ffffu);
}

CAF_TEST(client identifiers come from a prefix or chance where needed) {
  CAF_CHECK(
      pub({"-t", "a", "-n", "-I", "pre"}).options.client_id.starts_with("pre"));
  auto generated = pub({"-t", "a", "-n", "-V", "31"}).options.client_id;
  CAF_CHECK_EQUAL(generated.size(), 23u);
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "-i", "a", "-I", "b"})),
                  "-i and -I argument cannot be used together.");
}

CAF_TEST(a will needs its topic and a password its user) {
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "--will-payload", "x"})),
                  "Will payload given, but no will topic given.");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "--will-retain"})),
                  "Will retain given, but no will topic given.");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "-P", "x"})),
                  "A password without a user name needs MQTT 5.0.");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "-P", "x", "-V", "5"})), "");
}

CAF_TEST(a URL gives host port user and topic) {
  auto given = pub({"-L", "mqtt://u:p@w@[::1]:1884/a/b", "-n"});
  CAF_REQUIRE_EQUAL(problem(given), "");
  CAF_CHECK_EQUAL(given.options.host, "::1");
  CAF_CHECK_EQUAL(given.options.port, 1884);
  CAF_CHECK_EQUAL(*given.options.user_name, "u");
  CAF_CHECK_EQUAL(*given.options.password, "p@w");
  CAF_CHECK_EQUAL(*given.options.topic, "a/b");
  auto more = sub({"-L", "mqtt://h/a%20", "-t", "b"});
  CAF_CHECK_EQUAL(more.options.topics.size(), 2u);
  CAF_CHECK_EQUAL(more.options.topics[0], "a%20");
  CAF_CHECK_EQUAL(more.options.port, 1883);
}

CAF_TEST(a URL that is none is refused) {
  auto with = [](const char* url) { return problem(pub({"-L", url, "-n"})); };
  CAF_CHECK_EQUAL(with("foo://x/a"), "unsupported URL scheme.");
  for (auto url : {"mqtt://h", "mqtt://h/"})
    CAF_CHECK_EQUAL(with(url),
                    "Invalid URL for -L argument specified - topic missing.");
  for (auto url : {"mqtt://:1/a", "mqtt://h:0/a", "mqtt://h:x/a",
                   "mqtt://[::1/a", "mqtt://[::1]x/a", "mqtt:///a"})
    CAF_CHECK_EQUAL(with(url), "Invalid URL for -L argument specified - host "
                               "or port not valid.");
}

CAF_TEST(a property makes the client one of version 5) {
  auto given = pub({"-t", "a", "-n", "-D", "PUBLISH", "Content-Type", "x"});
  CAF_REQUIRE_EQUAL(problem(given), "");
  CAF_CHECK(given.options.version == protocol::version::v5);
  CAF_REQUIRE_EQUAL(given.options.publish_properties.size(), 1u);
  CAF_CHECK_EQUAL(given.options.publish_properties[0].text, "x");
  CAF_CHECK(pub({"-t", "a", "-n", "-x", "5"}).options.version
            == protocol::version::v5);
}

CAF_TEST(a user property has two values whatever they look like) {
  auto given =
      pub({"-D", "connect", "user-property", "-D", "--help", "-D", "will",
           "user-property", "user-property", "[]", "-m", "-D", "-t", "a",
           "--property", "publish", "user-property", "", ""});
  CAF_REQUIRE_EQUAL(problem(given), "");
  CAF_CHECK_EQUAL(given.options.text, "-D");
  const auto& connect = given.options.connect_properties;
  CAF_REQUIRE_EQUAL(connect.size(), 1u);
  CAF_CHECK_EQUAL(connect[0].text, "-D");
  CAF_CHECK_EQUAL(connect[0].second_text, "--help");
  CAF_CHECK_EQUAL(given.options.will_properties[0].second_text, "[]");
  CAF_CHECK_EQUAL(given.options.publish_properties.size(), 1u);
  CAF_CHECK_EQUAL(
      problem(pub({"-t", "a", "-n", "-D", "connect", "user-property", "k"})),
      "--property argument given but not enough values specified.");
}

CAF_TEST(properties are checked for place range and repetition) {
  auto with = [](const char* command, const char* name, const char* value) {
    return problem(pub({"-t", "a", "-n", "-D", command, name, value}));
  };
  CAF_CHECK_EQUAL(with("foo", "foo", "1"),
                  "Invalid command given in --property argument.");
  CAF_CHECK_EQUAL(with("connect", "foo", "1"),
                  "Invalid property name given in --property argument.");
  CAF_CHECK_EQUAL(with("connect", "topic-alias", "1"),
                  "topic-alias property not allowed for this command in "
                  "--property argument.");
  for (auto value : {"0", "-1", "65536", "x"})
    CAF_CHECK_EQUAL(with("connect", "receive-maximum", value),
                    std::string{"Property value ("} + value
                        + ") out of range for property receive-maximum.");
  CAF_CHECK_EQUAL(with("publish", "payload-format-indicator", "2"),
                  "Property value (2) out of range for property "
                  "payload-format-indicator.");
  CAF_CHECK_EQUAL(with("publish", "content-type", "\xff"),
                  "Malformed UTF-8 in --property argument.");
  CAF_CHECK_EQUAL(with("publish", "correlation-data", "\xff"), "");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "-D", "publish", "content-type",
                               "a", "-D", "publish", "content-type", "b"})),
                  "Duplicate property content-type in --property arguments.");
  CAF_CHECK_EQUAL(problem(pub({"-t", "a", "-n", "-x", "5", "-D", "connect",
                               "session-expiry-interval", "5"})),
                  "Duplicate property session-expiry-interval: use -x or -D.");
}

CAF_TEST(the options of sub are read) {
  auto given = sub({"-t",
                    "a",
                    "-t",
                    "b/#",
                    "-T",
                    "c",
                    "-U",
                    "d",
                    "-C",
                    "3",
                    "-W",
                    "4",
                    "-v",
                    "-N",
                    "-R",
                    "-E",
                    "-F",
                    "%t",
                    "--pretty",
                    "--random-filter",
                    "12.5",
                    "--retain-as-published",
                    "--retain-handling",
                    "never",
                    "--remove-retained"});
  CAF_REQUIRE_EQUAL(problem(given), "");
  const auto& options = given.options;
  CAF_CHECK_EQUAL(options.topics.size(), 2u);
  CAF_CHECK_EQUAL(options.filtered_out.size(), 1u);
  CAF_CHECK_EQUAL(options.unsubscribe_topics.size(), 1u);
  CAF_CHECK_EQUAL(options.message_count, 3u);
  CAF_CHECK_EQUAL(options.timeout, 4u);
  CAF_CHECK_EQUAL(options.chance, 125u);
  CAF_CHECK(options.verbose && !options.end_of_line && options.pretty);
  CAF_CHECK(options.ignore_retained && options.exit_after_subscribe);
  CAF_CHECK(options.retain_as_published && options.remove_retained);
  CAF_CHECK(options.retain_handling == protocol::retain_handling::no_retained);
  CAF_CHECK(options.format.has_value());
}

CAF_TEST(sub refuses what makes no sense) {
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "-R", "--retained-only"})),
                  "Combining '-R' and '--retained-only' makes no sense.");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "-C", "0"})),
                  "Invalid message count \"0\".");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "-W", "0"})),
                  "Invalid timeout \"0\".");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "--random-filter", "0"})),
                  "--random-filter chance must be between 0.1-100.0");
  CAF_CHECK_EQUAL(problem(sub({"-t", "a", "-F", "%Z"})),
                  "Invalid format specifier 'Z'.");
}

CAF_TEST(a client that wants one message announces a receive maximum of one) {
  CAF_CHECK_EQUAL(sub({"-t", "a", "-C", "1"}).options.receive_maximum, 1);
  CAF_CHECK_EQUAL(sub({"-t", "a", "-C", "2"}).options.receive_maximum, 20);
}

CAF_TEST(help and version are shown whatever else is said) {
  CAF_CHECK(pub({"--help"}).what == command_kind::show_text);
  CAF_CHECK(sub({"-t", "a", "--zzz", "--help"}).text.find("--retained-only")
            != std::string::npos);
  CAF_CHECK_EQUAL(pub({"--version"}).text, "troupe pub " TROUPE_VERSION "\n");
}
