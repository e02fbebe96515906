// What is said to dynamic security and what it answers, from
// dynsec_dialogue.json. tests/system/test_dynsec_differential.py holds the same
// dialogue with Mosquitto's plugin: where the table has a second answer,
// Mosquitto 2.0 gives that one.

#include "security/dynsec_commands.hpp"
#include "security/dynsec_io.hpp"
#include "security/dynsec_json.hpp"
#include "security/dynsec_password.hpp"

#include <caf/test/dsl.hpp>

#include <fstream>
#include <sstream>
#include <string>

using namespace troupe::security::dynsec;

namespace {

json read_table() {
  std::ifstream file{TROUPE_SOURCE_FOLDER
                     "/tests/security/dynsec_dialogue.json"};
  std::stringstream text;
  text << file.rdbuf();
  auto table = parse_json(text.str(), "dynsec_dialogue.json");
  CAF_REQUIRE(table.has_value());
  return *table;
}

document initial(const json& table) {
  auto made = read_document(table["initial"].dump(), "initial");
  CAF_REQUIRE(made.has_value());
  CAF_CHECK(made->warnings.empty());
  return made->content;
}

/// Salts and hashes differ from run to run.
json without_secrets(json file) {
  for (auto& each : file["clients"])
    if (each.contains("password")) {
      each["password"] = "*";
      each.erase("salt");
      each.erase("iterations");
    }
  return file;
}

std::string payload_of(const json& step) {
  return step.contains("payload") ? step["payload"].get<std::string>()
                                  : json{{"commands", step["commands"]}}.dump();
}

json disconnected(const outcome& came) {
  json list = json::array();
  for (const auto& each : came.disconnect)
    list.push_back(each ? json(*each) : json(nullptr));
  return list;
}

constexpr std::string_view not_json =
    R"({"responses":[{"command":"Unknown command",)"
    R"("error":"Payload not valid JSON"}]})";

struct fixture {
  json table = read_table();
  document content = initial(table);
  surroundings around{{"id", "admin"}, make_stored_password, {}};

  outcome say(const std::string& payload) {
    auto came = handle(content, payload, around);
    if (came.changed)
      content = *came.changed;
    return came;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dialogue, fixture)

CAF_TEST(every answer is that of Mosquitto 2.1) {
  for (const auto& step : table["steps"]) {
    CAF_MESSAGE(step["say"].get<std::string>());
    auto came = say(payload_of(step));
    CAF_CHECK_EQUAL(came.response,
                    (json{{"responses", step["answer"]}}.dump()));
    CAF_CHECK_EQUAL(disconnected(came).dump(),
                    step.value("disconnect", json::array()).dump());
  }
  auto file = json::parse(write_document(content));
  CAF_CHECK_EQUAL(without_secrets(file).dump(), table["document"].dump());
}

CAF_TEST(after every step the document is read back as it was written) {
  for (const auto& step : table["steps"]) {
    say(payload_of(step));
    auto again = read_document(write_document(content), "written");
    CAF_REQUIRE(again.has_value());
    CAF_CHECK(again->warnings.empty());
    CAF_CHECK(again->content == content);
  }
}

CAF_TEST(a payload that changes nothing leaves no document to save) {
  for (const auto& step : table["steps"]) {
    auto before = content;
    auto came = say(payload_of(step));
    CAF_CHECK_EQUAL(came.changed == nullptr, content == before);
    CAF_CHECK_EQUAL(came.changed == nullptr, came.log.empty());
    CAF_CHECK_EQUAL(came.changed == nullptr, came.response_if_unsaved.empty());
  }
}

CAF_TEST(no payload cut short is more than refused) {
  for (const auto& step : table["steps"]) {
    auto payload = payload_of(step);
    if (payload.size() > 300 || payload == "5")
      continue;
    size_t refused = 0;
    for (size_t size = 0; size < payload.size(); ++size) {
      auto came = handle(content, payload.substr(0, size), around);
      if (came.changed == nullptr && came.response == not_json)
        ++refused;
    }
    CAF_CHECK_EQUAL(refused, payload.size());
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
