#include "net/proxy_header.hpp"

#include "pairs.hpp"
#include "proxy_bytes.hpp"

#include <caf/test/unit_test.hpp>

#include <array>
#include <random>
#include <string>

using namespace troupe;
using namespace std::string_literals;
using namespace std::string_view_literals;
using kind = net::io_result::kind;
using net::proxy_version;
using test::ipv4_pair;
using test::ipv6_pair;
using test::proxy_field;
using test::proxy_ssl;
using test::proxy_v2;

namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

auto parse(std::string_view text, proxy_version version = proxy_version::v2,
           size_t largest = 4096) {
  // A copy of its own, so that a read past the end is seen.
  std::vector<uint8_t> copy{text.begin(), text.end()};
  return net::parse_proxy_header(copy, version, largest);
}

auto parse_v1(std::string_view text) {
  return parse(text, proxy_version::v1);
}

void check_whole(std::string_view text, proxy_version version,
                 std::string_view source) {
  for (size_t size = 0; size < text.size(); ++size) {
    auto part = parse(text.substr(0, size), version);
    CAF_REQUIRE(part && !*part);
  }
  for (auto tail : {""sv, "\x10"sv, "\r\n"sv, "PROXY "sv}) {
    auto got = parse(std::string{text}.append(tail), version);
    CAF_REQUIRE(got && *got);
    CAF_CHECK_EQUAL((*got)->size, text.size());
    CAF_CHECK_EQUAL((*got)->source, source);
  }
}

/// The TLS that a header with this field and the IPv4 addresses tells.
std::optional<net::proxy_tls> tls_of(const std::string& fields) {
  auto got = parse(proxy_v2(0x21, 0x11, ipv4_pair + fields));
  CAF_REQUIRE(got && *got);
  return (*got)->tls;
}

bool is_bad(const std::string& fields) {
  return !parse(proxy_v2(0x21, 0x11, ipv4_pair + fields));
}

} // namespace

CAF_TEST(lines of version 1 are read) {
  auto v1 = proxy_version::v1;
  check_whole("PROXY TCP4 192.0.2.1 198.51.100.2 40000 1883\r\n", v1,
              "192.0.2.1:40000");
  check_whole("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", v1, "[2001:db8::1]:0");
  check_whole("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", v1, "192.0.2.1:1");
  check_whole("PROXY UNKNOWN\r\n", v1, "");
  check_whole("PROXY UNKNOWN anything at all\r\n", v1, "");
  check_whole("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
              v1, "");
}

CAF_TEST(lines that are none of version 1 are refused) {
  for (auto line : {"GET / HTTP/1.1\r\n"sv,
                    "proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n"sv,
                    "PROXY\r\n"sv,
                    "PROXY \r\n"sv,
                    "PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n"sv,
                    "PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n"sv,
                    "PROXY TCP4 1.2.3.4  1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4 ::1 ::1 1 1\r\n"sv,
                    "PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 1x 1\r\n"sv,
                    "PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4 host 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4\0 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4\t1.2.3.4 1.2.3.4 1 1\r\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n"sv,
                    "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rx"sv,
                    "PROXY UNKNOWNX\r\n"sv,
                    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"sv}) {
    CAF_MESSAGE(line);
    CAF_CHECK(!parse_v1(line));
  }
}

CAF_TEST(a line of version 1 has at most 107 bytes) {
  auto line = "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n";
  CAF_CHECK_EQUAL(line.size(), 107u);
  CAF_CHECK(parse_v1(line));
  CAF_CHECK(!parse_v1("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"));
  CAF_CHECK(!parse_v1("PROXY UNKNOWN " + std::string(93, 'x')));
  CAF_CHECK(!parse_v1("PROXY UNKNOWN " + std::string(100'000, 'x')));
  CAF_CHECK(!parse_v1("PROXY UNKNOWN " + std::string(92, 'x') + '\r'));
}

CAF_TEST(what is no header is refused at its first wrong byte) {
  CAF_CHECK(!parse_v1("\x10"));
  CAF_CHECK(!parse_v1("PROXX"));
  CAF_CHECK(!parse("\x10"));
  CAF_CHECK(!parse("\x16\x03\x01"));
  CAF_CHECK(!parse("\r\n\r\nX"));
  CAF_CHECK(!parse("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n"));
  CAF_CHECK(!parse(proxy_v2(0x11, 0x11, ipv4_pair).substr(0, 13)));
}

CAF_TEST(headers of version 2 are read) {
  auto v2 = proxy_version::v2;
  check_whole(proxy_v2(0x21, 0x11, ipv4_pair), v2, "192.0.2.1:40000");
  check_whole(proxy_v2(0x21, 0x21, ipv6_pair), v2, "[2001:db8::1]:40000");
  check_whole(proxy_v2(0x21, 0x31, std::string(216, '\0')), v2, "unix");
  check_whole(proxy_v2(0x21, 0x00, ""), v2, "");
  check_whole(proxy_v2(0x21, 0x10, ipv4_pair), v2, "");
  check_whole(proxy_v2(0x20, 0x00, ""), v2, "");
  check_whole(proxy_v2(0x20, 0xff, "whatever this is"), v2, "");
  check_whole(proxy_v2(0x21, 0x11, ipv4_pair + proxy_field(0x05, "id")), v2,
              "192.0.2.1:40000");
}

CAF_TEST(headers that are none of version 2 are refused) {
  for (const auto& header :
       {proxy_v2(0x11, 0x11, ipv4_pair), proxy_v2(0x31, 0x11, ipv4_pair),
        proxy_v2(0x22, 0x11, ipv4_pair), proxy_v2(0x2f, 0x11, ipv4_pair),
        proxy_v2(0x21, 0x41, ipv4_pair), proxy_v2(0x21, 0x13, ipv4_pair),
        proxy_v2(0x21, 0x12, ipv4_pair), proxy_v2(0x21, 0x21, ipv4_pair),
        proxy_v2(0x21, 0x11, ""), proxy_v2(0x21, 0x31, ipv6_pair),
        proxy_v2(0x21, 0x11, ipv4_pair.substr(1))})
    CAF_CHECK(!parse(header));
}

CAF_TEST(fields that are cut off are refused) {
  for (auto fields : {"\x04"sv, "\x04\0"sv, "\x04\0\1"sv, "\x04\xff\xff"sv,
                      "\x20\0\4\0\0\0\0"sv, "\x20\0\6\0\0\0\0\0\x22"sv,
                      "\x20\0\x0a\1\0\0\0\0\x22\0\3ab"sv})
    CAF_CHECK(is_bad(std::string{fields}));
}

CAF_TEST(a header of version 2 has a limit) {
  auto header = proxy_v2(0x21, 0x11, ipv4_pair + std::string(3, '\0'));
  auto v2 = proxy_version::v2;
  CAF_CHECK(parse(header, v2, header.size()));
  CAF_CHECK(!parse(header, v2, header.size() - 1));
  CAF_CHECK(
      !parse(proxy_v2(0x21, 0x11, std::string(65'535, 'x')).substr(0, 16)));
}

CAF_TEST(what a proxy says of TLS is read) {
  auto name = proxy_field(0x22, "device-7");
  auto version = proxy_field(0x21, "TLSv1.3");
  CAF_CHECK(!tls_of(""));
  CAF_CHECK(!tls_of(proxy_ssl(0, 0, name)));
  auto plain = tls_of(proxy_ssl(1, 0, version));
  CAF_REQUIRE(plain);
  CAF_CHECK_EQUAL(plain->version, "TLSv1.3");
  CAF_CHECK(!plain->has_certificate);
  for (uint8_t flags : {3, 5, 7}) {
    auto shown = tls_of(proxy_ssl(flags, 0, version + name));
    CAF_REQUIRE(shown);
    CAF_CHECK(shown->has_certificate);
    CAF_CHECK_EQUAL(shown->common_name, "device-7");
  }
}

CAF_TEST(a name in a certificate that was not verified belongs to nobody) {
  auto name = proxy_field(0x22, "device-7");
  for (auto field : {proxy_ssl(3, 1, name), proxy_ssl(1, 0, name)}) {
    auto tls = tls_of(field);
    CAF_REQUIRE(tls);
    CAF_CHECK(!tls->has_certificate);
    CAF_CHECK_EQUAL(tls->common_name, "");
  }
}

CAF_TEST(a name that is no text is refused) {
  for (auto name : {"a\0b"sv, "\xff"sv, "a\nb"sv})
    CAF_CHECK(is_bad(proxy_ssl(3, 0, proxy_field(0x22, name))));
}

CAF_TEST(a checksum is checked where there is one) {
  // The value was computed by another program.
  auto sealed = [](std::string_view sum) {
    return proxy_v2(0x21, 0x11, ipv4_pair + proxy_field(0x03, sum));
  };
  CAF_CHECK(parse(sealed("\x5d\x7f\xf6\x94"sv)));
  CAF_CHECK(!parse(sealed("\1\2\3\4"sv)));
  CAF_CHECK(!parse(sealed(""sv)));
  CAF_CHECK(!parse(sealed("\1\2\3"sv)));
}

CAF_TEST(a reader takes the header and nothing behind it) {
  auto v1 = "PROXY TCP4 192.0.2.1 198.51.100.2 40000 1883\r\n"s;
  auto v2 =
      proxy_v2(0x21, 0x11, ipv4_pair + proxy_field(4, std::string(2000, 'x')));
  for (auto [header, version] :
       {std::pair{v1, proxy_version::v1}, std::pair{v2, proxy_version::v2}}) {
    auto [here, there] = net::make_pair();
    net::proxy_reader reader{version};
    there.write(bytes(header + "TLS begins here"));
    CAF_REQUIRE(reader.read(here) == kind::done);
    CAF_CHECK_EQUAL(reader.header().source, "192.0.2.1:40000");
    std::array<uint8_t, 100> room;
    auto rest = here.read(room);
    CAF_CHECK_EQUAL(std::string(room.begin(), room.begin() + rest.bytes),
                    "TLS begins here");
  }
}

CAF_TEST(a reader leaves nothing to poll for while it waits) {
  auto [here, there] = net::make_pair();
  net::proxy_reader reader{proxy_version::v2};
  auto header = proxy_v2(0x21, 0x21, ipv6_pair);
  std::array<uint8_t, 10> room;
  for (char each : header) {
    CAF_CHECK(reader.read(here) == kind::would_block);
    CAF_CHECK(here.peek(room).what == kind::would_block);
    there.write(bytes({&each, 1}));
  }
  CAF_CHECK(reader.read(here) == kind::done);
  CAF_CHECK_EQUAL(reader.header().source, "[2001:db8::1]:40000");
}

CAF_TEST(a reader tells bad headers from broken sockets) {
  auto [here, there] = net::make_pair();
  net::proxy_reader reader{proxy_version::v1};
  there.write(bytes("\x10\x0c"));
  CAF_CHECK(reader.read(here) == kind::broken);
  CAF_CHECK(!reader.error().empty());
  std::tie(here, there) = net::make_pair();
  net::proxy_reader other{proxy_version::v1};
  there.write(bytes("PROX"));
  CAF_CHECK(other.read(here) == kind::would_block);
  there.close();
  CAF_CHECK(other.read(here) == kind::end_of_stream);
  CAF_CHECK(other.error().empty());
}

CAF_TEST(random bytes do no harm) {
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    std::minstd_rand random{seed};
    std::string body = (seed % 2 != 0 ? ipv4_pair : ipv6_pair)
                       + proxy_ssl(7, 0, proxy_field(0x22, "name"))
                       + proxy_field(4, "xyz");
    auto header = proxy_v2(0x21, seed % 2 != 0 ? 0x11 : 0x21, body);
    for (auto changes = random() % 5; changes > 0; --changes)
      header[16 + random() % (header.size() - 16)] =
          static_cast<char>(random());
    auto got = parse(header);
    CAF_CHECK(!got || (*got && (*got)->size == header.size()));
    std::string line = "PROXY TCP4 192.0.2.1 198.51.100.2 40000 1883\r\n";
    for (auto changes = random() % 5; changes > 0; --changes)
      line[random() % line.size()] = static_cast<char>(random());
    auto read = parse_v1(line);
    CAF_CHECK(!read || !*read || (*read)->size <= line.size());
  }
}
