#include "apps/bench/stamp.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using troupe::bench::payload_form;
using troupe::bench::stamp;

namespace {

stamp example() {
  return {7, 123'456,
          troupe::time_point{std::chrono::nanoseconds{987'654'321}}};
}

} // namespace

CAF_TEST(a payload gives back its stamp) {
  for (size_t size : {16U, 17U, 64U, 4096U}) {
    payload_form form{size};
    auto text = form.write(example());
    CAF_CHECK_EQUAL(text.size(), size);
    auto found = form.read(text);
    CAF_REQUIRE(found.has_value());
    CAF_CHECK(*found == example());
  }
}

CAF_TEST(a changed byte behind the stamp is noticed wherever it is) {
  payload_form form{64};
  std::string text{form.write(example())};
  for (size_t i = payload_form::minimum; i < text.size(); ++i) {
    auto broken = text;
    broken[i] ^= 1;
    CAF_CHECK(!form.read(broken));
  }
}

CAF_TEST(a payload that was cut or prolonged is noticed) {
  payload_form form{64};
  std::string text{form.write(example())};
  CAF_CHECK(!form.read(text.substr(0, 63)));
  CAF_CHECK(!form.read(text + "x"));
  CAF_CHECK(!form.read(""));
}

CAF_TEST(a payload that was shifted is noticed) {
  payload_form form{4096};
  std::string text{form.write(example())};
  for (size_t by : {1U, 16U, 64U, 1024U})
    CAF_CHECK(!form.read(text.substr(by) + text.substr(0, by)));
}
