#include "apps/bench/publisher.hpp"

namespace troupe::bench {

namespace {

uint32_t copies_of(const plan& made, uint32_t index) {
  return made.streams[made.streams_of[index].front()].copies;
}

} // namespace

publisher::publisher(const plan& made, uint32_t index, const options& opts)
    : streams_(made.streams_of[index]),
      credit_(opts.rate > 0 ? 0 : static_cast<uint32_t>(opts.window),
              copies_of(made, index)),
      is_paced_(opts.rate > 0), batch_(static_cast<uint32_t>(opts.batch)),
      random_(index * 2654435761U + 1) {}

bool publisher::may_start() const noexcept {
  return is_paced_ ? owed_ != 0 : credit_.available() >= batch_;
}

bool publisher::may_go_on() const noexcept {
  return is_paced_ ? owed_ != 0 : credit_.available() != 0;
}

uint32_t publisher::next_stream() noexcept {
  if (is_paced_)
    --owed_;
  ++published_;
  credit_.published();
  if (streams_.size() == 1)
    return streams_.front();
  // xorshift: topics without a pattern that a cache of the broker could learn,
  // and the same in every run.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return streams_[random_ % streams_.size()];
}

} // namespace troupe::bench
