#include "security/base64.hpp"

#include <caf/test/dsl.hpp>

#include <string>

using namespace troupe::security;

CAF_TEST(the examples of RFC 4648 hold) {
  const std::pair<std::string, std::string> examples[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    CAF_CHECK_EQUAL(to_base64(bytes), text);
    CAF_CHECK(from_base64(text) == bytes);
    auto bare = text.substr(0, text.find('='));
    CAF_CHECK_EQUAL(to_base64(bytes, padding::none), bare);
    CAF_CHECK(from_base64(bare, padding::none) == bytes);
  }
}

CAF_TEST(every byte survives) {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  CAF_CHECK(from_base64(to_base64(all)) == all);
}

CAF_TEST(what is not exactly base64 is refused) {
  for (auto text : {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Zh==", "Zm9=",
                    "Zm9v=", "Zm9v====", "Z m=", "Zg==Zg==", "Zm-_", "Zg=g",
                    "Zm9v\n", "\xff\xff\xff\xff"})
    CAF_CHECK(!from_base64(text));
  for (auto text : {"Z", "Zg==", "Zh", "Zm9vY"})
    CAF_CHECK(!from_base64(text, padding::none));
  CAF_CHECK(!from_base64(std::string(4, '\0')));
}
