#include "security/scram.hpp"

#include "security/base64.hpp"

#include <caf/test/dsl.hpp>

#include <optional>
#include <string>
#include <string_view>

using namespace troupe::security;

namespace {

// The exchange of RFC 7677, section 3.
const std::string client_nonce = "rOprNGfwEbeRWgbNEkqO";
const std::string server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const std::string client_first = "n,,n=user,r=" + client_nonce;
const std::string server_first =
    "r=" + client_nonce + server_nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const std::string without_proof = "c=biws,r=" + client_nonce + server_nonce;
const std::string client_final =
    without_proof + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const std::string server_final =
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
const std::string pencil = "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$"
                           "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$"
                           "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

std::optional<password_hash> find(std::string_view user) {
  if (user == "user" || user == "a,b=c" || user == "ü")
    return *parse_password_hash(pencil);
  if (user == "plain")
    return *make_password_hash(hash_kind::sha512, "pencil");
  return std::nullopt;
}

const scram_decoy decoy{"secret", make_decoy(hash_kind::scram_sha_256, {})};

scram_server server(std::string nonce = server_nonce) {
  return {find, decoy, std::move(nonce)};
}

scram_client client(std::string_view user = "user",
                    std::string password = "pencil") {
  return {user, secret{std::move(password)}, client_nonce};
}

/// What the server says of a first message.
scram_outcome first(std::string_view message) {
  return server().step(message).outcome;
}

/// What the server says of a final message after a right first one.
scram_step last(std::string_view message) {
  auto it = server();
  it.step(client_first);
  return it.step(message);
}

/// How a whole exchange ends for the server.
scram_outcome run(std::string_view user, std::string password) {
  auto it = server(make_scram_nonce());
  scram_client peer{user, secret{std::move(password)}, make_scram_nonce()};
  auto challenge = it.step(peer.first());
  CAF_REQUIRE(challenge.outcome == scram_outcome::go_on);
  auto answer = peer.final(challenge.data);
  CAF_REQUIRE(answer.has_value());
  auto end = it.step(*answer);
  CAF_CHECK_EQUAL(peer.is_right(end.data),
                  end.outcome == scram_outcome::accepted);
  CAF_CHECK_EQUAL(it.user_name(), user);
  return end.outcome;
}

} // namespace

CAF_TEST(the server does the exchange of RFC 7677) {
  auto it = server();
  auto challenge = it.step(client_first);
  CAF_CHECK(challenge.outcome == scram_outcome::go_on);
  CAF_CHECK_EQUAL(challenge.data, server_first);
  auto end = it.step(client_final);
  CAF_CHECK(end.outcome == scram_outcome::accepted);
  CAF_CHECK_EQUAL(end.data, server_final);
  CAF_CHECK_EQUAL(it.user_name(), "user");
}

CAF_TEST(the client does the exchange of RFC 7677) {
  auto it = client();
  CAF_CHECK_EQUAL(it.first(), client_first);
  CAF_CHECK(!it.is_right(server_final));
  auto answer = it.final(server_first);
  CAF_REQUIRE(answer.has_value());
  CAF_CHECK_EQUAL(*answer, client_final);
  CAF_CHECK(it.is_right(server_final));
}

CAF_TEST(who knows the password gets in and nobody else) {
  CAF_CHECK(run("user", "pencil") == scram_outcome::accepted);
  CAF_CHECK(run("a,b=c", "pencil") == scram_outcome::accepted);
  CAF_CHECK(run("ü", "pencil") == scram_outcome::accepted);
  CAF_CHECK(run("user", "Pencil") == scram_outcome::refused);
  CAF_CHECK(run("user", "") == scram_outcome::refused);
  CAF_CHECK(run("nobody", "pencil") == scram_outcome::refused);
  CAF_CHECK(run("plain", "pencil") == scram_outcome::refused);
}

CAF_TEST(users who do not exist look as if they did) {
  auto challenge = [](std::string_view user) {
    auto message = "n,,n=" + std::string{user} + ",r=" + client_nonce;
    return server().step(message).data;
  };
  auto shape = [](const std::string& text) {
    return text.substr(0, text.find(",s=")) + text.substr(text.find(",i="))
           + std::to_string(text.size());
  };
  for (auto user : {"nobody", "plain", "x"}) {
    CAF_CHECK_EQUAL(shape(challenge(user)), shape(server_first));
    CAF_CHECK_EQUAL(challenge(user), challenge(user));
  }
  CAF_CHECK(challenge("nobody") != challenge("anybody"));
  scram_server other{find, {"another secret", decoy.like}, server_nonce};
  CAF_CHECK(other.step("n,,n=x,r=" + client_nonce).data != challenge("x"));
}

CAF_TEST(the refusal of an unknown user is that of a wrong password) {
  auto it = server();
  it.step("n,,n=nobody,r=" + client_nonce);
  auto unknown = it.step(client_final);
  auto wrong = last(without_proof + ",p=" + to_base64(std::string(32, 'x')));
  CAF_CHECK(unknown.outcome == scram_outcome::refused);
  CAF_CHECK(wrong.outcome == scram_outcome::refused);
  CAF_CHECK_EQUAL(unknown.data, wrong.data);
}

CAF_TEST(every changed byte of the final message keeps the client out) {
  for (size_t i = 0; i < client_final.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = client_final;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      CAF_CHECK(last(changed).outcome != scram_outcome::accepted);
    }
}

CAF_TEST(every changed byte of the first message keeps the client out) {
  for (size_t i = 0; i < client_first.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = client_first;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      auto it = server();
      it.step(changed);
      CAF_CHECK(it.step(client_final).outcome != scram_outcome::accepted);
    }
}

CAF_TEST(messages that are cut short keep the client out) {
  for (size_t size = 0; size < client_final.size(); ++size)
    CAF_CHECK(last(client_final.substr(0, size)).outcome
              != scram_outcome::accepted);
  auto shortest = std::string_view{"n,,n=user,r=x"}.size();
  for (size_t size = 0; size < shortest; ++size)
    CAF_CHECK(first(client_first.substr(0, size)) == scram_outcome::malformed);
}

CAF_TEST(every changed byte of the server keeps the client from trusting it) {
  auto it = client();
  CAF_REQUIRE(it.final(server_first).has_value());
  for (size_t i = 0; i < server_final.size(); ++i) {
    auto changed = server_final;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CAF_CHECK(!it.is_right(changed));
    CAF_CHECK(!it.is_right(server_final.substr(0, i)));
  }
}

CAF_TEST(first messages that are no SCRAM are malformed) {
  auto rest = "n=user,r=" + client_nonce;
  for (const auto& text : {std::string{},
                           std::string{","},
                           std::string{"n,,"},
                           std::string{"n,,n=user"},
                           "p=tls-unique,," + rest,
                           "x,," + rest,
                           ",," + rest,
                           "n,a=admin," + rest,
                           "n," + rest,
                           "n,,m=x," + rest,
                           "n,,r=" + client_nonce + ",n=user",
                           "n,,n=,r=" + client_nonce,
                           std::string{"n,,n=user,r="},
                           std::string{"n,,n=user,r=a b"},
                           std::string{"n,,n=user,r=\x7f"},
                           std::string{"n,,n=user,r=\xc3\xbc"},
                           "n,,n=a=b,r=" + client_nonce,
                           "n,,n=a=2c,r=" + client_nonce,
                           "n,,n=a=,r=" + client_nonce,
                           "n,,n=a=2,r=" + client_nonce,
                           "n,,n=\xff,r=" + client_nonce,
                           "n,,n=a\nb,r=" + client_nonce,
                           "n,,n=a" + std::string{'\0'} + ",r=" + client_nonce,
                           "n,," + rest + ",",
                           "n,," + rest + ",x",
                           "n,," + rest + ",x=",
                           "n,," + rest + ",1=2",
                           "n,," + rest + ",,x=1"})
    CAF_CHECK(first(text) == scram_outcome::malformed);
  CAF_CHECK(first("y,," + rest) == scram_outcome::go_on);
  CAF_CHECK(first("n,," + rest + ",x=1,y=2") == scram_outcome::go_on);
  CAF_CHECK(first("n,,n=" + std::string(65000, 'x') + ",r=x")
            == scram_outcome::go_on);
}

CAF_TEST(the header must come again as it was) {
  for (auto header : {"eSws", "biwsYQ==", "", "bixhPWEs", "biw"}) {
    auto text = client_final;
    text.replace(2, 4, header);
    CAF_CHECK(last(text).outcome == scram_outcome::malformed);
  }
}

CAF_TEST(a nonce other than that of this exchange is malformed) {
  for (const auto& nonce :
       {client_nonce, server_nonce, client_nonce + server_nonce + "x",
        client_nonce + server_nonce.substr(1), std::string{}}) {
    auto text = "c=biws,r=" + nonce + client_final.substr(without_proof.size());
    CAF_CHECK(last(text).outcome == scram_outcome::malformed);
  }
}

CAF_TEST(attributes in front of the proof are passed over if well formed) {
  auto proof = client_final.substr(without_proof.size());
  CAF_CHECK(last(without_proof + ",x=1" + proof).outcome
            == scram_outcome::refused);
  for (auto text : {",", ",x", ",x=", ",,x=1", ",1=2"})
    CAF_CHECK(last(without_proof + text + proof).outcome
              == scram_outcome::malformed);
  CAF_CHECK(last(client_final + ",x=1").outcome == scram_outcome::malformed);
}

CAF_TEST(an exchange does not pass a second time) {
  auto it = server(make_scram_nonce());
  it.step(client_first);
  CAF_CHECK(it.step(client_final).outcome == scram_outcome::malformed);
}

CAF_TEST(when it is over more messages are malformed) {
  auto it = server();
  it.step(client_first);
  CAF_CHECK(it.step(client_final).outcome == scram_outcome::accepted);
  CAF_CHECK(it.step(client_final).outcome == scram_outcome::malformed);
  CAF_CHECK(it.step(client_first).outcome == scram_outcome::malformed);
  auto broken = server();
  broken.step("x");
  CAF_CHECK(broken.step(client_first).outcome == scram_outcome::malformed);
}

CAF_TEST(proofs of a wrong size are refused) {
  for (size_t size : {0, 1, 31, 33, 64, 60000}) {
    auto text = without_proof + ",p=" + to_base64(std::string(size, 'x'));
    CAF_CHECK(last(text).outcome != scram_outcome::accepted);
  }
}

CAF_TEST(without random numbers nobody gets in) {
  CAF_CHECK(server("").step(client_first).outcome == scram_outcome::malformed);
}

CAF_TEST(a client takes no challenge that is not for it or too cheap) {
  auto salt = std::string{",s=W22ZaJ0SNY7soEsUEjb6gQ==,i="};
  auto nonce = "r=" + client_nonce + server_nonce;
  for (const auto& text :
       {std::string{}, nonce, nonce + salt, nonce + salt + "4095",
        nonce + salt + "0", nonce + salt + "10000001", nonce + salt + "-5000",
        nonce + salt + "5000x", nonce + salt + "99999999999",
        nonce + ",s=,i=4096", nonce + ",s=x,i=4096",
        "r=" + server_nonce + salt + "4096",
        "r=" + client_nonce + salt + "4096", "m=x," + nonce + salt + "4096",
        nonce + salt + "4096,", std::string{"e=other-error"}})
    CAF_CHECK(!client().final(text));
}

CAF_TEST(a server that only claims to know the password is not trusted) {
  auto it = client();
  CAF_REQUIRE(it.final(server_first).has_value());
  for (auto text : {"", "v=", "v=AAAA", "e=invalid-proof", "v"})
    CAF_CHECK(!it.is_right(text));
}

CAF_TEST(nonces differ and hold nothing that SCRAM forbids) {
  auto nonce = make_scram_nonce();
  CAF_CHECK_EQUAL(nonce.size(), 24u);
  CAF_CHECK(nonce.find(',') == std::string::npos);
  CAF_CHECK(nonce != make_scram_nonce());
}
