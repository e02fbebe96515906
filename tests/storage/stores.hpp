#pragma once

#include "storage/rocks_store.hpp"
#include "tests/support/memory_store.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::test {

using namespace broker;

/// A directory that is gone with it.
class scratch_directory {
public:
  scratch_directory() {
    // In memory where there is such a thing: RocksDB syncs a lot.
    std::string name = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    name += "/troupe-storage-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      std::abort();
    path_ = name;
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const noexcept { return path_; }
  std::string file(std::string_view name) const {
    return path_ + "/" + std::string{name};
  }
  std::string database() const { return file(storage::database_name); }

private:
  std::string path_;
};

/// The time at which tests of stores begin.
inline const instant test_now{time_point{std::chrono::hours{1}},
                              1'700'000'000'000};

inline instant later(std::chrono::milliseconds by) {
  return {test_now.steady + by, test_now.wall + by.count()};
}

struct message_spec {
  std::string payload = "payload";
  std::string topic = "a/topic";
  protocol::qos qos = protocol::qos::at_least_once;
  bool retain = false;
  std::string properties;
  std::string path;
  std::optional<uint32_t> expiry;
};

inline publication_ptr make(const message_spec& from) {
  protocol::message source;
  source.topic = from.topic;
  source.payload = from.payload;
  source.qos = from.qos;
  source.retain = from.retain;
  source.forwarded_properties = from.properties;
  source.message_expiry_interval = from.expiry;
  return publication::make(source, test_now.steady, from.path);
}

inline publication_ptr make(std::string payload) {
  message_spec spec;
  spec.payload = std::move(payload);
  return make(spec);
}

/// Large enough to be shared by several queues.
inline std::string large(char fill) {
  return std::string(store::shared_body_size, fill);
}

inline bool is_done(const store_status& status) {
  return static_cast<bool>(status);
}

inline bool append(store& to, session_key key, uint64_t sequence,
                   const publication_ptr& message, entry_options options = {}) {
  queue_target target{key, sequence, options};
  to.append(*message, {&target, 1}, test_now);
  return is_done(to.commit(false));
}

/// The payloads of a queue, "-" for a released entry.
inline std::vector<std::string> payloads(store& from, session_key key,
                                         const instant& now = test_now) {
  std::vector<std::string> result;
  for (uint64_t next = 1;;) {
    auto slice = from.read_queue(key, next, 100, 1 << 20, now);
    for (const auto& each : slice.entries)
      result.emplace_back(each.message ? each.message->payload() : "-");
    if (slice.at_end)
      return result;
    next = slice.next;
  }
}

inline std::vector<recovered_session>
sessions_of(store& from, const instant& now = test_now) {
  std::vector<recovered_session> result;
  from.for_each_session(
      [&](recovered_session&& each) { result.push_back(std::move(each)); },
      now);
  return result;
}

inline std::vector<publication_ptr> retained_of(store& from,
                                                const instant& now = test_now) {
  std::vector<publication_ptr> result;
  from.for_each_retained(
      [&](retained_message&& each) {
        result.push_back(std::move(each.message));
      },
      now);
  return result;
}

inline session_record make_session(session_key key) {
  session_record result;
  result.key = key;
  result.client_id = "client-" + std::to_string(key);
  result.expiry_interval = 3600;
  return result;
}

/// A store that a test may close and open again: either kind.
class test_subject {
public:
  virtual ~test_subject() = default;
  virtual store& get() = 0;
  store* operator->() { return &get(); }
  store& operator*() { return get(); }
  /// As the end of one process and the start of the next.
  virtual void reopen() = 0;
};

class memory_subject : public test_subject {
public:
  store& get() override { return store_; }
  void reopen() override {}

private:
  memory_store store_;
};

class rocks_subject : public test_subject {
public:
  rocks_subject() { reopen(); }
  storage::rocks_store& get() override { return *store_; }
  void reopen() override {
    store_.reset();
    auto opened = storage::open_store({directory_.database(), false});
    if (!opened.store || !opened.findings.empty())
      throw std::runtime_error("cannot open: " + opened.error);
    store_ = std::move(opened.store);
  }
  void close() { store_.reset(); }
  const scratch_directory& directory() const { return directory_; }

private:
  scratch_directory directory_;
  std::unique_ptr<storage::rocks_store> store_;
};

/// Runs `body` with either kind of store: both keep the same contract.
template <class Body>
void with_each_store(Body body) {
  memory_subject in_memory;
  body(in_memory);
  rocks_subject on_disk;
  body(on_disk);
}

} // namespace troupe::test
