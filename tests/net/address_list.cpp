#include "net/address_list.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using net::address_list;

namespace {

address_list list(const std::vector<std::string>& entries) {
  auto parsed = address_list::parse(entries);
  CAF_REQUIRE(parsed.has_value());
  return *parsed;
}

std::string error_of(const std::string& entry) {
  auto parsed = address_list::parse(std::vector<std::string>{"::1", entry});
  return parsed ? std::string{} : parsed.error().text;
}

} // namespace

CAF_TEST(addresses and networks contain what they say) {
  auto some = list({"10.0.0.0/8", "192.0.2.7", "fd00::/8", "2001:db8::1"});
  for (auto peer :
       {"10.0.0.0", "10.255.255.255", "10.1.2.3:1883", "192.0.2.7",
        "192.0.2.7:9", "fd00::1", "[fdff:1::2]:40000", "2001:db8::1",
        "[2001:db8::1]:1", "::ffff:10.9.9.9", "[::ffff:192.0.2.7]:5"})
    CAF_CHECK(some.contains(peer));
  for (auto peer :
       {"9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8:9", "fc00::1",
        "fe00::1", "2001:db8::2", "unix", "", "unknown", "10.0.0", "10.0.0.0.1",
        "example.org", "[10.0.0.1", "[]", ":", "::", "0.0.0.0"})
    CAF_CHECK(!some.contains(peer));
}

CAF_TEST(every length of prefix is exact) {
  for (int bits = 0; bits <= 32; ++bits) {
    auto one = list({"0.0.0.0/" + std::to_string(bits)});
    for (int other = 0; other < 32; ++other) {
      auto value = uint32_t{1} << (31 - other); // bit number `other` from left
      auto text = std::to_string(value >> 24) + '.'
                  + std::to_string(value >> 16 & 255) + '.'
                  + std::to_string(value >> 8 & 255) + '.'
                  + std::to_string(value & 255);
      CAF_CHECK_EQUAL(one.contains(text), other >= bits);
    }
  }
}

CAF_TEST(everything of one family is nothing of the other) {
  CAF_CHECK(list({"0.0.0.0/0"}).contains("255.255.255.255"));
  CAF_CHECK(!list({"0.0.0.0/0"}).contains("::1"));
  CAF_CHECK(list({"::/0"}).contains("ffff::1"));
  CAF_CHECK(!list({"::/0"}).contains("127.0.0.1"));
  CAF_CHECK(list({"::ffff:10.0.0.0/104"}).contains("10.1.1.1"));
}

CAF_TEST(unix sockets are in a list that says so) {
  CAF_CHECK(list({"unix"}).contains("unix"));
  CAF_CHECK(!list({"unix"}).contains("127.0.0.1"));
  CAF_CHECK(!list({"unix"}).empty());
  CAF_CHECK(list({}).empty());
  CAF_CHECK(!list({}).contains("127.0.0.1"));
}

CAF_TEST(what is no network is named) {
  for (auto entry : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129",
                     "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8x", "10.0.0/8",
                     "localhost", "Unix", "10.0.0.0/8/8", "010.0.0.1", "[::1]",
                     "10.0.0.1:80", "::1%eth0", "10.0.0.0/99999999999"})
    CAF_CHECK(error_of(entry).starts_with('"' + std::string{entry} + '"'));
}

CAF_TEST(a network with bits behind its prefix is told what it is) {
  CAF_CHECK(error_of("10.1.2.3/8").ends_with("10.0.0.0/8"));
  CAF_CHECK(error_of("fd00::1/64").ends_with("fd00::/64"));
}

CAF_TEST(addresses are written as they are known) {
  auto text = [](const char* address) {
    return net::to_string(*net::parse_ip_address(address));
  };
  CAF_CHECK_EQUAL(text("::ffff:192.0.2.1"), "192.0.2.1");
  CAF_CHECK_EQUAL(text("2001:DB8:0::1"), "2001:db8::1");
  CAF_CHECK_EQUAL(net::endpoint_text(*net::parse_ip_address("::1"), 1),
                  "[::1]:1");
  CAF_CHECK_EQUAL(net::endpoint_text(*net::parse_ip_address("1.2.3.4"), 65'535),
                  "1.2.3.4:65535");
}
