// Files that were truncated, overwritten or lost: the database always opens,
// says what it found and serves the rest.
#include "database_files.hpp"
#include "storage/database.hpp"

#include <caf/test/unit_test.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr session_key sessions = 20;
constexpr uint64_t messages = 200;

std::string text_of(session_key key, uint64_t sequence) {
  std::mt19937 random{static_cast<uint32_t>(key * 1000 + sequence)};
  auto result = std::to_string(key) + ":" + std::to_string(sequence) + " ";
  while (result.size() < 100)
    result += static_cast<char>('a' + random() % 26);
  return result;
}

void fill(store& to, uint64_t first, uint64_t last) {
  for (session_key key = 1; key <= sessions; ++key) {
    to.put_session(make_session(key));
    stored_subscription filter;
    filter.filter = "filter/" + std::to_string(key);
    to.put_subscription(key, filter);
    message_spec retained;
    retained.topic = "retained/" + std::to_string(key);
    to.put_retained({make(retained), nullptr}, test_now);
  }
  for (auto sequence = first; sequence <= last; ++sequence) {
    std::vector<queue_target> all;
    for (session_key key = 1; key <= sessions; ++key) {
      all.push_back({key, sequence * 2, {}});
      queue_target target{key, sequence * 2 - 1, {}};
      to.append(*make(text_of(key, sequence)), {&target, 1}, test_now);
    }
    to.append(*make(large('s')), all, test_now);
    if (!to.commit(false))
      throw std::runtime_error("commit failed");
  }
}

/// What is found in a database: per session the number of its messages.
struct census {
  size_t sessions = 0;
  size_t filters = 0;
  size_t retained = 0;
  size_t messages = 0;
  bool is_altered = false;
};

census count(store& in) {
  census result;
  for (const auto& each : sessions_of(in)) {
    ++result.sessions;
    result.filters += each.subscriptions.size();
    for (uint64_t next = 1;;) {
      auto slice = in.read_queue(each.record.key, next, 100, 1 << 20, test_now);
      for (const auto& entry : slice.entries) {
        ++result.messages;
        auto expected = entry.sequence % 2 == 0
                            ? large('s')
                            : text_of(each.record.key, entry.sequence / 2 + 1);
        if (entry.message->payload() != expected)
          result.is_altered = true;
      }
      if (slice.at_end)
        break;
      next = slice.next;
    }
  }
  result.retained = retained_of(in).size();
  return result;
}

constexpr size_t all_messages = sessions * messages * 2;

/// A database whose data is partly in tables, partly in the log. Made once.
class sample {
public:
  static const std::string& directory() {
    static sample made;
    return made.path_;
  }

private:
  sample() : path_(home_.database()) {
    {
      auto opened = storage::open_store({path_, false});
      fill(*opened.store, 1, messages / 2);
    }
    // Closed, and opened by somebody who flushes: tables.
    flush();
    auto opened = storage::open_store({path_, false});
    fill(*opened.store, messages / 2 + 1, messages);
    copy_ = home_.file("copy");
    // As kill -9 leaves it: the log is not flushed.
    copy_directory(path_, copy_);
    path_ = copy_;
  }

  void flush() {
    auto known = std::make_shared<storage::told>();
    auto opened = storage::open_database(path_, storage::open_mode::normal,
                                         known, nullptr);
    for (auto each : storage::all_families)
      if (!(*opened.db)->Flush({}, (*opened.db)[each]).ok())
        std::abort();
  }

  scratch_directory home_;
  std::string path_;
  std::string copy_;
};

/// Copies the sample, lets `harm` loose on it and opens what is left.
template <class Harm>
census survivors(Harm harm, bool* has_findings = nullptr) {
  scratch_directory home;
  copy_directory(sample::directory(), home.database());
  harm(home.database());
  auto opened = storage::open_store({home.database(), false});
  if (!opened.store)
    CAF_FAIL("not opened: " << opened.error);
  auto result = count(*opened.store);
  if (has_findings != nullptr)
    *has_findings =
        !opened.findings.empty() || opened.store->damaged_records() != 0;
  CAF_CHECK(append(*opened.store, 1, 100'000, make("works")));
  opened.store.reset();
  // Mended once and for all.
  opened = storage::open_store({home.database(), false});
  CAF_REQUIRE(opened.store);
  for (const auto& each : opened.findings)
    CAF_ERROR("found again: " << each);
  CAF_CHECK(payloads(*opened.store, 1).back() == "works");
  return result;
}

void check_complete(const census& found) {
  CAF_CHECK_EQUAL(found.sessions, sessions);
  CAF_CHECK_EQUAL(found.filters, sessions);
  CAF_CHECK_EQUAL(found.retained, sessions);
  CAF_CHECK_EQUAL(found.messages, all_messages);
  CAF_CHECK(!found.is_altered);
}

void flip(const std::string& path, size_t at) {
  auto bytes = read_file(path);
  bytes[at % bytes.size()] = static_cast<char>(bytes[at % bytes.size()] ^ 0x10);
  write_file(path, bytes);
}

} // namespace

CAF_TEST(the sample is whole and in tables and log) {
  CAF_CHECK(!files_like(sample::directory(), ".sst").empty());
  auto has_findings = true;
  check_complete(survivors([](const std::string&) {}, &has_findings));
  CAF_CHECK(!has_findings);
}

CAF_TEST(a database without CURRENT or with a wrong one loses nothing) {
  for (std::string content : {"", "MANIFEST-999999\n", "garbage"}) {
    bool has_findings = false;
    check_complete(survivors(
        [&](const std::string& in) {
          if (content.empty())
            std::filesystem::remove(in + "/CURRENT");
          else
            write_file(in + "/CURRENT", content);
        },
        &has_findings));
    CAF_CHECK(has_findings);
  }
}

CAF_TEST(a damaged manifest loses nothing) {
  for (size_t part = 0; part < 8; ++part) {
    CAF_MESSAGE("part " << part);
    bool has_findings = false;
    check_complete(survivors(
        [&](const std::string& in) {
          auto name = in + "/" + files_like(in, "MANIFEST-").front();
          auto size = read_file(name).size();
          if (part == 7)
            std::filesystem::resize_file(name, size / 2);
          else
            flip(name, size * part / 7);
        },
        &has_findings));
    CAF_CHECK(has_findings);
  }
}

CAF_TEST(a lost manifest loses nothing) {
  bool has_findings = false;
  check_complete(survivors(
      [](const std::string& in) {
        for (const auto& each : files_like(in, "MANIFEST-"))
          std::filesystem::remove(in + "/" + each);
      },
      &has_findings));
  CAF_CHECK(has_findings);
}

CAF_TEST(a flipped bit in a table costs a part of it) {
  size_t damaged = 0;
  for (const auto& name : files_like(sample::directory(), ".sst")) {
    auto size = std::filesystem::file_size(sample::directory() + "/" + name);
    for (size_t part = 0; part < 5; ++part) {
      CAF_MESSAGE(name << " part " << part);
      bool has_findings = false;
      auto found = survivors(
          [&](const std::string& in) {
            flip(in + "/" + name, size * part / 5 + 3);
          },
          &has_findings);
      CAF_CHECK(!found.is_altered);
      CAF_CHECK(has_findings);
      // The log, which is whole, has half of the messages, and the sessions.
      CAF_CHECK_EQUAL(found.sessions, sessions);
      CAF_CHECK_EQUAL(found.filters, sessions);
      CAF_CHECK_EQUAL(found.retained, sessions);
      CAF_CHECK(found.messages >= all_messages / 2);
      damaged += found.messages != all_messages ? 1 : 0;
    }
  }
  CAF_CHECK(damaged > 0);
}

CAF_TEST(a table that is cut off or gone costs no more than it held) {
  for (const auto& name : files_like(sample::directory(), ".sst"))
    for (bool is_gone : {true, false}) {
      CAF_MESSAGE(name << (is_gone ? " gone" : " cut off"));
      bool has_findings = false;
      auto found = survivors(
          [&](const std::string& in) {
            auto path = in + "/" + name;
            if (is_gone)
              std::filesystem::remove(path);
            else
              std::filesystem::resize_file(
                  path, std::filesystem::file_size(path) / 2);
          },
          &has_findings);
      CAF_CHECK(has_findings);
      CAF_CHECK_EQUAL(found.sessions, sessions);
      CAF_CHECK(!found.is_altered);
      CAF_CHECK(found.messages >= all_messages / 2);
    }
}

CAF_TEST(a flipped bit in the log costs a few commits) {
  auto name = files_like(sample::directory(), ".log").back();
  auto size = read_file(sample::directory() + "/" + name).size();
  CAF_REQUIRE(size > 100'000);
  for (size_t part = 0; part < 7; ++part) {
    CAF_MESSAGE("part " << part);
    bool has_findings = false;
    auto found = survivors(
        [&](const std::string& in) {
          flip(in + "/" + name, size * part / 7 + 11);
        },
        &has_findings);
    CAF_CHECK(has_findings);
    CAF_CHECK(!found.is_altered);
    CAF_CHECK_EQUAL(found.sessions, sessions);
    // A block of 32 KiB holds some twenty commits.
    CAF_CHECK(found.messages >= all_messages - 30 * sessions * 2);
    CAF_CHECK(found.messages < all_messages);
  }
}

CAF_TEST(a log that is cut off loses its end and nothing else) {
  auto name = files_like(sample::directory(), ".log").back();
  auto size = read_file(sample::directory() + "/" + name).size();
  size_t before = 0;
  for (size_t part = 1; part < 6; ++part) {
    auto found = survivors([&](const std::string& in) {
      std::filesystem::resize_file(in + "/" + name, size * part / 6 + 5);
    });
    CAF_CHECK(!found.is_altered);
    CAF_CHECK(found.messages >= all_messages / 2 + before);
    before = all_messages / 2 * (part - 1) / 6;
  }
}

CAF_TEST(random damage never keeps the database from opening) {
  std::mt19937 random{42};
  for (int round = 0; round < 15; ++round) {
    CAF_MESSAGE("round " << round);
    auto found = survivors([&](const std::string& in) {
      std::vector<std::string> names;
      for (auto part : {".sst", ".log", "MANIFEST-", "CURRENT", "OPTIONS-"})
        for (auto& each : files_like(in, part))
          names.push_back(std::move(each));
      for (auto times = 1 + random() % 4; times > 0; --times) {
        auto path = in + "/" + names[random() % names.size()];
        auto bytes = read_file(path);
        if (bytes.empty())
          continue;
        for (int i = 0; i < 16; ++i)
          bytes[(random() % bytes.size())] = static_cast<char>(random());
        write_file(path, bytes);
      }
    });
    CAF_CHECK(!found.is_altered);
  }
}
