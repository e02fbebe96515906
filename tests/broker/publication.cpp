#include "broker/publication.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

CAF_TEST(a publication copies what it is made of) {
  std::string topic = "a/topic";
  std::string payload(1000, 'p');
  std::string properties = "\x01\x01";
  protocol::message source;
  source.topic = topic;
  source.payload = payload;
  source.forwarded_properties = properties;
  source.qos = protocol::qos::exactly_once;
  source.retain = true;
  auto made = publication::make(source, test_start);
  topic = payload = properties = "gone";
  CAF_CHECK_EQUAL(made->topic(), "a/topic");
  CAF_CHECK_EQUAL(made->payload(), std::string(1000, 'p'));
  CAF_CHECK_EQUAL(made->properties(), "\x01\x01");
  CAF_CHECK(made->qos() == protocol::qos::exactly_once);
  CAF_CHECK(made->retain());
}

CAF_TEST(a publication lies in memory as it goes out) {
  auto made = make_publication("body", "ab");
  using namespace std::string_view_literals;
  CAF_CHECK(made->encoded_topic()
            == "\0\x02"
               "ab"sv);
  CAF_CHECK(made->encoded_topic_and_payload()
            == "\0\x02"
               "abbody"sv);
}

CAF_TEST(a topic of the greatest length keeps its length) {
  std::string topic(65'535, 't');
  auto made = make_publication("", topic);
  CAF_CHECK_EQUAL(made->topic().size(), 65'535u);
  CAF_CHECK_EQUAL(made->encoded_topic().substr(0, 2), "\xff\xff");
}

CAF_TEST(a publication expires after its interval and else never) {
  auto mortal = make_publication("x", "t", 10);
  CAF_CHECK(!mortal->is_expired(test_start + std::chrono::milliseconds{9999}));
  CAF_CHECK(mortal->is_expired(test_start + std::chrono::seconds{10}));
  auto eternal = make_publication("x");
  CAF_CHECK(eternal->expires_at() == never);
  CAF_CHECK(!eternal->is_expired(never - std::chrono::hours{1}));
  auto stillborn = make_publication("x", "t", 0);
  CAF_CHECK(stillborn->is_expired(test_start));
}

CAF_TEST(the footprint counts all of its bytes) {
  auto made = make_publication("12345", "abc");
  CAF_CHECK_EQUAL(made->footprint(), sizeof(publication) + 2 + 3 + 5);
}

CAF_TEST(threads may share a publication) {
  auto made = make_publication("payload");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([copy = made] {
      for (int n = 0; n < 10'000; ++n) {
        auto mine = copy;
        if (mine->payload() != "payload")
          std::abort();
      }
    });
  made.reset();
  for (auto& each : threads)
    each.join();
}

// -- its path -----------------------------------------------------------------

CAF_TEST(a path lies behind the properties that ordinary clients are sent) {
  protocol::message source;
  source.topic = "a/topic";
  source.payload = "body";
  source.forwarded_properties = "\x01\x01";
  auto made = publication::make(source, test_start, "the path");
  using namespace std::string_view_literals;
  CAF_CHECK_EQUAL(made->path(), "the path");
  CAF_CHECK_EQUAL(made->properties(), "\x01\x01");
  CAF_CHECK(made->properties_and_path()
            == "\x01\x01\x26\0\x0btroupe-path\0\x08the path"sv);
  CAF_CHECK_EQUAL(made->footprint(),
                  sizeof(publication) + 2 + 7 + 4 + 2 + 1 + 2 + 11 + 2 + 8);
  protocol::message read;
  read.forwarded_properties = made->properties_and_path();
  CAF_CHECK_EQUAL(take_path(read), made->path());
  CAF_CHECK_EQUAL(read.forwarded_properties, made->properties());
}

CAF_TEST(a publication without a path has no trailer) {
  protocol::message source;
  source.topic = "t";
  source.forwarded_properties = "\x01\x01";
  auto made = publication::make(source, test_start);
  CAF_CHECK(made->path().empty());
  CAF_CHECK_EQUAL(made->properties_and_path(), made->properties());
}

CAF_TEST(the longest path fits) {
  std::string path(most_path_bytes, 'p');
  protocol::message source;
  source.topic = "t";
  source.qos = protocol::qos::exactly_once;
  source.retain = true;
  auto made = publication::make(source, test_start, path);
  CAF_CHECK_EQUAL(made->path(), path);
  CAF_CHECK(made->qos() == protocol::qos::exactly_once);
  CAF_CHECK(made->retain());
}

CAF_TEST(another path or expiry changes nothing else) {
  protocol::message source;
  source.topic = "a/topic";
  source.payload = "body";
  source.forwarded_properties = "\x01\x01";
  source.qos = protocol::qos::at_least_once;
  source.retain = true;
  source.message_expiry_interval = 10;
  auto made = publication::make(source, test_start);
  auto known = with_path(*made, "1/2.3/4");
  CAF_CHECK(known->expires_at() == made->expires_at());
  auto renewed = with_expiry(*known, 20, test_start);
  CAF_CHECK(renewed->expires_at() == test_start + std::chrono::seconds{20});
  for (const auto& each : {known, renewed}) {
    CAF_CHECK_EQUAL(each->path(), "1/2.3/4");
    CAF_CHECK_EQUAL(each->encoded_topic_and_payload(),
                    made->encoded_topic_and_payload());
    CAF_CHECK_EQUAL(each->properties(), made->properties());
    CAF_CHECK(each->qos() == made->qos());
    CAF_CHECK(each->retain());
  }
}
