#include "apps/bench/process_watch.hpp"

#include <fmt/format.h>

#include <dirent.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace troupe::bench {

namespace {

// Often enough to see a peak, seldom enough not to be in the way.
constexpr auto between_looks = std::chrono::milliseconds{200};

std::string contents(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

uint64_t leading_number(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The first number of schedstat is the time on a core, in nanoseconds.
uint64_t cpu_of_threads(int pid) {
  auto folder = fmt::format("/proc/{}/task", pid);
  auto* dir = opendir(folder.c_str());
  if (dir == nullptr)
    return 0;
  uint64_t sum = 0;
  while (const auto* entry = readdir(dir))
    if (entry->d_name[0] != '.')
      sum += leading_number(
          contents(fmt::format("{}/{}/schedstat", folder, entry->d_name)));
  closedir(dir);
  return sum;
}

uint64_t rss_of(int pid) {
  return status_number(contents(fmt::format("/proc/{}/status", pid)), "VmRSS:");
}

} // namespace

uint64_t status_number(std::string_view text, std::string_view name) {
  auto at = text.find(name);
  if (at == text.npos)
    return 0;
  text.remove_prefix(at + name.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return leading_number(text);
}

uint64_t own_cpu() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000
         + static_cast<uint64_t>(used.tv_nsec);
}

process_watch::process_watch(int pid) : pid_(pid) {
  rss_start_ = look();
}

void process_watch::begin() {
  begun_ = clock::now();
  own_cpu_ = bench::own_cpu();
  if (is_on())
    cpu_ = cpu_of_threads(pid_);
}

void process_watch::end() {
  elapsed_ = clock::now() - begun_;
  own_cpu_ = bench::own_cpu() - own_cpu_;
  if (is_on())
    cpu_ = cpu_of_threads(pid_) - cpu_;
}

void process_watch::tick(time_point now) {
  if (!is_on() || now < next_look_)
    return;
  next_look_ = now + between_looks;
  look();
}

uint64_t process_watch::look() {
  if (!is_on())
    return 0;
  rss_end_ = rss_of(pid_);
  rss_peak_ = std::max(rss_peak_, rss_end_);
  return rss_end_;
}

} // namespace troupe::bench
