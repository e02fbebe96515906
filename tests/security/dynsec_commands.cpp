// What dynsec_dialogue.json cannot say: effects, limits, secrets.

#include "security/dynsec_commands.hpp"

#include "security/dynsec_password.hpp"
#include "stored_password.hpp"

#include <caf/test/dsl.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace troupe::security::dynsec;

namespace {

constexpr std::string_view secret = "sesame-open-sesame";

struct fixture {
  document content;
  surroundings around{{"id", "admin"},
                      [](std::string_view given) {
                        return given == secret ? "$7$hash" : "$7$other";
                      },
                      {}};

  fixture() {
    say(R"({"command":"createRole","rolename":"r"},
           {"command":"createRole","rolename":"s"},
           {"command":"createGroup","groupname":"g","roles":[{"rolename":"r"}]},
           {"command":"createClient","username":"direct",
            "roles":[{"rolename":"r"}]},
           {"command":"createClient","username":"member",
            "groups":[{"groupname":"g"}]},
           {"command":"createClient","username":"other"})");
  }

  outcome handle_all(std::string_view commands) const {
    return handle(content, fmt::format(R"({{"commands":[{}]}})", commands),
                  around);
  }

  outcome say(std::string_view commands) {
    auto came = handle_all(commands);
    if (came.changed)
      content = *came.changed;
    return came;
  }

  /// Whose clients are disconnected; `-` are those without a name.
  std::string kicked(std::string_view commands) {
    std::string names;
    for (const auto& each : say(commands).disconnect)
      names += each.value_or("-") + " ";
    return names;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(commands, fixture)

CAF_TEST(who has a role through anything is disconnected when it changes) {
  CAF_CHECK_EQUAL(kicked(R"({"command":"addRoleACL","rolename":"r",
      "acltype":"publishClientSend","topic":"a","allow":true})"),
                  "direct member ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"removeRoleACL","rolename":"r",
      "acltype":"publishClientSend","topic":"a"})"),
                  "direct member ");
  CAF_CHECK_EQUAL(
      kicked(R"({"command":"modifyRole","rolename":"r","acls":[]})"),
      "direct member ");
  CAF_CHECK_EQUAL(
      kicked(R"({"command":"modifyRole","rolename":"r","textname":"R"})"), "");
  CAF_CHECK_EQUAL(kicked(R"({"command":"modifyRole","rolename":"r",
      "allowwildcardsubs":true})"),
                  "");
  CAF_CHECK_EQUAL(kicked(R"({"command":"modifyRole","rolename":"r",
      "allowwildcardsubs":false})"),
                  "direct member ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"deleteRole","rolename":"s"})"), "");
  CAF_CHECK_EQUAL(kicked(R"({"command":"deleteRole","rolename":"r"})"),
                  "direct member ");
  CAF_CHECK(content.find_client("direct")->roles.empty());
  CAF_CHECK(content.find_group("g")->roles.empty());
}

CAF_TEST(who is in a group is disconnected when it changes) {
  CAF_CHECK_EQUAL(kicked(R"({"command":"addGroupClient","groupname":"g",
      "username":"other"})"),
                  "other ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"addGroupRole","groupname":"g",
      "rolename":"s"})"),
                  "member other ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"removeGroupRole","groupname":"g",
      "rolename":"s"})"),
                  "member other ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"modifyGroup","groupname":"g",
      "clients":[{"username":"direct"}]})"),
                  "member other direct ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"removeGroupClient","groupname":"g",
      "username":"direct"})"),
                  "direct ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"deleteGroup","groupname":"g"})"), "");
}

CAF_TEST(clients without a name go with their group) {
  CAF_CHECK_EQUAL(kicked(R"({"command":"setAnonymousGroup","groupname":"g"})"),
                  "- ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"modifyRole","rolename":"r",
      "acls":[]})"),
                  "direct - member ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"modifyGroup","groupname":"g"})"),
                  "- member ");
}

CAF_TEST(a client is disconnected when what it shows or may changes) {
  for (std::string_view command :
       {"disableClient", "setClientId", "modifyClient", "deleteClient"})
    CAF_CHECK_EQUAL(kicked(fmt::format(
                        R"({{"command":"{}","username":"other"}})", command)),
                    "other ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"setClientPassword",
      "username":"direct","password":"x"})"),
                  "direct ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"addClientRole","username":"direct",
      "rolename":"s"})"),
                  "direct ");
  CAF_CHECK_EQUAL(kicked(R"({"command":"enableClient","username":"direct"})"),
                  "");
}

CAF_TEST(nobody is disconnected twice or for a command that failed) {
  CAF_CHECK_EQUAL(kicked(R"({"command":"disableClient","username":"direct"},
      {"command":"disableClient","username":"other"},
      {"command":"disableClient","username":"direct"},
      {"command":"addGroupClient","username":"member","groupname":"g"})"),
                  "direct other ");
}

CAF_TEST(no password is in the answer or the log or the document) {
  auto commands = fmt::format(
      R"({{"command":"createClient","username":"new","password":"{0}"}},
         {{"command":"setClientPassword","username":"new","password":"{0}"}},
         {{"command":"modifyClient","username":"new","password":"{0}"}},
         {{"command":"getClient","username":"new"}},
         {{"command":"listClients","verbose":true}})",
      secret);
  auto came = say(commands);
  CAF_REQUIRE(came.changed != nullptr);
  CAF_CHECK_EQUAL(came.changed->find_client("new")->password, "$7$hash");
  CAF_CHECK_EQUAL(came.log.size(), 3u);
  for (const auto& text : {came.response, came.response_if_unsaved, came.log[0],
                           came.log[1], came.log[2]}) {
    CAF_CHECK(text.find(secret) == std::string::npos);
    CAF_CHECK(text.find("$7$") == std::string::npos);
  }
}

CAF_TEST(the log tells who did what) {
  auto came = say(R"({"command":"addclientrole","username":"other",
      "rolename":"r","priority":3})");
  CAF_REQUIRE_EQUAL(came.log.size(), 1u);
  CAF_CHECK_EQUAL(came.log[0],
                  "dynsec: id/admin | addClientRole | username=other | "
                  "rolename=r | priority=3");
}

CAF_TEST(what could not be saved is answered with errors) {
  auto came = handle_all(R"({"command":"createRole","rolename":"x",
      "correlationData":"1"},{"command":"listRoles"})");
  CAF_CHECK_EQUAL(came.response_if_unsaved,
                  R"({"responses":[{"command":"createRole",)"
                  R"("error":"Internal error","correlationData":"1"},)"
                  R"({"command":"listRoles","error":"Internal error"}]})");
}

CAF_TEST(a password that cannot be hashed changes nothing) {
  around.hash = [](std::string_view) { return std::string{}; };
  for (std::string_view command :
       {R"({"command":"createClient","username":"new","password":"x"})",
        R"({"command":"setClientPassword","username":"other","password":"x"})",
        R"({"command":"modifyClient","username":"other","password":"x",
            "textname":"t"})"}) {
    auto came = handle_all(command);
    CAF_CHECK(came.changed == nullptr);
    CAF_CHECK(came.disconnect.empty());
    CAF_CHECK(came.response.find("Internal error") != std::string::npos);
  }
}

CAF_TEST(an empty password is none) {
  say(R"({"command":"createClient","username":"new","password":""},
      {"command":"setClientPassword","username":"other","password":"x"},
      {"command":"modifyClient","username":"other","password":""})");
  CAF_CHECK_EQUAL(content.find_client("new")->password, "");
  CAF_CHECK_EQUAL(content.find_client("other")->password, "$7$other");
}

CAF_TEST(connections are listed as the broker tells them) {
  around.addresses = [](const std::string& user,
                        const std::optional<std::string>& id) {
    return std::vector<std::string>{user + "/" + id.value_or("any"), "::1"};
  };
  auto came = handle_all(R"({"command":"getClient","username":"other"})");
  CAF_CHECK(came.response.find(
                R"("connections":[{"address":"other/any"},{"address":"::1"}])")
            != std::string::npos);
}

CAF_TEST(every change counts) {
  auto before = content.change_index;
  say(R"({"command":"enableClient","username":"other"},
      {"command":"enableClient","username":"nobody"},
      {"command":"listClients"},
      {"command":"setDefaultACLAccess","acls":[]})");
  CAF_CHECK_EQUAL(content.change_index, before + 2);
}

CAF_TEST(the same names in other letters in one object are refused) {
  auto came = handle_all(R"({"command":"deleteRole","rolename":"s",
      "RoleName":"r"})");
  CAF_CHECK(came.response.find("Payload not valid JSON") != std::string::npos);
  CAF_CHECK(came.changed == nullptr);
}

CAF_TEST(names that MQTT does not allow are refused everywhere) {
  for (std::string_view text :
       {R"(\u0000)", R"(a\u0007)", R"(\u007f)", R"(\u0085)", R"(\ufdd0)",
        R"(\uffff)", R"(\ud83f\udfff)"})
    for (std::string_view command :
         {"createRole", "deleteRole", "createGroup", "deleteGroup",
          "createClient", "deleteClient", "setAnonymousGroup", "getRole"}) {
      auto came = handle_all(
          fmt::format(R"({{"command":"{0}","rolename":"{1}","groupname":"{1}",)"
                      R"("username":"{1}"}})",
                      command, text));
      CAF_CHECK(came.response.find("not valid UTF-8") != std::string::npos);
    }
  for (std::string_view raw : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5"}) {
    auto came = handle_all(
        fmt::format(R"({{"command":"createRole","rolename":"a{}"}})", raw));
    CAF_CHECK(came.response.find("Payload not valid JSON")
              != std::string::npos);
  }
}

CAF_TEST(hostile payloads are refused in a moment) {
  std::string deep = R"({"commands":)" + std::string(1'000'000, '[');
  std::string wide = R"({"commands":[{)";
  for (int i = 0; i < 100'000; ++i)
    wide += fmt::format("\"m{}\":0,", i);
  for (const auto& each :
       {deep, wide, std::string(1'000'000, '{'), std::string(1'000'000, '\0'),
        R"({"commands":[)" + std::string(100'000, '5')})
    CAF_CHECK_EQUAL(handle(content, each, around).response,
                    R"({"responses":[{"command":"Unknown command",)"
                    R"("error":"Payload not valid JSON"}]})");
}

CAF_TEST(ten thousand commands of one payload are carried out) {
  std::string commands;
  for (int i = 0; i < 10'000; ++i)
    commands += fmt::format(
        R"({}{{"command":"createClient","username":"u{}","password":"x"}})",
        i == 0 ? "" : ",", i);
  auto came = say(commands);
  CAF_CHECK_EQUAL(content.clients().size(), 10'003u);
  CAF_CHECK_EQUAL(came.log.size(), 10'000u);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a password hash admits its password alone) {
  auto made = make_stored_password("secret");
  CAF_CHECK(is_password_hash(made));
  CAF_CHECK(made.starts_with("$7$1000$"));
  CAF_CHECK(is_password(made, "secret"));
  for (std::string_view other : {"", "Secret", "secret ", "secre"})
    CAF_CHECK(!is_password(made, other));
  CAF_CHECK(make_stored_password("secret") != made);
  CAF_CHECK(!is_password("$7$1$a$b", "secret"));
  CAF_CHECK(!is_password("", ""));
}

CAF_TEST(a password hash that Mosquitto made is checked) {
  constexpr std::string_view made =
      "$7$101$w6NwfD5GN4KTwBLY$u/17/M7T7+h7bBEbrLP1Nwmh99Ku0VWhiRF723bljBwGgMpU"
      "6k3CwlScs0n4O5nd7wZZxRXMnBFOR7Q7pS9+/g==";
  CAF_CHECK(is_password(made, "secret"));
  CAF_CHECK(!is_password(made, "Secret"));
}

CAF_TEST(random passwords differ and are twenty letters and digits) {
  auto first = make_random_password();
  CAF_CHECK_EQUAL(first.size(), 20u);
  for (char each : first)
    CAF_CHECK(std::isalnum(static_cast<unsigned char>(each)) != 0);
  CAF_CHECK(make_random_password() != first);
}
