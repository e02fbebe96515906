#include "broker/retry_schedule.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::broker {

namespace {

constexpr duration shortest_probe_period = std::chrono::seconds{5};
constexpr duration longest_probe_period = std::chrono::minutes{5};

} // namespace

retry_schedule::retry_schedule(const retry_settings& settings) noexcept
    : settings_(settings), last_wait_(settings.base),
      probe_period_(std::max<duration>(settings.base, shortest_probe_period)) {
  assert(settings.addresses > 0);
}

time_point retry_schedule::on_failure(time_point now, double random) noexcept {
  if (was_called_back_ && address() == 0)
    probe_period_ = std::max(probe_period_,
                             std::min(probe_period_ * 2, longest_probe_period));
  was_called_back_ = false;
  return fail(now, random);
}

void retry_schedule::on_connected(time_point now) noexcept {
  is_connected_ = true;
  was_called_back_ = false;
  connected_since_ = now;
  if (address() == 0)
    probe_period_ = std::max<duration>(settings_.base, shortest_probe_period);
  else if (!settings_.round_robin)
    next_probe_ = now + probe_period_;
}

time_point retry_schedule::on_lost(time_point now, double random) noexcept {
  assert(is_connected_);
  is_connected_ = false;
  next_probe_ = never;
  auto held = now - connected_since_;
  if (held >= settings_.stable)
    last_wait_ = settings_.base;
  if (held < std::max(settings_.stable, settings_.base))
    return fail(now, random);
  auto lost = address();
  first_ = settings_.round_robin ? lost : 0;
  tried_ = 0;
  // The first attempt of the round was the link itself.
  return lost == first_ ? fail(now, random) : now;
}

bool retry_schedule::should_probe_primary(time_point now) noexcept {
  if (now < next_probe_)
    return false;
  next_probe_ = now + probe_period_;
  return true;
}

void retry_schedule::on_primary_answers() noexcept {
  is_connected_ = false;
  was_called_back_ = true;
  next_probe_ = never;
  first_ = tried_ = 0;
}

time_point retry_schedule::fail(time_point now, double random) noexcept {
  if (++tried_ < settings_.addresses)
    return now;
  tried_ = 0;
  return now + next_wait(random);
}

duration retry_schedule::next_wait(double random) noexcept {
  duration base = settings_.base;
  if (settings_.cap <= settings_.base)
    return base;
  // Decorrelated jitter: brokers that lost the same peer come back apart.
  auto limit = std::min<duration>(settings_.cap, last_wait_ * 3);
  auto above = std::chrono::duration<double>(limit - base) * random;
  last_wait_ = base + std::chrono::duration_cast<duration>(above);
  return last_wait_;
}

} // namespace troupe::broker
