// Who may do what, from dynsec_decisions.json. A case is user name, client id,
// action, topic, whether it is allowed, and where Mosquitto 2.0 says otherwise,
// why. tests/system/test_dynsec_differential.py puts the same cases to it.

#include "security/dynsec_authority.hpp"
#include "security/dynsec_io.hpp"
#include "security/dynsec_json.hpp"
#include "security/dynsec_match.hpp"
#include "security/dynsec_rules.hpp"
#include "security/topic_levels.hpp"

#include <caf/test/dsl.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace troupe::security;
using namespace troupe::security::dynsec;

namespace {

json read_table() {
  std::ifstream file{TROUPE_SOURCE_FOLDER
                     "/tests/security/dynsec_decisions.json"};
  std::stringstream text;
  text << file.rdbuf();
  auto table = parse_json(text.str(), "dynsec_decisions.json");
  CAF_REQUIRE(table.has_value());
  return *table;
}

action action_of(const std::string& name) {
  if (name == "publish")
    return action::publish;
  if (name == "receive")
    return action::receive;
  return name == "subscribe" ? action::subscribe : action::unsubscribe;
}

client_identity identity_of(const json& row) {
  client_identity who{row[1], std::nullopt};
  if (row[0].is_string())
    who.user_name = row[0].get<std::string>();
  return who;
}

coverage topic(std::string_view filter, std::string_view name,
               const client_identity& who = {"id", "user"}) {
  return covers(filter, name, who);
}

ruling ruling_of(const document& content, const client_identity& who,
                 action what, std::string_view topic) {
  return decide(content, who, what, topic).verdict;
}

document read(std::string_view text) {
  auto made = read_document(text, "test");
  CAF_REQUIRE(made.has_value());
  return made->content;
}

constexpr std::string_view one_client = R"({
  "defaultACLAccess": {"publishClientSend": true},
  "clients": [{"username": "u", "clientid": "bound", "disabled": false}]})";

} // namespace

CAF_TEST(every decision is that of Mosquitto 2.1) {
  size_t cases = 0;
  for (const auto& part : read_table()) {
    CAF_MESSAGE(part["say"].get<std::string>());
    auto content = read(part["document"].dump());
    std::vector<std::string> wrong;
    for (const auto& row : part["cases"]) {
      auto found = ruling_of(content, identity_of(row), action_of(row[2]),
                             row[3].get<std::string>());
      if ((found == ruling::allow) != row[4].get<bool>())
        wrong.push_back(row.dump());
      ++cases;
    }
    CAF_CHECK_EQUAL(wrong, std::vector<std::string>{});
  }
  CAF_CHECK(cases > 500);
}

CAF_TEST(what no role and no default allows is left to others) {
  auto content = read(one_client);
  client_identity known{"id", "u"};
  client_identity stranger{"id", "v"};
  CAF_CHECK(ruling_of(content, known, action::publish, "a") == ruling::allow);
  CAF_CHECK(ruling_of(content, known, action::receive, "a") == ruling::pass);
  CAF_CHECK(ruling_of(content, known, action::publish, "$CONTROL/x")
            == ruling::pass);
  CAF_CHECK(ruling_of(content, stranger, action::publish, "a") == ruling::pass);
}

CAF_TEST(an id with a separator or a wildcard in it matches no pattern) {
  for (std::string odd : {"", "/", "+", "#", "a/b", "a+", "#a", "a/", "/a"}) {
    client_identity who{odd, odd};
    for (std::string_view filter : {"%c", "%u", "x/%c", "x/%u/#", "%c/%u"})
      for (const auto& name :
           {odd, "x/" + odd, odd + "/" + odd, "x/" + odd + "/y"})
        CAF_CHECK(covers(filter, name, who) != coverage::covers);
  }
  CAF_CHECK(topic("x/%u", "x/user", {"id", std::nullopt}) == coverage::none);
}

CAF_TEST(an id that looks like a pattern is taken literally) {
  client_identity who{"%u", "%c"};
  CAF_CHECK(topic("x/%c", "x/%u", who) == coverage::covers);
  CAF_CHECK(topic("x/%c", "x/%c", who) == coverage::none);
}

CAF_TEST(a topic name with wildcards in it is denied) {
  auto content = read(one_client);
  for (std::string_view name : {"+", "#", "a/+", "a/#", "a+"})
    for (auto what : {action::publish, action::receive})
      CAF_CHECK(ruling_of(content, {"id", "u"}, what, name) == ruling::deny);
}

CAF_TEST(nothing covers an empty topic and an empty filter covers nothing) {
  CAF_CHECK(topic("", "a") == coverage::broken);
  CAF_CHECK(topic("#", "") == coverage::broken);
}

CAF_TEST(many levels take no long time) {
  std::string deep(65535, '/');
  CAF_CHECK(topic("#", deep) == coverage::covers);
  CAF_CHECK(topic(deep, deep) == coverage::covers);
  CAF_CHECK(topic(deep + "a", deep) == coverage::none);
}

CAF_TEST(the topic of an ACL follows the grammar) {
  for (std::string_view good :
       {"a", "/", "#", "+", "a/#", "+/a/+", "$SYS/#", "%c"})
    CAF_CHECK(is_filter(good));
  for (std::string_view bad : {"", "a#", "#/a", "a+", "+a/b", "##", "a/#/"})
    CAF_CHECK(!is_filter(bad));
  CAF_CHECK(is_filter(std::string(200, '/')));
  CAF_CHECK(!is_filter(std::string(201, '/')));
  CAF_CHECK(is_filter(std::string(65535, 'a')));
  CAF_CHECK(!is_filter(std::string(65536, 'a')));
}

CAF_TEST(a document that is replaced changes version and answers) {
  auto first = std::make_shared<document>(read(one_client));
  dynamic_authority asked{first};
  auto before = asked.version();
  client_identity who{"id", "u"};
  CAF_CHECK(asked.rule(who, action::publish, "a") == ruling::allow);
  auto second = std::make_shared<document>(*first);
  second->default_access = {};
  asked.replace(second);
  CAF_CHECK(asked.version() != before);
  CAF_CHECK(asked.rule(who, action::publish, "a") == ruling::pass);
  CAF_CHECK(asked.content() == second);
}

CAF_TEST(an account says who may connect as it) {
  dynamic_authority asked{std::make_shared<document>(read(one_client))};
  CAF_CHECK(!asked.find("v"));
  auto found = asked.find("u");
  CAF_REQUIRE(found.has_value());
  // There is no password yet.
  CAF_CHECK(!found->admits("bound", "x"));
  found->password = "$7$...";
  CAF_CHECK(found->admits("bound", "x"));
  CAF_CHECK(!found->admits("Bound", "x"));
  CAF_CHECK(!found->admits("bound", ""));
  CAF_CHECK(!found->admits("", "x"));
  found->disabled = true;
  CAF_CHECK(!found->admits("bound", "x"));
  CAF_CHECK((account{"x", std::nullopt, false}.admits("any", "x")));
}

CAF_TEST(a decision is explained by what made it) {
  auto content = read(R"({
    "defaultACLAccess": {"publishClientReceive": true},
    "clients": [{"username": "u", "roles": [{"rolename": "own"}]}],
    "groups": [{"groupname": "hall", "clients": [{"username": "u"}],
                "roles": [{"rolename": "theirs"}]}],
    "roles": [
      {"rolename": "own", "acls": [
        {"acltype": "publishClientSend", "topic": "a/#", "priority": 3,
         "allow": true},
        {"acltype": "publishClientSend", "topic": "bad#", "allow": true}]},
      {"rolename": "theirs", "allowwildcardsubs": false, "acls": [
        {"acltype": "subscribeLiteral", "topic": "b", "allow": false}]}]})");
  auto why = [&](const char* user, action what, std::string_view topic) {
    return explain(decide(content, {"id", user}, what, topic));
  };
  CAF_CHECK_EQUAL(why("u", action::publish, "a/b"),
                  "role own: publishClientSend a/# (priority 3) allows it");
  CAF_CHECK_EQUAL(why("u", action::publish, "bad"),
                  "role own: publishClientSend bad# (priority 0) denies it");
  CAF_CHECK_EQUAL(
      why("u", action::subscribe, "b"),
      "role theirs of group hall: subscribeLiteral b (priority 0) denies it");
  CAF_CHECK_EQUAL(
      why("u", action::subscribe, "#"),
      "role theirs of group hall allows no subscription with wildcards");
  CAF_CHECK_EQUAL(why("u", action::receive, "x"),
                  "the default access allows it");
  CAF_CHECK_EQUAL(why("u", action::publish, "x"),
                  "no ACL and no default access allows it");
  CAF_CHECK_EQUAL(why("v", action::publish, "x"),
                  "dynamic security has no client of that name");
  CAF_CHECK_EQUAL(why("u", action::publish, "+"),
                  "a topic name has no wildcards");
}
