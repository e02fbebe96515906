#pragma once

#include "apps/bench/histogram.hpp"
#include "apps/bench/ledger.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/process_watch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::bench {

/// One result of a run. The texts are literals.
struct figure {
  /// Its name in the JSON line.
  std::string_view key;
  /// Its name in the table.
  std::string_view title;
  double value = 0;
  std::string_view unit;
  /// Must be 0, or the run has failed.
  bool is_check = false;
};

/// The results of a run, in the order shown.
class report {
public:
  void add(std::string_view key, std::string_view title, double value,
           std::string_view unit);
  /// A count of errors.
  void add_check(std::string_view key, std::string_view title, uint64_t count);
  /// The run did not take place, or was cut short.
  void set_error(std::string why) { error_ = std::move(why); }

  const std::vector<figure>& figures() const noexcept { return figures_; }
  const std::string& error() const noexcept { return error_; }
  /// No error, and every check is 0.
  bool is_good() const noexcept;

private:
  std::vector<figure> figures_;
  std::string error_;
};

/// Adds p50, p90, p99, p99.9 and the maximum of nanoseconds as microseconds.
/// Adds nothing if nothing was recorded.
void add_percentiles(report& to, const histogram& from);
/// Adds CPU and memory; the CPU time for each of `count` things is the figure
/// `key`.
void add_process(report& to, const process_watch& from, uint64_t count,
                 std::string_view key, std::string_view title);
void add_verdict(report& to, const verdict& from);

/// For people, and for programs: one line.
std::string as_table(const report& from, const options& opts);
std::string as_json(const report& from, const options& opts);

} // namespace troupe::bench
