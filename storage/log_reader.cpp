#include "storage/log_reader.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string_view>
#include <system_error>

namespace troupe::storage {

namespace {

// A log file is a row of blocks, a block a row of fragments: checksum, length,
// type, bytes. No fragment crosses the end of a block.
constexpr size_t block_size = 32 * 1024;
constexpr size_t header_size = 7;
/// Sequence number and count.
constexpr size_t smallest_batch = 12;

enum class fragment_type : uint8_t { none, full, first, middle, last };

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? value >> 1 ^ 0x82f63b78u : value >> 1;
    table[i] = value;
  }
  return table;
}

constexpr auto crc_table = make_crc_table();

uint32_t little_endian(const char* from, size_t bytes) noexcept {
  uint32_t result = 0;
  for (size_t i = bytes; i-- > 0;)
    result = result << 8 | static_cast<uint8_t>(from[i]);
  return result;
}

// RocksDB masks a checksum that is stored beside what it covers.
uint32_t unmask(uint32_t masked) noexcept {
  auto rotated = masked - 0xa282ead8u;
  return rotated >> 17 | rotated << 15;
}

struct fragment {
  fragment_type type = fragment_type::none;
  std::string_view bytes;
  /// Where it begins in the file.
  uint64_t offset = 0;
};

/// Gets a batch and where it begins in the file.
using batch_taker = std::function<void(const std::string& batch, uint64_t)>;

// Puts fragments together again.
class batch_builder {
public:
  explicit batch_builder(const batch_taker& take) : take_(take) {}

  void add(const fragment& what) {
    auto begins =
        what.type == fragment_type::full || what.type == fragment_type::first;
    if (begins) {
      pending_ = what.bytes;
      offset_ = what.offset;
      is_open_ = true;
    } else if (is_open_) {
      pending_ += what.bytes;
    }
    auto ends =
        what.type == fragment_type::full || what.type == fragment_type::last;
    if (ends && is_open_)
      finish();
  }
  /// What follows does not belong to what came before.
  void interrupt() noexcept { is_open_ = false; }
  uint64_t damaged() const noexcept { return damaged_; }

private:
  void finish() {
    is_open_ = false;
    if (pending_.size() >= smallest_batch)
      take_(pending_, offset_);
    else
      ++damaged_;
  }

  const batch_taker& take_;
  std::string pending_;
  uint64_t offset_ = 0;
  bool is_open_ = false;
  uint64_t damaged_ = 0;
};

enum class block_end { fine, damaged, cut };

// Takes the fragments of one block, which begins at `offset` of the file and
// may be cut short.
block_end read_block(std::string_view block, uint64_t offset,
                     batch_builder& to) {
  while (block.size() >= header_size) {
    auto length = little_endian(block.data() + 4, 2);
    auto type = static_cast<fragment_type>(block[6]);
    if (type == fragment_type::none && length == 0)
      return block_end::cut; // zeros: nothing was written here
    if (length > block.size() - header_size)
      return block.size() < block_size && length <= block_size - header_size
                 ? block_end::cut
                 : block_end::damaged;
    auto covered = block.substr(6, size_t{1} + length);
    if (unmask(little_endian(block.data(), 4)) != crc32c(covered))
      return block_end::damaged;
    // Newer versions of RocksDB may have others.
    if (type <= fragment_type::last)
      to.add({type, covered.substr(1), offset});
    block.remove_prefix(header_size + length);
    offset += header_size + length;
  }
  return block_end::fine;
}

uint64_t read_batches(const std::string& path, const batch_taker& take) {
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return 1;
  uint64_t damaged = 0;
  uint64_t offset = 0;
  batch_builder builder{take};
  std::string block(block_size, '\0');
  auto was_cut = false;
  while (file.read(block.data(), block_size) || file.gcount() > 0) {
    // Only the last block may end early; zeros behind it are room in advance.
    damaged += was_cut && block.front() != '\0' ? 1 : 0;
    auto size = static_cast<size_t>(file.gcount());
    auto end = read_block({block.data(), size}, offset, builder);
    offset += size;
    damaged += end == block_end::damaged ? 1 : 0;
    was_cut = was_cut || (end == block_end::cut && block.front() != '\0');
    if (end != block_end::fine)
      builder.interrupt();
  }
  return damaged + builder.damaged();
}

} // namespace

uint32_t crc32c(std::string_view text) noexcept {
  uint32_t result = 0xffffffffu;
  for (auto each : text)
    result =
        result >> 8 ^ crc_table[(result ^ static_cast<uint8_t>(each)) & 0xff];
  return ~result;
}

uint64_t
read_log(const std::string& path,
         const std::function<void(const rocksdb::WriteBatch& batch)>& take) {
  return read_batches(path, [&](const std::string& batch, uint64_t) {
    take(rocksdb::WriteBatch{batch});
  });
}

bool cut_log(const std::string& path, uint64_t last_sequence) {
  auto end = std::numeric_limits<uint64_t>::max();
  read_batches(path, [&](const std::string& batch, uint64_t offset) {
    // A batch begins with the number of its first record.
    uint64_t upper = little_endian(batch.data() + 4, 4);
    if ((upper << 32 | little_endian(batch.data(), 4)) > last_sequence)
      end = std::min(end, offset);
  });
  std::error_code error;
  if (end != std::numeric_limits<uint64_t>::max())
    std::filesystem::resize_file(path, end, error);
  return !error;
}

} // namespace troupe::storage
