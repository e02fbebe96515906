#include "actors/loop.hpp"

#include "actors/routes.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::actors {

namespace {

/// Messages an actor may handle before others get their turn.
constexpr size_t max_messages_per_turn = 64;

/// Passes over the run queue before sockets get theirs.
constexpr size_t max_passes_per_turn = 64;

/// Turns in which a loop that ends finishes what it has begun.
constexpr size_t last_turns = 10'000;

thread_local loop* this_loop = nullptr;

} // namespace

loop::loop(caf::actor_system& system, size_t index)
    : caf::execution_unit(&system), index_(index),
      scratch_(std::make_unique_for_overwrite<uint8_t[]>(scratch_size)),
      policy_(make_policy({})), limits_(policy_->limits) {
  buffers_.reserve(spare_buffers);
}

loop::~loop() {
  join();
  discard_mail();
}

void loop::discard_mail() {
  for (auto* jobs : {&ready_, &inbox_jobs_}) {
    auto discarded = std::exchange(*jobs, {});
    for (auto* job : discarded)
      job->intrusive_ptr_release_impl();
  }
  // Nobody is left to be told.
  for (auto* receipts : {&receipts_, &inbox_receipts_}) {
    auto discarded = std::exchange(*receipts, {});
    for (auto [receiver, batch] : discarded)
      delete batch;
  }
}

std::string loop::open() {
  auto opened = poller_.open();
  return opened ? std::string{} : std::string{opened.error().text};
}

void loop::start() {
  thread_ = std::thread{[this] { run(); }};
}

void loop::stop() noexcept {
  stopping_ = true;
  poller_.wake();
}

void loop::join() {
  if (thread_.joinable())
    thread_.join();
}

loop* loop::current() noexcept {
  return this_loop;
}

void loop::set_policy(node_policy_ptr policy) {
  limits_ = policy->limits;
  policy_ = std::move(policy);
}

void loop::set_routes(std::shared_ptr<const route_table> routes) {
  routes_ = std::move(routes);
  batches_.resize(routes_->size());
}

broker::batch_ptr loop::make_batch(broker::batch_owner* owner, uint64_t number,
                                   broker::session_key publisher) {
  if (spare_batches_.empty())
    return broker::batch_ptr{
        new broker::publication_batch(owner, number, publisher), false};
  auto* batch = spare_batches_.back().release();
  spare_batches_.pop_back();
  batch->reset(owner, number, publisher);
  return broker::batch_ptr{batch, false};
}

void loop::recycle(broker::publication_batch* batch) {
  std::unique_ptr<broker::publication_batch> spare{batch};
  if (spare_batches_.size() == most_spare_batches
      || spare->items.capacity() > spare_batch_items)
    return;
  spare->items.clear(); // the publications are not kept
  spare->by.reset();
  spare_batches_.push_back(std::move(spare));
}

byte_buffer loop::take_buffer() noexcept {
  if (buffers_.empty())
    return {};
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void loop::give_back(byte_buffer&& buffer) noexcept {
  auto spare = std::move(buffer);
  if (buffers_.size() == spare_buffers || spare.capacity() > spare_buffer_size)
    return;
  spare.clear();
  buffers_.push_back(std::move(spare));
}

// -- what other threads may call
// ------------------------------------------------

void loop::exec_later(caf::resumable* job) {
  if (this_loop == this) {
    ready_.push_back(job);
    return;
  }
  {
    std::lock_guard guard{inbox_mutex_};
    inbox_jobs_.push_back(job);
    inbox_filled_ = true;
  }
  wake_if_asleep();
}

void loop::post_receipt(batch_receiver* receiver,
                        broker::publication_batch* batch) noexcept {
  if (this_loop == this) {
    receipts_.push_back({receiver, batch});
    return;
  }
  {
    std::lock_guard guard{inbox_mutex_};
    inbox_receipts_.push_back({receiver, batch});
    inbox_filled_ = true;
  }
  wake_if_asleep();
}

void loop::wake_if_asleep() noexcept {
  // Pairs with sleep_or_poll: either we see `asleep_`, or it sees the inbox.
  if (asleep_.exchange(false))
    poller_.wake();
}

void loop::forget(turn_target* target) noexcept {
  std::replace(ending_.begin(), ending_.end(), target,
               static_cast<turn_target*>(nullptr));
}

// -- the thread
// -----------------------------------------------------------------

void loop::run() {
  this_loop = this;
  auto has_begun = !stopping_;
  while (!stopping_)
    turn();
  for (size_t i = 0; i < last_turns && has_begun && has_work(); ++i)
    turn();
  this_loop = nullptr;
}

void loop::turn() {
  sleep_or_poll();
  now_ = clock::now(); // after the sleep and before anybody is told
  work();
}

void loop::run_one_turn(time_point now) {
  this_loop = this;
  poller_.wait(std::chrono::milliseconds{0});
  now_ = now;
  work();
  this_loop = nullptr;
}

bool loop::finish_work() {
  auto found = has_work();
  for (size_t i = 0; i < last_turns && has_work(); ++i)
    run_one_turn(clock::now());
  return found;
}

void loop::work() {
  poller_.dispatch();
  for (size_t pass = 0; pass < max_passes_per_turn; ++pass) {
    take_inbox();
    if (ready_.empty() && receipts_.empty())
      break;
    run_actors();
    hand_out_receipts();
  }
  timers_.fire(now_);
  end_turn();
}

bool loop::has_work() const noexcept {
  return !ready_.empty() || !receipts_.empty() || inbox_filled_;
}

void loop::sleep_or_poll() {
  using std::chrono::milliseconds;
  if (has_work()) {
    poller_.wait(milliseconds{0});
    return;
  }
  auto timeout = milliseconds{-1};
  if (auto due = timers_.next(); due != never)
    timeout = std::max(milliseconds{0},
                       std::chrono::ceil<milliseconds>(due - clock::now()));
  asleep_ = true;
  if (inbox_filled_ || stopping_)
    timeout = milliseconds{0};
  poller_.wait(timeout);
  asleep_ = false;
}

void loop::take_inbox() {
  if (!inbox_filled_)
    return;
  std::lock_guard guard{inbox_mutex_};
  inbox_filled_ = false;
  ready_.insert(ready_.end(), inbox_jobs_.begin(), inbox_jobs_.end());
  receipts_.insert(receipts_.end(), inbox_receipts_.begin(),
                   inbox_receipts_.end());
  inbox_jobs_.clear();
  inbox_receipts_.clear();
}

void loop::run_actors() {
  running_.swap(ready_);
  for (auto* job : running_)
    run_job(job);
  running_.clear();
}

void loop::run_job(caf::resumable* job) {
  switch (job->resume(this, max_messages_per_turn)) {
  case caf::resumable::resume_later:
    ready_.push_back(job);
    break;
  case caf::resumable::done:
  case caf::resumable::awaiting_message:
    job->intrusive_ptr_release_impl();
    break;
  case caf::resumable::shutdown_execution_unit:
    break;
  }
}

void loop::hand_out_receipts() {
  receipts_in_hand_.swap(receipts_);
  for (auto [receiver, batch] : receipts_in_hand_) {
    if (!receiver->on_receipt(*batch))
      recycle(batch);
  }
  receipts_in_hand_.clear();
}

void loop::end_turn() {
  for (next_ending_ = 0; next_ending_ < ending_.size();) {
    auto* target = ending_[next_ending_++];
    if (target != nullptr)
      target->on_end_of_turn();
  }
  ending_.clear();
}

} // namespace troupe::actors
