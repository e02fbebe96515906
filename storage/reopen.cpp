// The store's own memory, and damage and errors that show while it is in use.
#include "core/log.hpp"
#include "storage/disk_store.hpp"
#include "storage/files.hpp"
#include "storage/log_reader.hpp"
#include "storage/meta.hpp"
#include "storage/open.hpp"

#include <rocksdb/env.h>

#include <algorithm>
#include <chrono>
#include <mutex>

namespace troupe::storage {

namespace {

/// Mending takes long: what it could not help is not tried again at once.
constexpr auto mending_interval = std::chrono::seconds{60};

/// A disk is tried so often, and with so many bytes, until it works again.
constexpr auto probe_interval = std::chrono::milliseconds{500};
constexpr size_t probe_size = size_t{1} << 20;

/// To open a database takes longer.
constexpr auto reopen_interval = std::chrono::seconds{2};

bool is_due(time_point& last, duration interval) {
  auto now = clock::now();
  if (last != time_point{} && now - last < interval)
    return false;
  last = now;
  return true;
}

/// Where nothing is kept: for a database that cannot be opened any more.
rocksdb::Env* nowhere() {
  static std::unique_ptr<rocksdb::Env> env{
      rocksdb::NewMemEnv(rocksdb::Env::Default())};
  return env.get();
}

} // namespace

disk_store::disk_store(database_ptr db, const open_options& options,
                       told_ptr known, rocksdb::Env* env)
    : db_(std::move(db)), directory_(options.directory), env_(env),
      is_read_only_(options.read_only), known_(std::move(known)),
      quarantine_(options.directory) {
  start();
}

disk_store::~disk_store() = default;

void disk_store::start() {
  ended_.clear();
  known_->marks.clear();
  auto records = db_->iterate(family::meta);
  for (records->Seek(ended_prefix);
       records->Valid() && records->key().starts_with(ended_prefix);
       records->Next()) {
    auto key = records->key().ToStringView().substr(ended_prefix.size());
    auto until = decode_meta(records->value().ToStringView());
    if (key.size() != session_id::size || !until)
      continue;
    std::string session;
    auto found = (**db_).Get({}, (*db_)[family::sessions], key, &session);
    if (found.IsNotFound())
      ended_[*session_of(key)] = *until;
    else
      known_->marks.set(*session_of(key), *until);
  }
  std::string value;
  if ((**db_).Get({}, (*db_)[family::meta], body_ids_key, &value).ok())
    next_body_ = std::max(next_body_, decode_meta(value).value_or(0));
  auto bodies = db_->iterate(family::bodies);
  bodies->SeekToLast();
  if (bodies->Valid() && bodies->key().size() == body_key::size)
    next_body_ =
        std::max(next_body_, get_number<uint64_t>(bodies->key().data()) + 1);
  // Should damage have taken what says which numbers are used up, the time of
  // day is beyond them.
  auto now = static_cast<uint64_t>(instant::now().wall);
  next_body_ = std::max(next_body_, now << 20);
  body_ids_end_ = next_body_;
}

void disk_store::note(const rocksdb::Status& status) {
  if (!status.IsCorruption() || is_damaged_)
    return;
  is_damaged_ = true;
  log::write(log::level::error, "The database {} is damaged: {}", directory_,
             status.ToString());
}

// The iterators of whoever met the damage must be gone.
bool disk_store::mend_now() {
  is_damaged_ = false;
  return !is_read_only_ && is_due(mended_at_, mending_interval)
         && reopen(opening::damaged);
}

// RocksDB would go on writing to a log that ends in half a record, or in one
// that was not synced and nobody was promised. So the log is cut there, and the
// database opened anew when the disk works again.
void disk_store::get_stuck(const rocksdb::Status& why, uint64_t last) {
  is_stuck_ = true;
  last_error_ = why;
  if (auto logs = files_in(directory_, ".log"); !is_read_only_ && !logs.empty())
    cut_log(logs.back(), last);
}

bool disk_store::go_on() {
  return !is_read_only_ && is_due(probed_at_, probe_interval) && has_room()
         && is_due(reopened_at_, reopen_interval) && reopen(opening::again);
}

bool disk_store::has_room() const {
  auto* env = env_ != nullptr ? env_ : rocksdb::Env::Default();
  auto path = directory_ + "/PROBE";
  auto status = rocksdb::WriteStringToFile(env, std::string(probe_size, '\0'),
                                           path, true);
  env->DeleteFile(path);
  return status.ok();
}

bool disk_store::reopen(opening why) {
  std::unique_lock lock{guard_};
  merger_.stop();
  db_.reset();
  quarantine aside{directory_};
  auto usable = open_mending(directory_, known_, env_, aside, why);
  damaged_.fetch_add(usable.damaged, std::memory_order_relaxed);
  for (const auto& each : usable.findings)
    log::write(log::level::warning, "{}", each);
  db_ = std::move(usable.db);
  is_stuck_ = !db_;
  if (!is_stuck_) {
    start();
    return true;
  }
  last_error_ = rocksdb::Status::IOError(usable.error);
  // What is there can still be read, perhaps.
  db_ = open_database(directory_, open_mode::read_only, known_, env_).db;
  if (!db_)
    db_ = open_database("/lost", open_mode::normal, known_, nowhere()).db;
  return false;
}

} // namespace troupe::storage
