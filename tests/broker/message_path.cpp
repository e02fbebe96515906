#include "broker/message_path.hpp"

#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

namespace {

constexpr node_id here = 0x9f86d081884c7d65;
constexpr std::string_view example =
    "9f86d081884c7d65/18c2f3a4b5d.0/1f2 0a1b2c3d4e5f6071";

/// Properties as a broker passes them on; good as long as it lives.
class property_list {
public:
  property_list& user(std::string_view name, std::string_view value) {
    protocol::append_user_property(bytes_, name, value);
    return *this;
  }
  property_list& type(std::string_view value) {
    protocol::append_content_type(bytes_, value);
    return *this;
  }
  property_list& raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  std::string_view view() const { return bytes_.view(); }
  protocol::message message() const {
    protocol::message result;
    result.forwarded_properties = view();
    return result;
  }

private:
  byte_buffer bytes_;
};

} // namespace

// -- the text -----------------------------------------------------------------

CAF_TEST(a path names its origin and who passed it on) {
  auto path = message_path::parse(example);
  CAF_REQUIRE(path);
  CAF_CHECK((path->origin() == message_origin{here, 0x18c2f3a4b5d, 0, 0x1f2}));
  CAF_CHECK_EQUAL(path->nodes(), 2u);
  CAF_CHECK(path->passed(here));
  CAF_CHECK(path->passed(0x0a1b2c3d4e5f6071));
  CAF_CHECK(!path->passed(0x0a1b2c3d4e5f6072));
}

CAF_TEST(an origin is written as it is read) {
  for (auto origin :
       {message_origin{here, 0x18c2f3a4b5d, 0, 0x1f2},
        message_origin{1, 0, 15, 1},
        message_origin{UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT64_MAX}}) {
    auto text = to_string(origin);
    auto path = message_path::parse(text);
    CAF_REQUIRE(path);
    CAF_CHECK(path->origin() == origin);
    CAF_CHECK_EQUAL(path->nodes(), 1u);
  }
  CAF_CHECK_EQUAL(to_string({1, 0xab, 2, 0x1f2}), "0000000000000001/ab.2/1f2");
}

CAF_TEST(the longest path is as long as it is said to be) {
  auto text = to_string({UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT64_MAX});
  for (size_t i = 1; i < most_path_nodes; ++i)
    text = append(text, i);
  CAF_CHECK_EQUAL(text.size(), most_path_bytes);
  CAF_CHECK_EQUAL(message_path::parse(text)->nodes(), most_path_nodes);
}

CAF_TEST(a node is appended behind a space) {
  CAF_CHECK_EQUAL(
      append("9f86d081884c7d65/18c2f3a4b5d.0/1f2", 0x0a1b2c3d4e5f6071),
      example);
}

CAF_TEST(what has not exactly this form is no path) {
  for (std::string_view text : {
           "",
           "9f86d081884c7d65",
           "9f86d081884c7d6/1.0/1",   // 15 digits
           "9f86d081884c7d655/1.0/1", // 17 digits
           "9F86D081884C7D65/1.0/1",  // upper case
           "9f86d081884c7d65/1.0/0",  // sequences count from 1
           "9f86d081884c7d65/1.0/01", // one number has one form
           "9f86d081884c7d65/1.0/",
           "9f86d081884c7d65/1.0",
           "9f86d081884c7d65/1/1",
           "9f86d081884c7d65/.0/1",
           "9f86d081884c7d65/1.100000000/1",         // lane of 33 bits
           "9f86d081884c7d65/1.0/10000000000000000", // sequence of 65 bits
           "9f86d081884c7d65/1.0/1 ",
           "9f86d081884c7d65/1.0/1 0a1b2c3d4e5f607",
           "9f86d081884c7d65/1.0/1  0a1b2c3d4e5f6071",
           "9f86d081884c7d65/1.0/1 0a1b2c3d4e5f6071 ",
           "9f86d081884c7d65/1.0/1,0a1b2c3d4e5f6071",
           "9f86d081884c7d65/-1.0/1",
           " 9f86d081884c7d65/1.0/1",
       })
    if (message_path::parse(text))
      CAF_FAIL("taken for a path: " << text);
}

CAF_TEST(a path that is cut is another or none) {
  auto whole = *message_path::parse(example);
  for (size_t size = 0; size < example.size(); ++size) {
    auto cut = message_path::parse(example.substr(0, size));
    CAF_CHECK(!cut || cut->nodes() < whole.nodes());
  }
}

// -- among the properties -----------------------------------------------------

CAF_TEST(a message without properties has no path) {
  protocol::message message;
  CAF_CHECK(take_path(message).data() == nullptr);
}

CAF_TEST(other properties stay as they are) {
  property_list list;
  list.raw("\x01\x01")
      .type("text/plain")
      .user("troupe-pat", "x")
      .user("troupe-paths", "x")
      .user("x", "troupe-path");
  auto message = list.message();
  CAF_CHECK_EQUAL(take_path(message), "");
  CAF_CHECK(message.forwarded_properties.data() == list.view().data());
  CAF_CHECK_EQUAL(message.forwarded_properties, list.view());
}

CAF_TEST(a path at the end is cut off without a copy) {
  property_list list;
  list.type("text/plain").user("a", "b");
  auto others = list.view().size();
  list.user(path_property, example);
  auto message = list.message();
  CAF_CHECK_EQUAL(take_path(message), example);
  CAF_CHECK(message.gathered_properties == nullptr);
  CAF_CHECK_EQUAL(message.forwarded_properties, list.view().substr(0, others));
}

CAF_TEST(a path anywhere is taken out and others with it) {
  using namespace std::string_view_literals;
  property_list list;
  list.user(path_property, example)
      .user("a", "b")
      .raw("\x09\0\x02\0\x26"sv) // correlation data
      .user(path_property, "forged")
      .raw("\x08\0\x01t"sv); // response topic
  property_list others;
  others.user("a", "b").raw("\x09\0\x02\0\x26"sv).raw("\x08\0\x01t"sv);
  auto message = list.message();
  auto path = take_path(message);
  auto copy = message; // shares what was gathered
  message = {};
  CAF_CHECK_EQUAL(path, example);
  CAF_CHECK_EQUAL(copy.forwarded_properties, others.view());
}

CAF_TEST(properties that end in the middle are left alone) {
  using namespace std::string_view_literals;
  for (auto bytes : {"\x26"sv, "\x26\0\x0btroupe-path"sv,
                     "\x26\0\x0btroupe-path\0\x05"sv, "\xff\0\0"sv, "\x01"sv}) {
    protocol::message message;
    message.forwarded_properties = bytes;
    CAF_CHECK(take_path(message).data() == nullptr);
    CAF_CHECK_EQUAL(message.forwarded_properties.size(), bytes.size());
  }
}

// -- coming in ----------------------------------------------------------------

CAF_TEST(a client that is no peer cannot bring a path) {
  property_list list;
  list.user("a", "b").user(path_property, example);
  auto message = list.message();
  auto way = arrive(message, false, here);
  CAF_CHECK(!way.is_loop);
  CAF_CHECK_EQUAL(way.path, "");
  property_list others;
  others.user("a", "b");
  CAF_CHECK_EQUAL(message.forwarded_properties, others.view());
}

CAF_TEST(what a peer brings has passed here from then on) {
  property_list list;
  list.user(path_property, example);
  auto message = list.message();
  auto way = arrive(message, true, 0xff);
  CAF_CHECK(!way.is_loop);
  CAF_CHECK_EQUAL(way.path, std::string{example} + " 00000000000000ff");
  CAF_CHECK_EQUAL(message.forwarded_properties, "");
}

CAF_TEST(what was here before is a loop) {
  property_list list;
  list.user(path_property, example);
  for (auto node : {here, node_id{0x0a1b2c3d4e5f6071}}) {
    auto message = list.message();
    auto way = arrive(message, true, node);
    CAF_CHECK(way.is_loop);
    CAF_CHECK_EQUAL(way.path, "");
  }
}

CAF_TEST(what has passed as many nodes as may be is a loop) {
  auto text = to_string({1, 1, 0, 1});
  for (node_id node = 2; node < most_path_nodes; ++node)
    text = append(text, node);
  auto arrives = [&] {
    property_list list;
    list.user(path_property, text);
    auto message = list.message();
    return arrive(message, true, here);
  };
  CAF_CHECK(!arrives().is_loop); // it is the last
  text = append(text, 100);
  CAF_CHECK(arrives().is_loop);
  for (node_id node = 101; node < 3000; ++node)
    text = append(text, node);
  CAF_CHECK(arrives().is_loop);
}

CAF_TEST(a path that is none tells nothing) {
  property_list list;
  list.user(path_property, "nonsense");
  auto message = list.message();
  auto way = arrive(message, true, here);
  CAF_CHECK(!way.is_loop);
  CAF_CHECK_EQUAL(way.path, "");
  CAF_CHECK_EQUAL(message.forwarded_properties, "");
}
