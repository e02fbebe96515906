// Writes seed files: for fuzz/decode.cpp one per row of the packet table, for
// fuzz/mosquitto_db.cpp one per format, for fuzz/configuration.cpp one per
// option and format.
#include "config/options.hpp"
#include "tests/protocol/notation.hpp"
#include "tests/protocol/packet_table.hpp"
#include "tests/storage/mosquitto_file.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

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
  return true;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds DIRECTORY\n";
    return 2;
  }
  std::filesystem::path directory{argv[1]};
  for (const auto* name : {"decode", "mosquitto_db", "configuration"})
    std::filesystem::create_directories(directory / name);
  if (!write_packets(directory / "decode")
      || !write_databases(directory / "mosquitto_db")
      || !write_configurations(directory / "configuration")) {
    std::cerr << "cannot write to " << directory << '\n';
    return 1;
  }
  return 0;
}
