#include "security/password_hash.hpp"

#include <caf/test/dsl.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace troupe::security;

namespace {

constexpr const char* password = "with space";
// Made by Debian's mosquitto_passwd 2.0.11, for `password`.
const std::string pbkdf2 =
    "$7$101$Ac7R+hwXpV22QEma$fk4iaQa87f0hgivqDGQzW5C7qLARLtF7MAczvbAueAP+B/"
    "2iDfbWXnajZPzsH90micYJTvgPCU3vEiixQdmeag==";
const std::string sha512 =
    "$6$gY4NWvleeNKoKOUs$Mb1zy2HNxMds5Il8Lh7ElonH72t8HvlWUk6ksKgakjAywbT1rh25a0"
    "TaBw4TL+tUR5BEgjhcyRDG7mlo2/iQhQ==";
// Made by Mosquitto 2.1.2 for "password": a longer salt, more iterations.
const std::string pbkdf2_of_2_1 =
    "$7$1000$uKtJR1y2kI+tdzwxyMdaN1R3XfHauE742GUjuVZZGSifRdHMz2HBUWNb4bcaFJt8v"
    "FV47nH6dXIW1B8M7gVY1A==$n/"
    "lxUluMJMoxxnBdUW7vn7Dx93iO0tsAOlzcmvPuDLfqohObyzDg2P2yiIBtYYrPNR30bm7yCfBc"
    "LXjhxQc3dA==";
// Made by the reference implementation's encoder, for "password".
const std::string argon2id_64 =
    "$argon2id$v=19$m=47104,t=1,p=1$AQIDBAUGBwgJCgsMDQ4PEA$+fH9Np0ICDoebQqrFlDY"
    "Ot8gmpUq/"
    "amjlHr7lIk6SJ3tlnfCw1NMA6SwBwYLx5M2SdTX3jRNKo2ONmVyk3HeTw";
const std::string argon2id_two_lanes =
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/"
    "0ttZwg2f/5U52iv1cDc";
// RFC 7677, section 3: "pencil"; its keys are those of PostgreSQL's tests.
const std::string scram = "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$"
                          "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$"
                          "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

bool accepts(const std::string& stored, std::string_view given) {
  auto hash = parse_password_hash(stored);
  CAF_REQUIRE(hash.has_value());
  return verify(*hash, given);
}

std::string why_not(const std::string& stored) {
  auto hash = parse_password_hash(stored);
  return hash ? "accepted" : hash.error().text;
}

void check_refused(const std::string& stored, std::string_view why) {
  auto text = why_not(stored);
  if (text.find(why) == std::string::npos)
    CAF_ERROR(stored << ": " << text);
}

/// `text` with the first `from` in it replaced.
std::string with(std::string text, std::string_view from, std::string_view to) {
  auto at = text.find(from);
  CAF_REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

constexpr hash_kind kinds[] = {hash_kind::sha512, hash_kind::sha512_pbkdf2,
                               hash_kind::argon2id, hash_kind::scram_sha_256};

/// As cheap as it gets, for tests that hash often.
hash_cost cheap(hash_kind kind) {
  return kind == hash_kind::argon2id ? hash_cost{1, 8, 1} : hash_cost{1, 0, 0};
}

} // namespace

CAF_TEST(hashes of Mosquitto 2 0 fit their password) {
  CAF_CHECK(accepts(pbkdf2, password));
  CAF_CHECK(accepts(sha512, password));
}

CAF_TEST(a hash of Mosquitto 2 1 fits its password) {
  CAF_CHECK(accepts(pbkdf2_of_2_1, "password"));
  CAF_CHECK(!accepts(pbkdf2_of_2_1, "Password"));
}

CAF_TEST(argon2id is as the reference implementation has it) {
  CAF_CHECK(accepts(argon2id_64, "password"));
  CAF_CHECK(accepts(argon2id_two_lanes, "password"));
  CAF_CHECK(!accepts(argon2id_two_lanes, "passwore"));
}

CAF_TEST(a SCRAM hash also takes plain passwords) {
  CAF_CHECK(accepts(scram, "pencil"));
  CAF_CHECK(!accepts(scram, "pencil "));
}

CAF_TEST(no other password fits) {
  std::string given = password;
  const std::vector<std::string> others{"",
                                        given + " ",
                                        " " + given,
                                        given.substr(1),
                                        "With space",
                                        given + "\xff",
                                        std::string(65535, 'x')};
  for (const auto& other : others) {
    CAF_CHECK(!accepts(pbkdf2, other));
    CAF_CHECK(!accepts(sha512, other));
  }
  // To HMAC zeros at the end of a short key are nothing (RFC 2104, section 2):
  // to PBKDF2 this is the same password, here and in Mosquitto.
  CAF_CHECK(!accepts(sha512, given + std::string{'\0'}));
}

CAF_TEST(every form is written as it was read) {
  for (const auto& text : {pbkdf2, sha512, pbkdf2_of_2_1, argon2id_64,
                           argon2id_two_lanes, scram}) {
    auto hash = parse_password_hash(text);
    CAF_REQUIRE(hash.has_value());
    CAF_CHECK_EQUAL(to_string(*hash), text);
  }
}

CAF_TEST(what is made fits and is never made twice) {
  for (auto kind : kinds) {
    auto one = make_password_hash(kind, password, cheap(kind));
    auto two = make_password_hash(kind, password, cheap(kind));
    CAF_REQUIRE(one.has_value() && two.has_value());
    CAF_CHECK(!(*one == *two));
    auto read = parse_password_hash(to_string(*one));
    CAF_REQUIRE(read.has_value());
    CAF_CHECK(*read == *one);
    CAF_CHECK(verify(*read, password));
    CAF_CHECK(!verify(*read, "with  space"));
  }
}

CAF_TEST(what is made without costs has the usual ones) {
  for (auto kind : kinds) {
    auto made = make_password_hash(kind, password);
    CAF_REQUIRE(made.has_value());
    CAF_CHECK(made->cost == default_cost(kind));
  }
  CAF_CHECK_EQUAL(default_cost(hash_kind::sha512_pbkdf2).iterations, 1000u);
}

CAF_TEST(what is made for Mosquitto has the salt that 2 0 wants) {
  for (auto kind : {hash_kind::sha512, hash_kind::sha512_pbkdf2}) {
    auto made = make_password_hash(kind, password);
    CAF_REQUIRE(made.has_value());
    CAF_CHECK_EQUAL(made->salt.size(), 12u);
  }
}

CAF_TEST(passwords of any bytes and lengths fit themselves) {
  const std::vector<std::string> all{"", std::string(1, '\0'), "\xff\xfe",
                                     std::string(65535, 'y')};
  for (const auto& each : all)
    for (auto kind : kinds) {
      auto made = make_password_hash(kind, each, cheap(kind));
      CAF_REQUIRE(made.has_value());
      CAF_CHECK(verify(*made, each));
      CAF_CHECK(!verify(*made, each + "z"));
    }
}

CAF_TEST(costs that cannot be read again are not used) {
  CAF_CHECK(!make_password_hash(hash_kind::argon2id, "x", {1, 7, 1}));
  // Refused only after it was computed: still within a second.
  CAF_CHECK(!make_password_hash(hash_kind::argon2id, "x", {1, 520, 65}));
}

CAF_TEST(a decoy fits nothing and costs the same) {
  for (auto kind : kinds) {
    auto decoy = make_decoy(kind, cheap(kind));
    CAF_CHECK(!verify(decoy, ""));
    CAF_CHECK(!verify(decoy, password));
    CAF_CHECK(decoy.cost == cheap(kind) || kind == hash_kind::argon2id
              || kind == hash_kind::sha512);
    auto read = parse_password_hash(to_string(decoy));
    CAF_REQUIRE(read.has_value());
  }
}

CAF_TEST(every text that is cut short is refused) {
  for (const auto& text : {pbkdf2, sha512, argon2id_two_lanes, scram})
    for (size_t size = 0; size < text.size(); ++size) {
      auto cut = parse_password_hash(text.substr(0, size));
      // Of argon2id any length of hash is a hash, though another one.
      if (cut && cut->kind == hash_kind::argon2id)
        CAF_CHECK(!verify(*cut, "password"));
      else
        CAF_CHECK(!cut);
    }
}

CAF_TEST(a changed byte is refused or fits another password) {
  for (const auto& text : {pbkdf2, sha512})
    for (size_t i = 0; i < text.size(); ++i)
      for (auto other : {'A', '/', '=', '$', '\0', '\xff', ' ', '9'}) {
        auto changed = text;
        changed[i] = other;
        auto hash = parse_password_hash(changed);
        CAF_CHECK(changed == text || !hash || !verify(*hash, password));
      }
}

CAF_TEST(the explanation says what is wrong) {
  check_refused("", "the hash is empty");
  check_refused("plain", "the password is not hashed");
  check_refused("$", "kind of hash is unknown");
  check_refused("$5$YWJj$YWJj", "kind of hash is unknown");
  check_refused("$66$YWJj$YWJj", "kind of hash is unknown");
  check_refused("$2b$10$abcdefghijklmnopqrstuv", "kind of hash is unknown");
  check_refused("$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$x", "unknown");
  check_refused("$6$YWJj", "of the form $6$salt$hash");
  check_refused(sha512 + "$", "of the form $6$salt$hash");
  check_refused("$7$101$YWJj", "of the form $7$iterations$salt$hash");
  check_refused(with(sha512, "gY4NWvleeNKoKOUs", ""), "the salt is empty");
  check_refused(with(sha512, "gY4N", "gY4."), "the salt is not base64");
  check_refused(with(sha512, "gY4N", "gY4"), "the salt is not base64");
  check_refused(with(sha512, "QhQ==", "QhQ"), "the hash is not base64");
  check_refused(with(sha512, "QhQ==", "QhQ= "), "the hash is not base64");
  // The last digit holds bits that belong to no byte.
  check_refused(with(sha512, "QhQ==", "QhR=="), "the hash is not base64");
  check_refused("$6$YWJj$", "the hash is empty");
  check_refused("$6$YWJj$YWJj", "3 bytes instead of 64");
}

CAF_TEST(salts of absurd length are refused) {
  check_refused(with(sha512, "gY4NWvleeNKoKOUs", std::string(4000, 'A')),
                "3000 bytes instead of 1 to 1024");
  check_refused(with(argon2id_two_lanes, "c29tZXNhbHQ", "c29tZXM"),
                "5 bytes instead of 8 to 1024");
}

CAF_TEST(iterations that are no number or absurd are refused) {
  for (auto bad : {"0", "", "-1", "+101", "1e3", " 101", "101x", "10000001",
                   "4294967297", "99999999999999999999"}) {
    check_refused(with(pbkdf2, "101", bad), "iterations must be from 1 to");
    check_refused(with(scram, "4096", bad), "iterations must be from 1 to");
  }
}

CAF_TEST(costs of argon2id that are absurd are refused) {
  auto cost = [](const char* text) {
    return with(argon2id_two_lanes, "m=256,t=2,p=2", text);
  };
  check_refused(cost("m=256,t=2"), "m=KIB,t=PASSES,p=LANES");
  check_refused(cost("t=2,m=256,p=2"), "m=KIB,t=PASSES,p=LANES");
  check_refused(cost("m=256,t=2,p=2,keyid=AA"), "m=KIB,t=PASSES,p=LANES");
  for (auto bad : {"m=256,t=2,p=0", "m=1024,t=2,p=65", "m=256,t=2,p=x"})
    check_refused(cost(bad), "p= must be");
  for (auto bad : {"m=15,t=2,p=2", "m=1048577,t=2,p=2", "m=,t=2,p=2",
                   "m=4294967295,t=1,p=1"})
    check_refused(cost(bad), "m= must be");
  for (auto bad : {"m=256,t=0,p=2", "m=1048576,t=5,p=1",
                   "m=256,t=4294967295,p=2", "m=256,t=-1,p=2"})
    check_refused(cost(bad), "t= must be");
}

CAF_TEST(only the version of argon2id that is known is taken) {
  check_refused(with(argon2id_two_lanes, "v=19", "v=16"), "version 19");
  check_refused(with(argon2id_two_lanes, "$v=19", ""), "of the form");
  check_refused(with(argon2id_two_lanes,
                     "bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/"
                     "5U52iv1cDc",
                     "bQk8UB/V"),
                "6 bytes instead of 16");
}

CAF_TEST(no part of a hash stands in an explanation) {
  for (const auto& text : {pbkdf2, sha512, argon2id_two_lanes, scram})
    for (size_t size = 1; size < text.size(); ++size) {
      auto why = why_not(text.substr(0, size) + "!hunter2");
      CAF_CHECK(why.find("hunter2") == std::string::npos);
    }
}

CAF_TEST(kinds are found by the names they have) {
  for (auto kind : kinds)
    CAF_CHECK(hash_kind_of(to_string(kind)) == kind);
  CAF_CHECK(!hash_kind_of("md5"));
  CAF_CHECK(!hash_kind_of(""));
}
