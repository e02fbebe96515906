#include "security/acl_file.hpp"

#include "acl_model.hpp"

#include <caf/test/dsl.hpp>
#include <fmt/format.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

using namespace troupe::security;

namespace {

std::shared_ptr<const acl_file> parsed(std::string text) {
  auto made = acl_file::parse(std::move(text), "acl");
  if (!made)
    CAF_FAIL(made.error().text);
  return *made;
}

std::string complaint(std::string text) {
  auto made = acl_file::parse(std::move(text), "acl");
  return made ? "none" : made.error().text;
}

client_identity named(const char* user, const char* id = "c1") {
  return {id, user};
}

client_identity anonymous(const char* id = "c1") {
  return {id, std::nullopt};
}

bool may(const acl_file& file, const client_identity& who, action what,
         std::string_view topic) {
  auto verdict = file.rule(who, what, topic);
  // With and without a reason it is one decision.
  CAF_CHECK(file.explain(who, what, topic).verdict == verdict);
  CAF_CHECK(verdict != ruling::pass);
  return verdict == ruling::allow;
}

bool may_read(const acl_file& file, const client_identity& who,
              std::string_view topic) {
  return may(file, who, action::receive, topic);
}

bool may_subscribe(const acl_file& file, std::string_view filter) {
  return may(file, named("ann"), action::subscribe, filter);
}

std::string reason(const acl_file& file, const client_identity& who,
                   std::string_view topic) {
  return file.explain(who, action::receive, topic).reason;
}

std::string pick(std::mt19937& random,
                 std::initializer_list<const char*> from) {
  return *(from.begin() + random() % from.size());
}

std::string random_filter(std::mt19937& random) {
  std::string filter;
  for (auto levels = random() % 3 + 1; levels > 0; --levels) {
    auto level = pick(random, {"a", "b", "", "+", "%c", "%u", "$S", "#"});
    filter += level;
    if (level == "#")
      return filter;
    filter += levels > 1 ? "/" : "";
  }
  return filter.empty() ? "a" : filter;
}

std::string random_file(std::mt19937& random) {
  std::string text;
  for (int lines = 0; lines < 8; ++lines) {
    if (random() % 4 == 0)
      text += "user " + pick(random, {"a", "b", "+", "$S"}) + "\n";
    text += pick(random, {"topic ", "pattern "});
    text += pick(random, {"read ", "write ", "deny ", "readwrite ", "deny ",
                          random() % 3 == 0 ? "subscribe " : "read "});
    text += random_filter(random) + "\n";
  }
  return text;
}

} // namespace

CAF_TEST(an empty file allows nothing but to subscribe) {
  auto file = parsed("");
  CAF_CHECK(!may(*file, anonymous(), action::publish, "a"));
  CAF_CHECK(!may(*file, named("ann"), action::receive, "a"));
  CAF_CHECK(may(*file, named("ann"), action::subscribe, "#"));
  CAF_CHECK(may(*file, named("ann"), action::unsubscribe, "#"));
}

CAF_TEST(lines before the first user concern clients without a name) {
  auto file = parsed("topic read open/#\nuser ann\ntopic read hers\n");
  CAF_CHECK(may_read(*file, anonymous(), "open/x"));
  CAF_CHECK(!may_read(*file, anonymous(), "hers"));
  CAF_CHECK(may_read(*file, named("ann"), "hers"));
  CAF_CHECK(!may_read(*file, named("ann"), "open/x"));
  CAF_CHECK(!may_read(*file, named("bob"), "open/x"));
  CAF_CHECK(!may_read(*file, named(""), "open/x"));
}

CAF_TEST(reading and writing are two rights) {
  auto file = parsed("topic read r\ntopic write w\ntopic readwrite rw\n"
                     "topic both\n");
  auto who = anonymous();
  CAF_CHECK(may(*file, who, action::receive, "r"));
  CAF_CHECK(!may(*file, who, action::publish, "r"));
  CAF_CHECK(may(*file, who, action::publish, "w"));
  CAF_CHECK(!may(*file, who, action::receive, "w"));
  for (auto topic : {"rw", "both"}) {
    CAF_CHECK(may(*file, who, action::publish, topic));
    CAF_CHECK(may(*file, who, action::receive, topic));
  }
}

CAF_TEST(a user may come several times) {
  auto file = parsed("user ann\ntopic a\nuser bob\ntopic b\nuser ann\n"
                     "topic c\n");
  CAF_CHECK(may_read(*file, named("ann"), "a"));
  CAF_CHECK(may_read(*file, named("ann"), "c"));
  CAF_CHECK(!may_read(*file, named("ann"), "b"));
  CAF_CHECK_EQUAL(file->users(), 2U);
  CAF_CHECK_EQUAL(file->rules(), 3U);
}

CAF_TEST(lines that deny come first wherever they stand) {
  auto file = parsed("user ann\ntopic a/#\ntopic deny a/secret\n"
                     "topic a/secret\n");
  CAF_CHECK(may_read(*file, named("ann"), "a/open"));
  CAF_CHECK(!may_read(*file, named("ann"), "a/secret"));
}

CAF_TEST(a line that allows stands against a pattern that denies) {
  auto file = parsed("pattern deny own/%u\npattern own/#\nuser ann\n"
                     "topic own/ann\n");
  CAF_CHECK(may_read(*file, named("ann"), "own/ann"));
  CAF_CHECK(!may_read(*file, named("bob"), "own/bob"));
  CAF_CHECK(may_read(*file, named("bob"), "own/ann"));
}

CAF_TEST(a line that denies stands against a pattern that allows) {
  auto file = parsed("pattern read #\nuser ann\ntopic deny a\n");
  CAF_CHECK(!may_read(*file, named("ann"), "a"));
  CAF_CHECK(may_read(*file, named("ann"), "b"));
}

CAF_TEST(patterns concern everybody wherever they stand) {
  auto file = parsed("user ann\npattern read dev/%c/#\n");
  CAF_CHECK(may_read(*file, named("ann", "x"), "dev/x/1"));
  CAF_CHECK(may_read(*file, named("bob", "y"), "dev/y"));
  CAF_CHECK(may_read(*file, anonymous("z"), "dev/z"));
  CAF_CHECK(!may_read(*file, anonymous("z"), "dev/x"));
}

CAF_TEST(user name patterns do not concern clients without a name) {
  auto file = parsed("pattern read home/%u\n");
  CAF_CHECK(may_read(*file, named("ann"), "home/ann"));
  CAF_CHECK(!may_read(*file, anonymous(), "home/"));
  CAF_CHECK(!may_read(*file, named(""), "home/"));
}

CAF_TEST(names with wildcards gain nothing by patterns) {
  auto file = parsed("pattern #\nuser +\ntopic own\n");
  CAF_CHECK(may_read(*file, named("ann"), "x"));
  CAF_CHECK(!may_read(*file, named("+"), "x"));
  CAF_CHECK(!may_read(*file, named("ann", "#"), "x"));
  CAF_CHECK(may_read(*file, named("+"), "own"));
}

CAF_TEST(a name with a slash matches no placeholder) {
  auto file = parsed("pattern dev/%c/#\npattern read news\n");
  CAF_CHECK(!may_read(*file, anonymous("a/b"), "dev/a/b"));
  CAF_CHECK(!may_read(*file, anonymous("a/b"), "dev/a/b/c"));
  CAF_CHECK(may_read(*file, anonymous("a/b"), "news"));
}

CAF_TEST(everything does not include what begins with a dollar) {
  auto file = parsed("topic #\ntopic +/x\npattern #\n");
  for (auto topic : {"$SYS/x", "$CONTROL/dynamic-security/v1", "$x"}) {
    CAF_CHECK(!may_read(*file, anonymous(), topic));
    CAF_CHECK(!may(*file, anonymous(), action::publish, topic));
  }
}

CAF_TEST(an empty topic is denied) {
  CAF_CHECK(!may_read(*parsed("topic #\n"), anonymous(), ""));
}

CAF_TEST(without the word subscribe every subscription is allowed) {
  auto file = parsed("user ann\ntopic deny #\n");
  for (auto filter : {"#", "a/+", "$SYS/#", "$share/g/#"})
    CAF_CHECK(may_subscribe(*file, filter));
}

CAF_TEST(with the word subscribe one line must cover the filter) {
  auto file = parsed("user ann\ntopic subscribe a/#\ntopic subscribe b/+\n"
                     "topic readwrite c\n");
  for (auto filter : {"a", "a/#", "a/+/b", "a/b", "b/x", "b/+", "$share/g/a/#",
                      "$share//b/x"})
    CAF_CHECK(may_subscribe(*file, filter));
  for (auto filter : {"#", "+", "+/x", "b/#", "b", "b/+/x", "c", "$SYS/#", "",
                      "$share/g", "$share/g/", "$share/g/#"})
    CAF_CHECK(!may_subscribe(*file, filter));
  CAF_CHECK(!may(*file, named("bob"), action::subscribe, "c"));
  CAF_CHECK(may(*file, named("bob"), action::unsubscribe, "c"));
}

CAF_TEST(one use of the word restricts all users) {
  auto file = parsed("user bob\ntopic subscribe b\nuser ann\ntopic a\n");
  CAF_CHECK(file->restricts_subscribing());
  CAF_CHECK(!may_subscribe(*file, "a"));
}

CAF_TEST(the right to subscribe is not the right to read) {
  auto file = parsed("topic subscribe a\n");
  CAF_CHECK(!may_read(*file, anonymous(), "a"));
  CAF_CHECK(!may(*file, anonymous(), action::publish, "a"));
}

CAF_TEST(a subscription is denied where all of it is) {
  auto file = parsed("user ann\ntopic subscribe #\ntopic deny secret/#\n");
  CAF_CHECK(!may_subscribe(*file, "secret/#"));
  CAF_CHECK(!may_subscribe(*file, "secret/a"));
  // What is delivered is judged message by message.
  CAF_CHECK(may_subscribe(*file, "#"));
}

CAF_TEST(a pattern to subscribe is not widened by names) {
  auto file = parsed("pattern subscribe dev/%c/#\n");
  auto ask = [&](const char* id, const char* filter) {
    return may(*file, anonymous(id), action::subscribe, filter);
  };
  CAF_CHECK(ask("x", "dev/x/#"));
  CAF_CHECK(!ask("x", "dev/+/#"));
  CAF_CHECK(!ask("+", "dev/+/#"));
  CAF_CHECK(!ask("#", "dev/#"));
  CAF_CHECK(!ask("$SYS", "$SYS/#"));
}

CAF_TEST(the reason names file and line) {
  auto file = parsed("\xef\xbb\xbf# rights\r\nuser ann\r\n"
                     "topic read a/# \r\ntopic deny a/b\r\n");
  CAF_CHECK_EQUAL(reason(*file, named("ann"), "a/x"), "acl:3: topic read a/#");
  CAF_CHECK_EQUAL(reason(*file, named("ann"), "a/b"), "acl:4: topic deny a/b");
}

CAF_TEST(of several lines the first is the reason) {
  auto file = parsed("topic read +\ntopic read a\npattern read #\n"
                     "topic read #");
  CAF_CHECK_EQUAL(reason(*file, anonymous(), "a"), "acl:1: topic read +");
  CAF_CHECK_EQUAL(reason(*file, anonymous(), "a/b"), "acl:4: topic read #");
  CAF_CHECK_EQUAL(reason(*file, named("x"), "a"), "acl:3: pattern read #");
}

CAF_TEST(the reason says why no line decides) {
  auto file = parsed("user ann\ntopic a\npattern %c\n");
  auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  CAF_CHECK(has(reason(*file, named("ann"), "b"), "no line allows it"));
  CAF_CHECK(has(reason(*file, named("bob"), "b"), "no lines for this user"));
  CAF_CHECK(has(reason(*file, named("bob", "+"), "b"), "holds + or #"));
  CAF_CHECK(has(reason(*file, named("ann"), ""), "empty topic"));
  CAF_CHECK(has(file->explain(named("bob"), action::subscribe, "#").reason,
                "no line restricts"));
}

CAF_TEST(the first broken line is named) {
  CAF_CHECK_EQUAL(complaint("# x\n\nuser\ntopic a b\n"),
                  "acl:3: the user name is missing; write `user NAME`");
  CAF_CHECK(complaint("topic a\r\ntopik b").starts_with("acl:2: `topik`"));
}

CAF_TEST(doubtful lines are warned of and their number is bounded) {
  auto file = parsed("topic read a/%c\n");
  CAF_REQUIRE_EQUAL(file->warnings().size(), 1U);
  CAF_CHECK(file->warnings()[0].starts_with("acl:1: "));
  std::string many;
  for (int i = 0; i < 5000; ++i)
    many += "topic a/%c\n";
  CAF_CHECK_EQUAL(parsed(many)->warnings().size(), 100U);
}

CAF_TEST(any bytes are read or refused) {
  std::string bytes;
  uint32_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    bytes = round % 2 == 0 ? "topic " : "pattern read ";
    for (int i = 0; i < 40; ++i) {
      state = state * 1664525 + 1013904223;
      bytes += "ab/+#%cu \t\n\r\xff\0$"[state >> 28];
    }
    auto made = acl_file::parse(bytes, "acl");
    if (made)
      may(**made, named("a/b", "+"), action::publish, bytes);
    else
      CAF_CHECK(made.error().text.starts_with("acl:"));
  }
}

CAF_TEST(random files decide as they do line by line) {
  std::mt19937 random{5};
  size_t allowed = 0;
  for (int round = 0; round < 2'000; ++round) {
    auto text = random_file(random);
    auto file = parsed(text);
    acl_model model{text};
    for (int i = 0; i < 20; ++i) {
      client_identity who{pick(random, {"a", "b", "+", "a/b", "$S", "%u"}), {}};
      if (random() % 4 != 0)
        who.user_name = pick(random, {"a", "b", "+", "#", "", "$S"});
      auto what = static_cast<action>(random() % 4);
      auto topic = random_filter(random);
      auto expected = model.may(who, what, topic);
      allowed += expected && what != action::unsubscribe;
      if ((file->rule(who, what, topic) == ruling::allow) != expected)
        CAF_ERROR(text << who.client_id << " " << who.user_name.value_or("-")
                       << " " << static_cast<int>(what) << " " << topic);
    }
  }
  CAF_CHECK(allowed > 1000);
}

CAF_TEST(each of a hundred thousand lines decides) {
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += fmt::format("user u{}\ntopic read site/{}/d{}\n", i, i % 97, i);
  auto file = parsed(std::move(text));
  CAF_CHECK_EQUAL(file->rules(), 50'000U);
  for (int i = 0; i < 50'000; i += 499) {
    client_identity who{"c", fmt::format("u{}", i)};
    auto topic = fmt::format("site/{}/d{}", i % 97, i);
    CAF_CHECK(may_read(*file, who, topic));
    CAF_CHECK(!may_read(*file, who, topic + "x"));
  }
}

CAF_TEST(a file is loaded under its path) {
  std::string form = std::filesystem::temp_directory_path() / "troupeXXXXXX";
  std::filesystem::path folder = mkdtemp(form.data());
  auto path = folder / "acl";
  CAF_CHECK(!acl_file::load(path).has_value());
  std::ofstream{path} << "topic read a\n";
  auto file = acl_file::load(path);
  CAF_REQUIRE(file.has_value());
  CAF_CHECK_EQUAL(reason(**file, anonymous(), "a"),
                  path.string() + ":1: topic read a");
  chmod(path.c_str(), 0666);
  CAF_CHECK(!acl_file::load(path).has_value());
  std::filesystem::remove_all(folder);
}
