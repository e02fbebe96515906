#include "core/log.hpp"

#include "core/printable.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/syslog_sink.h>

#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe::log {

namespace {

using logger_ptr = std::shared_ptr<spdlog::logger>;

/// Writes each line with one system call, so that a line is out when `write`
/// returns, and lines of several processes do not mix.
class descriptor_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  descriptor_sink(int descriptor, bool owned)
      : descriptor_(descriptor), owned_(owned) {}
  descriptor_sink(const descriptor_sink&) = delete;
  descriptor_sink& operator=(const descriptor_sink&) = delete;
  ~descriptor_sink() override {
    if (owned_)
      ::close(descriptor_);
  }

protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const char* from = line.data();
    size_t left = line.size();
    while (left > 0) {
      auto written = ::write(descriptor_, from, left);
      if (written < 0 && errno == EINTR)
        continue;
      // A full disk or a reader that is gone must not stop the broker.
      if (written <= 0)
        return;
      from += written;
      left -= static_cast<size_t>(written);
    }
  }
  void flush_() override {}

private:
  int descriptor_;
  bool owned_;
};

/// The local time in a form of strftime, made anew once per second. spdlog
/// hands over a filled `tm` in some of its versions only.
class time_flag : public spdlog::custom_flag_formatter {
public:
  explicit time_flag(std::string form) : form_(std::move(form)) {}

  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& to) override {
    auto now = spdlog::log_clock::to_time_t(message.time);
    if (now != second_)
      render(now);
    to.append(text_.data(), text_.data() + size_);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<time_flag>(form_);
  }

private:
  void render(std::time_t now) {
    std::tm parts{};
    ::localtime_r(&now, &parts);
    size_ = std::strftime(text_.data(), text_.size(), form_.c_str(), &parts);
    second_ = now;
  }

  std::string form_;
  std::time_t second_ = -1;
  std::array<char, 256> text_{};
  size_t size_ = 0;
};

std::unique_ptr<spdlog::formatter> make_formatter(const options& wanted) {
  using spdlog::pattern_time_type;
  if (!wanted.timestamp)
    return std::make_unique<spdlog::pattern_formatter>(
        "%v", pattern_time_type::local, "\n");
  auto made = std::make_unique<spdlog::pattern_formatter>(
      pattern_time_type::local, "\n");
  made->add_flag<time_flag>('*', wanted.timestamp_format);
  // Mosquitto's separator, so that scripts find the text where it was.
  made->set_pattern("%*: %v");
  return made;
}

logger_ptr make_logger(std::vector<spdlog::sink_ptr> sinks) {
  auto made =
      std::make_shared<spdlog::logger>("troupe", sinks.begin(), sinks.end());
  made->set_level(spdlog::level::trace);
  return made;
}

logger_ptr first_logger() {
  auto sink = std::make_shared<descriptor_sink>(STDERR_FILENO, false);
  sink->set_formatter(make_formatter({}));
  return make_logger({std::move(sink)});
}

/// The logger in use. It is never destroyed: threads may still log while the
/// process exits.
struct shared_logger {
  std::mutex mutex;
  logger_ptr current = first_logger();
};

shared_logger& shared() {
  static auto& made = *new shared_logger;
  return made;
}

logger_ptr current_logger() {
  auto& all = shared();
  std::lock_guard guard{all.mutex};
  return all.current;
}

std::optional<std::string> add_files(const options& wanted,
                                     std::vector<spdlog::sink_ptr>& sinks) {
  for (const auto& path : wanted.files) {
    int file =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (file < 0)
      return fmt::format("cannot open log file {}: {}", path,
                         std::strerror(errno));
    auto sink = std::make_shared<descriptor_sink>(file, true);
    sink->set_formatter(make_formatter(wanted));
    sinks.push_back(std::move(sink));
  }
  return std::nullopt;
}

void add_streams(const options& wanted, std::vector<spdlog::sink_ptr>& sinks) {
  for (auto [on, descriptor] : {std::pair{wanted.to_stderr, STDERR_FILENO},
                                std::pair{wanted.to_stdout, STDOUT_FILENO}}) {
    if (!on)
      continue;
    auto sink = std::make_shared<descriptor_sink>(descriptor, false);
    sink->set_formatter(make_formatter(wanted));
    sinks.push_back(std::move(sink));
  }
}

spdlog::level::level_enum severity(level what) noexcept {
  switch (what) {
  case level::error:
    return spdlog::level::err;
  case level::warning:
    return spdlog::level::warn;
  case level::notice:
  case level::info:
    return spdlog::level::info;
  default:
    return spdlog::level::debug;
  }
}

} // namespace

std::string_view to_string(level value) noexcept {
  constexpr std::array<std::string_view, level_count> names{
      "error",     "warning",     "notice",     "information", "debug",
      "subscribe", "unsubscribe", "websockets", "internal"};
  return names[static_cast<size_t>(value)];
}

std::optional<std::string> configure(const options& wanted) {
  std::vector<spdlog::sink_ptr> sinks;
  if (auto problem = add_files(wanted, sinks))
    return problem;
  add_streams(wanted, sinks);
  if (wanted.to_syslog) {
    auto sink = std::make_shared<spdlog::sinks::syslog_sink_mt>(
        "troupe", LOG_PID, LOG_DAEMON, true);
    sink->set_pattern("%v");
    sinks.push_back(std::move(sink));
  }
  auto types = sinks.empty() ? no_levels : wanted.types;
  auto made = make_logger(std::move(sinks));
  auto& all = shared();
  std::lock_guard guard{all.mutex};
  all.current.swap(made);
  detail::active.store(types, std::memory_order_relaxed);
  return std::nullopt;
}

void append_escaped(std::string& to, std::string_view text) {
  while (!text.empty()) {
    auto length = printable_length(text);
    if (length > 0) {
      to.append(text.substr(0, length));
      text.remove_prefix(length);
    } else {
      fmt::format_to(std::back_inserter(to), "\\x{:02x}",
                     static_cast<uint8_t>(text.front()));
      text.remove_prefix(1);
    }
  }
}

void detail::put_format(level what, const std::string_view* client_id,
                        fmt::string_view format, fmt::format_args args) {
  fmt::memory_buffer text;
  fmt::vformat_to(fmt::appender(text), format, args);
  std::string line{to_string(what)};
  line += ": ";
  if (client_id != nullptr) {
    line += '[';
    append_escaped(line, *client_id);
    line += "] ";
  }
  append_escaped(line, {text.data(), text.size()});
  current_logger()->log(severity(what), spdlog::string_view_t{line});
}

} // namespace troupe::log
