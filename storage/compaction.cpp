#include "storage/compaction.hpp"

#include "storage/entry_pack.hpp"
#include "storage/keys.hpp"
#include "storage/records.hpp"

#include <cstring>
#include <string>
#include <utility>

namespace troupe::storage {

namespace {

// What is not an operand changes nothing.
int64_t change_of(const rocksdb::Slice& operand) noexcept {
  if (operand.size() != body_change{}.size())
    return 0;
  return static_cast<int64_t>(get_number<uint64_t>(operand.data()));
}

// Damaged counts must not overflow.
int64_t add(int64_t x, int64_t y) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(x)
                              + static_cast<uint64_t>(y));
}

bool has_count(const rocksdb::Slice& value) noexcept {
  return value.size() >= dead_body_size
         && static_cast<uint8_t>(value[0]) == record_format;
}

int64_t count_of(const rocksdb::Slice& value) noexcept {
  return static_cast<int64_t>(
      get_number<uint64_t>(value.data() + body_count_offset));
}

class body_counter : public rocksdb::MergeOperator {
public:
  const char* Name() const override { return "troupe.body_counter"; }

  bool FullMergeV2(const MergeOperationInput& in,
                   MergeOperationOutput* out) const override {
    // A body of an unknown format stays as it is: whoever reads it decides.
    if (in.existing_value != nullptr && !has_count(*in.existing_value)) {
      out->existing_operand = *in.existing_value;
      return true;
    }
    int64_t count = in.existing_value ? count_of(*in.existing_value) : 0;
    for (const auto& each : in.operand_list)
      count = add(count, change_of(each));
    write(in.existing_value, count, out->new_value);
    return true;
  }

  bool PartialMergeMulti(const rocksdb::Slice&,
                         const std::deque<rocksdb::Slice>& operands,
                         std::string* result, rocksdb::Logger*) const override {
    int64_t sum = 0;
    for (const auto& each : operands)
      sum = add(sum, change_of(each));
    body_change change;
    result->assign(encode_change(change, sum));
    return true;
  }

private:
  // A body that was lost has no content to keep.
  static void write(const rocksdb::Slice* body, int64_t count,
                    std::string& out) {
    auto is_alive = body != nullptr && count > 0;
    if (is_alive)
      out.assign(body->data(), body->size());
    else
      out.assign({static_cast<char>(record_format), '\0'});
    out.resize(is_alive ? body->size() : dead_body_size);
    put_number(out.data() + body_count_offset,
               is_alive ? static_cast<uint64_t>(count) : 0);
  }
};

class seen_union : public rocksdb::MergeOperator {
public:
  const char* Name() const override { return "troupe.seen_union"; }

  bool FullMergeV2(const MergeOperationInput& in,
                   MergeOperationOutput* out) const override {
    broker::seen_bits all{};
    // A block of an unknown format stays as it is: whoever reads it decides.
    if (in.existing_value != nullptr && !add(all, *in.existing_value)) {
      out->existing_operand = *in.existing_value;
      return true;
    }
    for (const auto& each : in.operand_list)
      add(all, each);
    seen_value value;
    out->new_value = encode_seen(value, all);
    return true;
  }

  bool PartialMergeMulti(const rocksdb::Slice&,
                         const std::deque<rocksdb::Slice>& operands,
                         std::string* result, rocksdb::Logger*) const override {
    broker::seen_bits all{};
    for (const auto& each : operands)
      add(all, each);
    seen_value value;
    result->assign(encode_seen(value, all));
    return true;
  }

private:
  static bool add(broker::seen_bits& to, const rocksdb::Slice& value) {
    auto bits = decode_seen(value.ToStringView());
    if (bits)
      to = broker::united(to, *bits);
    return bits.has_value();
  }
};

class dead_body_filter : public rocksdb::CompactionFilter {
public:
  const char* Name() const override { return "troupe.dead_body_filter"; }

  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value,
              std::string*, bool*) const override {
    return is_dead_body(value.ToStringView());
  }
};

class expiry_filter : public rocksdb::CompactionFilter {
public:
  explicit expiry_filter(wall_time now) : now_(now) {}

  const char* Name() const override { return "troupe.expiry_filter"; }

  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value,
              std::string*, bool*) const override {
    if (value.size() < expiry_offset + 8 || !is_known(value[0]))
      return false;
    auto expiry = static_cast<wall_time>(
        get_number<uint64_t>(value.data() + expiry_offset));
    return expiry > 0 && expiry <= now_;
  }

private:
  static bool is_known(char format) noexcept {
    return format == char{record_format} || format == char{authored_format};
  }

  wall_time now_;
};

// Only what is nothing but its entry: a shared body, and a released entry's old
// content, were removed by other means that must not be taken for this one's.
class done_entry_filter : public rocksdb::CompactionFilter {
public:
  done_entry_filter(told_ptr known, bool is_flush)
      : known_(std::move(known)), is_flush_(is_flush) {}

  const char* Name() const override { return "troupe.done_entry_filter"; }

  Decision FilterV2(int, const rocksdb::Slice& key, ValueType type,
                    const rocksdb::Slice& value, std::string*,
                    std::string* skip_until) const override {
    auto where = place_of(key.ToStringView());
    if (!where || type != ValueType::kValue || !is_done(*where)
        || !is_all_there_is(where->what, value.ToStringView()))
      return Decision::kKeep;
    // A merge leaves no trace in the last table. A table of what was in memory
    // would be full of traces; they are not needed, since an entry is put once
    // and nothing older can come up.
    if (!is_flush_)
      return Decision::kRemove;
    // The smallest key behind this one.
    skip_until->assign(key.data(), key.size()).push_back('\0');
    return Decision::kRemoveAndSkipUntil;
  }

private:
  static bool is_all_there_is(queue_record what, std::string_view value) {
    if (what != queue_record::entry)
      return value == gap_value || is_pack(value);
    auto entry = decode_entry_header(value);
    return entry && entry->kind == entry_kind::whole;
  }

  // One thread uses it, session after session.
  bool is_done(queue_position where) const {
    if (where.key != key_ || !has_key_) {
      has_key_ = true;
      key_ = where.key;
      until_ = known_->marks.until(where.key);
    }
    return where.sequence <= until_;
  }

  told_ptr known_;
  bool is_flush_;
  mutable bool has_key_ = false;
  mutable broker::session_key key_ = 0;
  mutable uint64_t until_ = 0;
};

class removal_collector : public rocksdb::TablePropertiesCollector {
public:
  const char* Name() const override { return "troupe.removal_collector"; }

  rocksdb::Status AddUserKey(const rocksdb::Slice&, const rocksdb::Slice&,
                             rocksdb::EntryType type, rocksdb::SequenceNumber,
                             uint64_t) override {
    ++entries_;
    if (type == rocksdb::kEntrySingleDelete || type == rocksdb::kEntryDelete)
      ++removals_;
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties*) override {
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override {
    return {};
  }
  // A merge is not worth it for a few.
  bool NeedCompact() const override {
    constexpr uint64_t worth_it = 5000;
    return removals_ >= worth_it && removals_ * 2 >= entries_;
  }

private:
  uint64_t entries_ = 0;
  uint64_t removals_ = 0;
};

class removal_collectors : public rocksdb::TablePropertiesCollectorFactory {
public:
  const char* Name() const override { return "troupe.removal_collectors"; }
  rocksdb::TablePropertiesCollector*
  CreateTablePropertiesCollector(Context) override {
    return new removal_collector; // RocksDB takes it over
  }
};

// Makes filters of one kind: `Make` returns a new one, for tables made of
// others or, with `at_flush`, also of what was in memory.
template <class Make>
class filter_factory : public rocksdb::CompactionFilterFactory {
  using reason = rocksdb::TableFileCreationReason;

public:
  filter_factory(const char* name, Make make, bool at_flush = false)
      : name_(name), make_(std::move(make)), at_flush_(at_flush) {}

  const char* Name() const override { return name_; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& of) override {
    return make_(of.reason == reason::kFlush);
  }
  bool ShouldFilterTableFileCreation(reason why) const override {
    return why == reason::kCompaction || (at_flush_ && why == reason::kFlush);
  }

private:
  const char* name_;
  Make make_;
  bool at_flush_;
};

} // namespace

std::string_view encode_change(body_change& out, int64_t by) noexcept {
  put_number(out.data(), static_cast<uint64_t>(by));
  return {out.data(), out.size()};
}

std::shared_ptr<rocksdb::MergeOperator> make_body_counter() {
  return std::make_shared<body_counter>();
}

std::shared_ptr<rocksdb::MergeOperator> make_seen_union() {
  return std::make_shared<seen_union>();
}

std::shared_ptr<rocksdb::CompactionFilterFactory> make_dead_body_filter() {
  auto make = [](bool) { return std::make_unique<dead_body_filter>(); };
  return std::make_shared<filter_factory<decltype(make)>>(
      "troupe.dead_body_filters", make);
}

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory>
make_removal_collector() {
  return std::make_shared<removal_collectors>();
}

std::shared_ptr<rocksdb::CompactionFilterFactory>
make_expiry_filter(const told_ptr& known) {
  auto make = [known](bool) {
    return std::make_unique<expiry_filter>(
        known->time.load(std::memory_order_relaxed));
  };
  return std::make_shared<filter_factory<decltype(make)>>(
      "troupe.expiry_filters", make);
}

std::shared_ptr<rocksdb::CompactionFilterFactory>
make_done_entry_filter(const told_ptr& known) {
  auto make = [known](bool is_flush) {
    return std::make_unique<done_entry_filter>(known, is_flush);
  };
  return std::make_shared<filter_factory<decltype(make)>>(
      "troupe.done_entry_filters", make, true);
}

} // namespace troupe::storage
