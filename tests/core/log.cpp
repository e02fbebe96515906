#include "core/log.hpp"

#include <caf/test/unit_test.hpp>

#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;

namespace {

/// A log file of its own; afterwards the log is as it was.
class fixture {
public:
  fixture() {
    char name[] = "/tmp/troupe-log-XXXXXX";
    int file = ::mkstemp(name);
    if (file >= 0)
      ::close(file);
    path = name;
    wanted.to_stderr = false;
    wanted.files = {path};
    wanted.timestamp = false;
  }
  ~fixture() {
    std::remove(path.c_str());
    auto reset = log::configure({});
    static_cast<void>(reset);
  }

  void start() {
    auto problem = log::configure(wanted);
    CAF_REQUIRE(!problem);
  }
  std::string content() const {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::string path;
  log::options wanted;
};

std::string escaped(std::string_view text) {
  std::string result;
  log::append_escaped(result, text);
  return result;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(log_tests, fixture)

CAF_TEST(a line holds its level and its text) {
  start();
  log::write(log::level::warning, "{} of {}", 1, "two");
  CAF_CHECK_EQUAL(content(), "warning: 1 of two\n");
}

CAF_TEST(a line about a client names it) {
  start();
  log::client(log::level::info, "sensor 7", "connected from {}", "::1");
  CAF_CHECK_EQUAL(content(), "information: [sensor 7] connected from ::1\n");
}

CAF_TEST(a client cannot forge or garble a line) {
  start();
  log::client(log::level::info, "x] ok\nerror: fire", "topic {}", "\x1b[2J");
  CAF_CHECK_EQUAL(content(), "information: [x] ok\\x0aerror: fire] topic "
                             "\\x1b[2J\n");
}

CAF_TEST(only what is not printable UTF - 8 is escaped) {
  CAF_CHECK_EQUAL(escaped("temp \u00b0C \u20ac \U0001f600"),
                  "temp \u00b0C \u20ac \U0001f600");
  CAF_CHECK_EQUAL(escaped("\x7f\t"), "\\x7f\\x09");
  CAF_CHECK_EQUAL(escaped("\xff"), "\\xff");
  CAF_CHECK_EQUAL(escaped("cut \xe2\x82"), "cut \\xe2\\x82");
  CAF_CHECK_EQUAL(escaped("\xc0\x80"), "\\xc0\\x80");
  CAF_CHECK_EQUAL(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  CAF_CHECK_EQUAL(escaped("\xc2\x85"), "\\xc2\\x85");
  CAF_CHECK_EQUAL(escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  CAF_CHECK_EQUAL(escaped(std::string_view{"a\0b", 3}), "a\\x00b");
}

CAF_TEST(levels that are off are neither enabled nor written) {
  wanted.types = log::bit(log::level::error) | log::bit(log::level::subscribe);
  start();
  CAF_CHECK(log::enabled(log::level::error));
  CAF_CHECK(log::enabled(log::level::subscribe));
  CAF_CHECK(!log::enabled(log::level::info));
  log::write(log::level::info, "unseen");
  log::write(log::level::subscribe, "seen");
  CAF_CHECK_EQUAL(content(), "subscribe: seen\n");
}

CAF_TEST(without a destination nothing is enabled) {
  wanted.files.clear();
  start();
  CAF_CHECK(!log::enabled(log::level::error));
}

CAF_TEST(a line begins with the local time in the form asked for) {
  wanted.timestamp = true;
  wanted.timestamp_format = "%Y!%%";
  start();
  // The year may turn between the two looks at the clock: take either.
  auto year = [] {
    auto now = std::time(nullptr);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    return std::to_string(1900 + parts.tm_year);
  };
  auto before = year();
  log::write(log::level::error, "x");
  auto line = content();
  CAF_CHECK(line == before + "!%: error: x\n"
            || line == year() + "!%: error: x\n");
}

CAF_TEST(by default the time is that of ISO 8601 with seconds) {
  wanted.timestamp = true;
  start();
  log::write(log::level::error, "x");
  auto line = content();
  for (auto& c : line)
    c = std::isdigit(static_cast<unsigned char>(c)) ? '0' : c;
  CAF_CHECK_EQUAL(line, "0000-00-00T00:00:00: error: x\n");
}

CAF_TEST(a log file that cannot be opened is an error and changes nothing) {
  start();
  log::options broken;
  broken.files = {"/nonexistent/troupe.log"};
  auto problem = log::configure(broken);
  CAF_REQUIRE(problem);
  CAF_CHECK_EQUAL(*problem, "cannot open log file /nonexistent/troupe.log: No "
                            "such file or directory");
  log::write(log::level::error, "still here");
  CAF_CHECK_EQUAL(content(), "error: still here\n");
}

CAF_TEST(a log file is appended to) {
  start();
  log::write(log::level::error, "first");
  start();
  log::write(log::level::error, "second");
  CAF_CHECK_EQUAL(content(), "error: first\nerror: second\n");
}

CAF_TEST(lines of several threads stay whole) {
  start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 500; ++n)
        log::write(log::level::error, "{}", std::string(300, 'x'));
    });
  for (auto& each : threads)
    each.join();
  auto line = "error: " + std::string(300, 'x') + "\n";
  std::string expected;
  for (int i = 0; i < 2000; ++i)
    expected += line;
  CAF_CHECK(content() == expected);
}

CAF_TEST_FIXTURE_SCOPE_END()
