#include "security/dynsec_io.hpp"

#include <caf/test/dsl.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

using namespace troupe::security::dynsec;

namespace {

/// What is wrong with the text, or what was warned of, or nothing.
std::string complaint_of(std::string_view text) {
  auto made = read_document(text, "f.json");
  if (!made)
    return made.error().text;
  return made->warnings.empty() ? "" : made->warnings.front();
}

struct row {
  std::string_view text;
  /// How the complaint begins.
  std::string_view complaint;
};

constexpr std::string_view hash =
    "u/17/"
    "M7T7+h7bBEbrLP1Nwmh99Ku0VWhiRF723bljBwGgMpU6k3CwlScs0n4O5nd7wZZxRXMnBF"
    "OR7Q7pS9+/g==";
constexpr std::string_view salt = "w6NwfD5GN4KTwBLY";

std::string with_password(std::string_view members) {
  return fmt::format(R"({{"clients":[{{"username":"c",{}}}]}})", members);
}

const std::vector<row> refused = {
    {"", "f.json:1: this is not JSON"},
    {"{", "f.json:1: this is not JSON"},
    {"{\n\"clients\": [\n,", "f.json:3: this is not JSON"},
    {"{} x", "f.json:1: this is not JSON"},
    {"{\"a\": \"\xff\"}", "f.json:1: this is not JSON"},
    {"[]", "f.json: [] is not an object"},
    {"null", "f.json: null is not an object"},
    {"5", "f.json: 5 is not an object"},
    {R"({"clients":[],"Clients":[]})", "f.json: a name is given twice"},
    {R"({"clients":{}})", "f.json: clients: {} is not a list"},
    {R"({"clients":[5]})", "f.json: clients[0]: 5 is not an object"},
    {R"({"clients":[{"username":5}]})",
     "f.json: clients[0]: username is 5, which is not a text"},
    {R"({"clients":[{"username":"a\u0001"}]})",
     "f.json: clients[0]: username is \"a\\u0001\"; MQTT allows no control"},
    {R"({"clients":[{"username":"a\u0000"}]})", "f.json: clients[0]: username"},
    {R"({"clients":[{"username":"a\uffff"}]})", "f.json: clients[0]: username"},
    {R"({"clients":[{"username":"a\ufdd0"}]})", "f.json: clients[0]: username"},
    {R"({"clients":[{"username":"a\ud83f\udffe"}]})",
     "f.json: clients[0]: username"},
    {R"({"clients":[{"username":"a"},{"username":"a"}]})",
     "f.json: clients[1]: there are two clients \"a\""},
    {R"({"clients":[{"username":"a","disabled":1}]})",
     "f.json: clients[0]: disabled is 1; use true or false"},
    {R"({"clients":[{"username":"a","textname":null}]})",
     "f.json: clients[0]: textname is null"},
    {R"({"clients":[{"username":"a","roles":5}]})",
     "f.json: clients[0].roles: 5 is not a list"},
    {R"({"clients":[{"username":"a","roles":["r"]}]})",
     "f.json: clients[0].roles[0]: \"r\" is not an object"},
    {R"({"clients":[{"username":"a","password":"x"}]})",
     "f.json: clients[0]: a password needs password, salt and iterations"},
    {R"({"clients":[{"username":"a","encoded_password":"secret"}]})",
     "f.json: clients[0]: the password is not a hash that is known"},
    {R"({"groups":[{"groupname":"g"},{"groupname":"g"}]})",
     "f.json: groups[1]: there are two groups \"g\""},
    {R"({"groups":[{"groupname":"g","clients":{}}]})",
     "f.json: groups[0].clients: {} is not a list"},
    {R"({"groups":[{"groupname":"g","clients":[{"username":[]}]}]})",
     "f.json: groups[0].clients[0]: username is []"},
    {R"({"roles":[{"rolename":"r"},{"rolename":"r"}]})",
     "f.json: roles[1]: there are two roles \"r\""},
    {R"({"roles":[{"rolename":"r","allowwildcardsubs":"yes"}]})",
     "f.json: roles[0]: allowwildcardsubs is \"yes\"; use true or false"},
    {R"({"roles":[{"rolename":"r","acls":[{"acltype":5}]}]})",
     "f.json: roles[0].acls[0]: acltype is 5"},
    {R"({"roles":[{"rolename":"r","acls":[{"topic":5}]}]})",
     "f.json: roles[0].acls[0]: topic is 5"},
    {R"({"roles":[{"rolename":"r","acls":[{"priority":"1"}]}]})",
     "f.json: roles[0].acls[0]: priority is \"1\"; use a whole number"},
    {R"({"roles":[{"rolename":"r","acls":[{"allow":"true"}]}]})",
     "f.json: roles[0].acls[0]: allow is \"true\"; use true or false"},
    {R"({"defaultACLAccess":[]})",
     "f.json: defaultACLAccess: [] is not an object"},
    {R"({"defaultACLAccess":{"subscribe":1}})",
     "f.json: defaultACLAccess: subscribe is 1; use true or false"},
    {R"({"anonymousGroup":5})", "f.json: anonymousGroup is 5"},
    {R"({"changeIndex":1e999})", "f.json:1: this is not JSON"},
};

/// Read all the same, but for what is named.
const std::vector<row> warned = {
    {R"({"listeners":[]})", "f.json: \"listeners\" is not known"},
    {R"({"clients":[{}]})", "f.json: clients[0]: left out: it has no username"},
    {R"({"clients":[{"username":""}]})",
     "f.json: clients[0]: left out: it has no username"},
    {R"({"clients":[{"username":"a","roles":[{"rolename":"r"}]}]})",
     "f.json: clients[0].roles[0]: left out: there is no role \"r\""},
    {R"({"clients":[{"username":"a","age":5}]})",
     "f.json: clients[0]: \"age\" is not known"},
    {R"({"groups":[{"groupname":"g","clients":[{"username":"c"}]}]})",
     "f.json: groups[0].clients[0]: left out: there is no client \"c\""},
    {R"({"groups":[{"groupname":"g","roles":[{}]}]})",
     "f.json: groups[0].roles[0]: left out: it has no rolename"},
    {R"({"anonymousGroup":"g"})",
     "f.json: anonymousGroup is left out: there is no group \"g\""},
    {R"({"roles":[{"rolename":"r","acls":[{"topic":"a"}]}]})",
     "f.json: roles[0].acls[0]: left out: it has no acltype"},
    {R"({"roles":[{"rolename":"r","acls":[{"acltype":"x","topic":"a"}]}]})",
     "f.json: roles[0].acls[0]: left out: it has no acltype"},
    {R"({"roles":[{"rolename":"r","acls":[{"acltype":"subscribeLiteral"}]}]})",
     "f.json: roles[0].acls[0]: left out: it has no topic"},
    {R"({"roles":[{"rolename":"r","acls":[
         {"acltype":"subscribeLiteral","topic":"a"},
         {"acltype":"subscribeLiteral","topic":"a"}]}]})",
     "f.json: roles[0]: acls: \"a\" is there twice"},
};

} // namespace

CAF_TEST(what cannot be meant is refused with its place) {
  for (const auto& each : refused) {
    auto made = read_document(each.text, "f.json");
    CAF_CHECK(!made.has_value());
    CAF_CHECK_EQUAL(complaint_of(each.text).substr(0, each.complaint.size()),
                    each.complaint);
  }
}

CAF_TEST(what Mosquitto passes over in silence is left out with a warning) {
  for (const auto& each : warned) {
    auto made = read_document(each.text, "f.json");
    CAF_CHECK(made.has_value());
    CAF_CHECK_EQUAL(complaint_of(each.text).substr(0, each.complaint.size()),
                    each.complaint);
  }
}

CAF_TEST(an empty object is an empty document) {
  auto made = read_document("{}", "f.json");
  CAF_REQUIRE(made.has_value());
  CAF_CHECK(made->content == document{});
}

CAF_TEST(names of members are read in letters of either case) {
  auto made = read_document(R"({"CLIENTS":[{"UserName":"c","textName":"t"}]})",
                            "f.json");
  CAF_REQUIRE(made.has_value());
  CAF_REQUIRE(made->content.find_client("c") != nullptr);
  CAF_CHECK_EQUAL(*made->content.find_client("c")->about.name, "t");
}

CAF_TEST(a password is read as 2.0 and as 2.1 write it) {
  auto parts = with_password(fmt::format(
      R"("password":"{}","salt":"{}","iterations":101)", hash, salt));
  auto whole = with_password(
      fmt::format(R"("encoded_password":"$7$101${}${}")", salt, hash));
  for (const auto& text : {parts, whole}) {
    auto made = read_document(text, "f.json");
    CAF_REQUIRE(made.has_value());
    CAF_CHECK_EQUAL(made->content.find_client("c")->password,
                    fmt::format("$7$101${}${}", salt, hash));
  }
}

CAF_TEST(a password hash that is damaged is refused) {
  auto form = [](std::string_view n, std::string_view s, std::string_view h) {
    return with_password(
        fmt::format(R"("encoded_password":"$7${}${}${}")", n, s, h));
  };
  std::string cut{hash.substr(0, hash.size() - 4)};
  std::string odd{hash};
  odd[3] = '*';
  for (const auto& text :
       {form("0", salt, hash), form("-1", salt, hash), form("", salt, hash),
        form("1x", salt, hash), form("99999999999", salt, hash),
        form("10000001", salt, hash), form("101", "", hash),
        form("101", "c2FsdA==", hash), form("101", salt, ""),
        form("101", salt, cut), form("101", salt, odd),
        form("101", salt, std::string{hash} + "$"),
        with_password(R"("encoded_password":"")"),
        with_password(R"("encoded_password":"$8$a$b")"),
        with_password(R"("encoded_password":"$6$$")"),
        with_password(R"("encoded_password":"$6$")"),
        with_password(R"("encoded_password":"$7$")")})
    CAF_CHECK(!read_document(text, "f.json").has_value());
}

CAF_TEST(priorities are kept within their limits) {
  auto made = read_document(
      R"({"roles":[{"rolename":"r","acls":[
          {"acltype":"subscribeLiteral","topic":"a","priority":1e300},
          {"acltype":"subscribeLiteral","topic":"b","priority":-1e300},
          {"acltype":"subscribeLiteral","topic":"c","priority":18446744073709551615},
          {"acltype":"subscribeLiteral","topic":"d","priority":2.9}]}]})",
      "f.json");
  CAF_REQUIRE(made.has_value());
  const auto& list =
      made->content.find_role("r")->list(acl_type::subscribe_literal);
  CAF_REQUIRE_EQUAL(list.size(), 4u);
  CAF_CHECK_EQUAL(list[0].priority, most_priority);
  CAF_CHECK_EQUAL(list[1].priority, most_priority);
  CAF_CHECK_EQUAL(list[2].priority, 2);
  CAF_CHECK_EQUAL(list[3].priority, -most_priority);
}

CAF_TEST(what is nested without end is refused without end of the stack) {
  for (std::string_view open : {"[", "{\"a\":"}) {
    std::string text = R"({"clients":)";
    for (int i = 0; i < 1'000'000; ++i)
      text += open;
    CAF_CHECK_EQUAL(complaint_of(text),
                    "f.json: the values are nested too deeply");
  }
}

CAF_TEST(an object with members without end is refused at once) {
  std::string text = "{";
  for (int i = 0; i < 1'000'000; ++i)
    text += fmt::format("\"a{}\":0,", i);
  CAF_CHECK_EQUAL(complaint_of(text),
                  "f.json: an object has more than 64 members");
}

CAF_TEST(a long list of ACLs is read in a moment) {
  std::string text = R"({"roles":[{"rolename":"r","acls":[)";
  for (int i = 0; i < 50'000; ++i)
    text += fmt::format(
        R"({}{{"acltype":"publishClientSend","topic":"t/{}","priority":{}}})",
        i == 0 ? "" : ",", i, i % 10);
  auto made = read_document(text + "]}]}", "f.json");
  CAF_REQUIRE(made.has_value());
  CAF_CHECK_EQUAL(
      made->content.find_role("r")->list(acl_type::publish_client_send).size(),
      50'000u);
}

CAF_TEST(a document that is cut short is refused wherever that is) {
  auto text = with_password(fmt::format(
      R"("password":"{}","salt":"{}","iterations":101)", hash, salt));
  for (size_t size = 0; size < text.size(); ++size)
    CAF_CHECK(!read_document(text.substr(0, size), "f.json").has_value());
}
