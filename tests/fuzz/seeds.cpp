// Writes one seed file per row of the packet table: what fuzz/decode.cpp reads.
#include "tests/protocol/notation.hpp"
#include "tests/protocol/packet_table.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

using namespace troupe::test;

namespace {

/// The first byte chooses version and cut, as in fuzz/decode.cpp.
char choice(troupe::protocol::version v) {
  return static_cast<char>(static_cast<int>(v) - 3);
}

bool write_seed(const std::filesystem::path& path, const packet_row& row) {
  std::ofstream out{path, std::ios::binary};
  auto bytes = notation::parse(row.bytes);
  out.put(choice(row.version));
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  return out.good();
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds DIRECTORY\n";
    return 2;
  }
  std::filesystem::path directory{argv[1]};
  std::filesystem::create_directories(directory);
  size_t number = 0;
  for (const auto& row : packet_table())
    if (!write_seed(directory / ("row-" + std::to_string(number++)), row)) {
      std::cerr << "cannot write to " << directory << '\n';
      return 1;
    }
  return 0;
}
