#include "actors/authorship.hpp"

#include <caf/test/unit_test.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>

using namespace troupe;
using namespace troupe::actors;

namespace {

/// Lets everybody publish below its own user name and client id.
class own_corner final : public security::authority {
public:
  security::ruling rule(const security::client_identity& who,
                        security::action what,
                        std::string_view topic) const override {
    CAF_CHECK(what == security::action::publish);
    auto corner = who.user_name.value_or("nobody") + "/" + who.client_id;
    return topic == corner ? security::ruling::allow : security::ruling::deny;
  }
  uint64_t version() const noexcept override { return 1; }
};

listener_policy_ptr at_port(uint16_t port, bool restricted) {
  auto made = std::make_shared<listener_policy>();
  made->own.port = port;
  if (restricted)
    made->judges = std::make_shared<const security::authorities>(
        security::authorities{std::make_shared<const own_corner>()});
  return made;
}

node_policy with_listeners(std::map<uint16_t, bool> ports,
                           bool check_retain_source = true) {
  config::settings settings;
  settings.check_retain_source = check_retain_source;
  node_policy made;
  made.settings = std::make_shared<const config::settings>(settings);
  for (auto [port, restricted] : ports)
    made.listeners.push_back(at_port(port, restricted));
  return made;
}

broker::author_ptr author_at(uint16_t port, std::string user) {
  login who;
  who.user_name = std::move(user);
  return make_author(*at_port(port, false), who, "id");
}

broker::retained_message kept(std::string_view topic, broker::author_ptr by) {
  protocol::message source;
  source.topic = topic;
  source.payload = "x";
  return {broker::publication::make(source, clock::now()), std::move(by)};
}

} // namespace

CAF_TEST(an author is judged at the listener it came through) {
  auto now = with_listeners({{1, true}, {2, false}});
  CAF_CHECK(may_still_publish(now, author_at(1, "anna").get(), "anna/id"));
  CAF_CHECK(!may_still_publish(now, author_at(1, "anna").get(), "ben/id"));
  CAF_CHECK(may_still_publish(now, author_at(2, "anna").get(), "ben/id"));
}

CAF_TEST(an author whose listener is gone needs the consent of all) {
  auto by = author_at(9, "anna");
  CAF_CHECK(may_still_publish(with_listeners({{2, false}}), by.get(), "x"));
  auto now = with_listeners({{1, true}, {2, false}});
  CAF_CHECK(!may_still_publish(now, by.get(), "x"));
  CAF_CHECK(may_still_publish(now, by.get(), "anna/id"));
}

CAF_TEST(nobody objects to what nobody published) {
  CAF_CHECK(may_still_publish(with_listeners({{1, true}}), nullptr, "x"));
}

CAF_TEST(retained messages of who may not publish there are taken out) {
  auto anna = author_at(1, "anna");
  auto ben = author_at(1, "ben");
  auto all = [&] {
    return std::vector<broker::retained_message>{
        kept("anna/id", anna), kept("x", anna),      kept("$SYS/x", nullptr),
        kept("ben/id", ben),   kept("anna/id", ben),
    };
  };
  auto messages = all();
  withhold_disowned(with_listeners({{1, true}}), messages);
  std::string left;
  for (const auto& each : messages)
    left += std::string{each.message->topic()} + " ";
  CAF_CHECK_EQUAL(left, "anna/id $SYS/x ben/id ");
  messages = all();
  withhold_disowned(with_listeners({{1, true}}, false), messages);
  CAF_CHECK_EQUAL(messages.size(), 5u);
}
