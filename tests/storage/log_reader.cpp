#include "storage/log_reader.hpp"

#include "database_files.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

// Batches in the log of a store, and the places that could not be read.
struct log_summary {
  uint64_t batches = 0;
  uint64_t records = 0;
  uint64_t damaged = 0;
};

log_summary read(const std::string& path) {
  log_summary result;
  result.damaged =
      storage::read_log(path, [&](const rocksdb::WriteBatch& batch) {
        ++result.batches;
        result.records += batch.Count();
      });
  return result;
}

struct fixture {
  rocks_subject on;
  std::string path;

  fixture() {
    for (uint64_t i = 1; i <= 400; ++i)
      append(*on, 1, i, make(std::string(i * 5, 'x')));
    auto name = files_like(on.directory().database(), ".log").back();
    path = on.directory().file("copy.log");
    std::filesystem::copy_file(on.directory().database() + "/" + name, path);
  }

  // A part of the log, with the byte at `at` changed.
  log_summary read_changed(size_t size, size_t at) const {
    auto bytes = read_file(path).substr(0, size);
    if (at < bytes.size())
      bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    auto changed = on.directory().file("changed.log");
    write_file(changed, bytes);
    return read(changed);
  }
};

} // namespace

CAF_TEST(checksums are as RocksDB has them) {
  CAF_CHECK_EQUAL(storage::crc32c(""), 0u);
  CAF_CHECK_EQUAL(storage::crc32c("123456789"), 0xe3069283u);
  CAF_CHECK_EQUAL(storage::crc32c(std::string(32, '\0')), 0x8a9136aau);
}

CAF_TEST_FIXTURE_SCOPE(tests, fixture)

CAF_TEST(every batch of a log is read) {
  auto found = read(path);
  // The format has a batch of its own.
  CAF_CHECK_EQUAL(found.batches, 401u);
  CAF_CHECK_EQUAL(found.records, 401u);
  CAF_CHECK_EQUAL(found.damaged, 0u);
}

CAF_TEST(an end that is missing is no damage) {
  auto size = read_file(path).size();
  for (size_t cut = 1; cut < 70'000; cut += 997) {
    auto found = read_changed(size - cut, size);
    CAF_CHECK_EQUAL(found.damaged, 0u);
    CAF_CHECK(found.batches < 401u);
    CAF_CHECK(found.batches > 350u);
  }
}

CAF_TEST(zeros at the end are no damage) {
  auto bytes = read_file(path) + std::string(100'000, '\0');
  auto changed = on.directory().file("zeros.log");
  write_file(changed, bytes);
  auto found = read(changed);
  CAF_CHECK_EQUAL(found.batches, 401u);
  CAF_CHECK_EQUAL(found.damaged, 0u);
}

CAF_TEST(what follows a damaged place is read) {
  auto size = read_file(path).size();
  for (size_t at = 0; at < size - 40'000; at += 7919) {
    auto found = read_changed(size, at);
    CAF_CHECK(found.damaged > 0);
    CAF_CHECK(found.batches < 401u);
    CAF_CHECK(found.batches > 250u);
  }
}

CAF_TEST(a log is cut behind a record) {
  for (uint64_t last : {401, 400, 250, 17, 1, 0}) {
    auto changed = on.directory().file("cut.log");
    write_file(changed, read_file(path) + "half a record");
    CAF_CHECK(storage::cut_log(changed, last));
    CAF_CHECK_EQUAL(read(changed).batches, last);
  }
}

CAF_TEST(a file that is not there is damage) {
  CAF_CHECK_EQUAL(read(on.directory().file("nothing")).damaged, 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
