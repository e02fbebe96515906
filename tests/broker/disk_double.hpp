#pragma once

#include "broker/sender.hpp"
#include "publications.hpp"

#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace troupe::broker {

/// A journal on paper, with the disk behind it: tests say when something is
/// written. What it is asked for is noted in `asked`.
class disk_double final : public sender_journal {
public:
  stored_ref remember(uint32_t item, const publication& message,
                      const entry_options& how, bool notify) override {
    if (!open_)
      open_ = journal_part::make(queue, 64);
    auto index =
        open_->add(item, how, static_cast<uint32_t>(message.payload().size()));
    if (notify)
      open_->ask_for_notice();
    return {open_, index};
  }
  void erase(uint64_t sequence, size_t) override {
    note("erase" + std::to_string(sequence));
    entries.erase(sequence);
  }
  void release(uint64_t sequence, uint16_t packet_id, size_t) override {
    note("release" + std::to_string(sequence));
    entries[sequence].message.reset();
    entries[sequence].options.packet_id = packet_id;
    entries[sequence].options.qos = protocol::qos::exactly_once;
  }
  void read(uint64_t from) override { note("read" + std::to_string(from)); }
  void drop_oldest(uint64_t from, size_t bytes) override {
    note("drop" + std::to_string(from) + "/" + std::to_string(bytes));
  }
  void drop_expired() override { note("drop_expired"); }

  /// The part of the batch that was accepted last; null: it has none.
  journal_part_ptr end_batch() { return std::exchange(open_, {}); }

  /// Writes a part; true: the sender wants to know.
  bool write(journal_part& part, const publication_batch& batch) {
    for (uint32_t i = 0; i < part.size(); ++i)
      if (auto sequence = queue->take_sequence(); part.seal(i, sequence))
        entries[sequence] = {sequence, batch.items[part[i].item].message,
                             part[i].options};
    return part.settle(false);
  }

  /// What lies on the disk from `from` on.
  queue_slice slice(uint64_t from, size_t max_count) const {
    queue_slice result;
    result.next = from;
    auto each = entries.lower_bound(from);
    for (; each != entries.end() && result.entries.size() < max_count; ++each) {
      result.entries.push_back(each->second);
      result.entries.back().sequence = each->first;
      result.next = each->first + 1;
    }
    result.at_end = each == entries.end();
    return result;
  }

  std::string take_asked() { return std::exchange(asked, {}); }

  disk_queue_ptr queue{new disk_queue(7, 1), false};
  std::map<uint64_t, stored_entry> entries;
  std::string asked;

private:
  void note(const std::string& what) {
    asked += (asked.empty() ? "" : " ") + what;
  }

  journal_part_ptr open_;
};

} // namespace troupe::broker
