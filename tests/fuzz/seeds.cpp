// Writes seed files: for fuzz/decode.cpp one per row of the packet table, for
// fuzz/mosquitto_db.cpp one per format, for fuzz/dynsec.cpp one of each kind.
#include "tests/protocol/notation.hpp"
#include "tests/protocol/packet_table.hpp"
#include "tests/storage/mosquitto_file.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

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

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds DIRECTORY\n";
    return 2;
  }
  std::filesystem::path directory{argv[1]};
  for (const auto* name : {"decode", "mosquitto_db", "dynsec"})
    std::filesystem::create_directories(directory / name);
  if (!write_packets(directory / "decode")
      || !write_databases(directory / "mosquitto_db")
      || !write_dynsec(directory / "dynsec")) {
    std::cerr << "cannot write to " << directory << '\n';
    return 1;
  }
  return 0;
}
