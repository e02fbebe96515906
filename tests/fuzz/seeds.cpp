// Writes seed files for each target, from which it starts to look further.
#include "config/options.hpp"
#include "tests/net/proxy_bytes.hpp"
#include "tests/net/websocket_bytes.hpp"
#include "tests/protocol/notation.hpp"
#include "tests/protocol/packet_table.hpp"
#include "tests/storage/mosquitto_file.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>

using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace troupe::test;

namespace {

bool write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out{path, std::ios::binary};
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  return out.good();
}

/// The first byte chooses version and cut, as in fuzz/decode.cpp.
std::string packet_seed(const packet_row& row) {
  std::string text(1, static_cast<char>(static_cast<int>(row.version) - 3));
  auto bytes = notation::parse(row.bytes);
  text.append(bytes.begin(), bytes.end());
  return text;
}

std::string mosquitto_seed(uint32_t format) {
  mosquitto_file file{format};
  file.message(1, "a/b", "one", {1, true, 99, "\x04\x26\0\0\0\0"sv});
  file.client("c", 60).entry("c", 1, {1, 2, 3, false, false, "\x02\x0b\x07"});
  return file.subscription("c", "a/#", 1, 4, 5).retained(1).str();
}

std::string old_mosquitto_seed(uint32_t format) {
  mosquitto_bytes message;
  message.memory_u64(5).text("from");
  if (format == 4)
    message.text("user").u16(1883);
  message.u16(1).u16(2).text("t").u8(1).u8(1).u32(2).raw("hi");
  return mosquitto_header(format) + old_mosquitto_chunk(2, message)
         + old_mosquitto_chunk(6,
                               mosquitto_bytes{}.text("c").u16(9).memory_u64(1))
         + old_mosquitto_chunk(
             3, mosquitto_bytes{}.text("c").memory_u64(5).u16(3).u8(1).raw(
                    "\1\1\x0b\0"sv))
         + old_mosquitto_chunk(5,
                               mosquitto_bytes{}.text("c").text("t/#").u8(2));
}

bool write_packets(const std::filesystem::path& directory) {
  size_t number = 0;
  for (const auto& row : packet_table())
    if (!write(directory / ("row-" + std::to_string(number++)),
               packet_seed(row)))
      return false;
  return true;
}

bool write_databases(const std::filesystem::path& directory) {
  for (uint32_t format = 2; format <= 6; ++format)
    if (!write(directory / ("format-" + std::to_string(format)),
               format < 5 ? old_mosquitto_seed(format)
                          : mosquitto_seed(format)))
      return false;
  return true;
}

/// The first byte chooses the role and how the stream is cut.
bool write_websocket(const std::filesystem::path& directory) {
  auto server = std::string(1, '\2') + binary("packet")
                + troupe::test::frame(0x02, "pa")
                + troupe::test::frame(0x89, "ping")
                + troupe::test::frame(0x80, "cket") + closing(1000);
  auto client = std::string(1, '\3') + binary("packet", false)
                + troupe::test::frame(0x89, "ping", false)
                + closing(1001, "bye", false);
  auto response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Accept: "
                  + std::string{good_accept}
                  + "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
  return write(directory / "to-server", server)
         && write(directory / "to-client", client)
         && write(directory / "request", ' ' + std::string{good_request})
         && write(directory / "response", ' ' + response);
}

/// The first byte chooses the version and how the header is cut.
bool write_proxy(const std::filesystem::path& directory) {
  auto tls = proxy_ssl(7, 0, proxy_field(0x22, "name"));
  return write(directory / "v1",
               std::string(1, '\0')
                   + "PROXY TCP6 2001:db8::1 ::1 40000 1883\r\n")
         && write(directory / "v2",
                  '\1' + proxy_v2(0x21, 0x11, ipv4_pair + tls))
         && write(directory / "local", '\1' + proxy_v2(0x20, 0, ""));
}

/// The first byte says what the text is, as in fuzz/jwt.cpp.
bool write_tokens(const std::filesystem::path& directory) {
  const std::string_view seeds[] = {
      "\0eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl"sv,
      "\1{\"exp\":1800000000,\"nbf\":0,\"iat\":1.5,\"aud\":[\"a\"],"
      "\"iss\":\"i\",\"u\":{\"n\":\"x\"},\"c\":\"d\"}"sv,
      "\2{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"k\"}"sv,
      "\3{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\","
      "\"use\":\"sig\",\"alg\":\"ES256\","
      "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
      "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},"
      "{\"kty\":\"oct\",\"k\":\"AQAB\",\"key_ops\":[\"verify\"]}]}"sv,
      "\4-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"sv,
      "\0040123456789abcdef0123456789abcdef"sv};
  size_t number = 0;
  for (auto seed : seeds)
    if (!write(directory / ("text-" + std::to_string(number++)), seed))
      return false;
  return true;
}

/// As in fuzz/acl_file.cpp, the question comes first.
bool write_rights(const std::filesystem::path& directory) {
  for (auto what : {"0", "1", "2"})
    if (!write(directory / what,
               std::string{what}
                   + " ann c1 a/c1/b\n# rights\ntopic read open/#\nuser ann\n"
                     "topic deny a/+/c\ntopic write x y\n"
                     "pattern readwrite a/%c/#\npattern subscribe a/%u\n"))
      return false;
  return true;
}

/// The first byte says what the text is, as in fuzz/credentials.cpp.
bool write_credentials(const std::filesystem::path& directory) {
  const std::string_view seeds[] = {
      "\0$7$101$4N/a+vV3w5UaJsM/$/nTjOVOf5Z02wmtyOtww+J6bI552+yFt/"
      "8ZFW31ZsTdd5tYFOBRaSHQP9Cuo/LVGoluiu6F5JYJfbIR5GUFVKQ=="sv,
      "\0$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/"
      "0ttZwg2f/5U52iv1cDc"sv,
      "\0$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$"
      "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="sv,
      "\1# users\n\nu:$6$fSyWp2I5HWypdWDl$H2t96F72J/ImIF6Sb0rXFNJ9qTH+a6d/"
      "JdtyQ2gy9QxCSK1+DOeJ88Lrf8ozsPZY7KeDXy+8wLI2Bolcb8DOJA==\nv:plain\n"sv,
      "\2# keys\na : 00ff\r\nb:abc"sv,
      "\3# u:1\n u : 2\nu:3\nv:4"sv,
      "\4n,,n=us=2Cer,r=rOprNGfwEbeRWgbNEkqO,x=1"sv,
      "\5c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="sv,
      "\6r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"sv,
      "\6v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="sv};
  size_t number = 0;
  for (auto seed : seeds)
    if (!write(directory / ("text-" + std::to_string(number++)), seed))
      return false;
  return true;
}

bool write_configurations(const std::filesystem::path& directory) {
  for (const auto& each : troupe::config::broker_options()) {
    std::string name{each.name};
    if (!write(directory / (name + ".conf"), name + " 1\n")
        || !write(directory / (name + ".json"), "{\"" + name + "\": 1}"))
      return false;
  }
  for (const auto& each : troupe::config::listener_options()) {
    std::string name{each.name};
    if (!write(directory / ("listener-" + name + ".conf"),
               "listener 1\n" + name + " true\n")
        || !write(directory / ("listener-" + name + ".json"),
                  "{\"listeners\": [{\"port\": 1, \"" + name + "\": \"a\"}]}"))
      return false;
  }
  for (const auto& each : troupe::config::bridge_options()) {
    std::string name{each.name};
    if (!write(directory / ("bridge-" + name + ".conf"),
               "connection b\naddress [::1]:1 unix:/a\ntopic a/# both 1 l/ r/\n"
                   + name + " 1\n")
        || !write(directory / ("bridge-" + name + ".json"),
                  R"({"bridges": [{"name": "b", "addresses": "h:1", "topics": )"
                  R"([{"pattern": "", "direction": "in", "qos": 2, )"
                  R"("local_prefix": "l", "remote_prefix": "r"}], ")"
                      + name + "\": true}]}"))
      return false;
  }
  return true;
}

/// The first byte chooses file or payload, as in fuzz/dynsec.cpp.
bool write_dynsec(const std::filesystem::path& directory) {
  constexpr auto file = R"({"defaultACLAccess":{"subscribe":true},
    "clients":[{"username":"u","clientid":"i","disabled":true,"textname":"t",
      "roles":[{"rolename":"r","priority":3}],"encoded_password":"$argon2id$"}],
    "groups":[{"groupname":"g","roles":[{"rolename":"r"}],
      "clients":[{"username":"u","priority":2}]}],"anonymousGroup":"g",
    "roles":[{"rolename":"r","allowwildcardsubs":false,"acls":[
      {"acltype":"subscribePattern","topic":"a/%u/#","allow":true}]}]})"sv;
  constexpr auto payload = R"({"commands":[
    {"command":"createRole","rolename":"s","acls":[{"acltype":
      "publishClientSend","topic":"a/+","priority":5,"allow":false}]},
    {"command":"addRoleACL","rolename":"r","acltype":"unsubscribeLiteral",
      "topic":"a"},{"command":"createClient","username":"v","groups":[
      {"groupname":"g"}],"roles":[{"rolename":"r","priority":1}]},
    {"command":"modifyGroup","groupname":"g","clients":[{"username":"v"}]},
    {"command":"listRoles","verbose":true,"count":2,"offset":1},
    {"command":"setDefaultACLAccess","acls":[{"acltype":"subscribe",
      "allow":true}]},{"command":"deleteRole","rolename":"r",
      "correlationData":"c"},{"command":"setAnonymousGroup",
      "groupname":"g"}]})"sv;
  return write(directory / "file", "\0"s + std::string{file})
         && write(directory / "payload", "\1"s + std::string{payload});
}

/// The first two bytes as in fuzz/message_path.cpp.
bool write_paths(const std::filesystem::path& directory) {
  auto path = "9f86d081884c7d65/18c2f3a4b5d.0/1f2 0a1b2c3d4e5f6071"s;
  auto property = "\x26\0\x0btroupe-path\0\x33"s + path;
  auto others = "\x26\0\1a\0\1b\1\1\3\0\1t\x08\0\1r\x09\0\1c"s;
  return write(directory / "text", "\1\1"s + path)
         && write(directory / "last", "\1\0"s + others + property)
         && write(directory / "between", "\1\0"s + property + others + property)
         && write(directory / "forged", "\0\0"s + property);
}

/// By fuzz target.
constexpr std::pair<const char*, bool (*)(const std::filesystem::path&)>
    seed_writers[] = {
        {"dynsec", &write_dynsec},
        {"message_path", &write_paths},
        {"configuration", &write_configurations},
        {"credentials", &write_credentials},
        {"acl_file", &write_rights},
        {"decode", &write_packets},
        {"mosquitto_db", &write_databases},
        {"jwt", &write_tokens},
        {"websocket", &write_websocket},
        {"proxy_header", &write_proxy},
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds DIRECTORY\n";
    return 2;
  }
  std::filesystem::path directory{argv[1]};
  for (auto [name, write_all] : seed_writers) {
    std::filesystem::create_directories(directory / name);
    if (!write_all(directory / name)) {
      std::cerr << "cannot write to " << directory << '\n';
      return 1;
    }
  }
  return 0;
}
