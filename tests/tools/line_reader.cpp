#include "apps/tools/line_reader.hpp"

#include <caf/test/unit_test.hpp>

#include <unistd.h>

#include <array>
#include <string>
#include <vector>

using namespace troupe;

namespace {

/// A pipe whose end a reader reads.
struct fixture {
  fixture() {
    if (::pipe(ends.data()) != 0)
      CAF_FAIL("no pipe");
    reader.emplace(ends[0]);
  }
  ~fixture() {
    ::close(ends[0]);
    finish();
  }
  void write(const std::string& text) {
    auto count = ::write(ends[1], text.data(), text.size());
    CAF_REQUIRE_EQUAL(count, static_cast<ssize_t>(text.size()));
    CAF_REQUIRE(reader->read_more());
  }
  void finish() {
    if (ends[1] >= 0)
      ::close(ends[1]);
    ends[1] = -1;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> result;
    while (reader->has_line())
      result.push_back(*reader->next());
    return result;
  }

  using words = std::vector<std::string>;
  std::array<int, 2> ends{-1, -1};
  std::optional<tools::line_reader> reader;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(line_reader_tests, fixture)

CAF_TEST(lines come without their ends and empty ones too) {
  write("a\nb\r\n\nc\n");
  CAF_CHECK(lines() == (words{"a", "b\r", "", "c"}));
  CAF_CHECK(!reader->next().has_value());
}

CAF_TEST(a line may come in pieces) {
  write("on");
  CAF_CHECK(lines().empty());
  write("e\ntw");
  CAF_CHECK(lines() == words{"one"});
  write("o\n");
  CAF_CHECK(lines() == words{"two"});
}

CAF_TEST(the last line needs no end) {
  write("a\nb");
  CAF_CHECK(lines() == words{"a"});
  CAF_CHECK(!reader->is_finished());
  finish();
  CAF_REQUIRE(reader->read_more());
  CAF_CHECK(lines() == words{"b"});
  CAF_CHECK(reader->is_finished());
}

CAF_TEST(nothing is no line) {
  finish();
  CAF_REQUIRE(reader->read_more());
  CAF_CHECK(lines().empty());
  CAF_CHECK(reader->is_finished());
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(what cannot be read is an error) {
  tools::line_reader reader{-1};
  CAF_CHECK(!reader.read_more());
  std::string text;
  CAF_CHECK_EQUAL(tools::read_whole("/nonexistent/file", text),
                  "Unable to open file \"/nonexistent/file\".");
  CAF_CHECK(!tools::read_whole("/", text).empty());
  CAF_CHECK_EQUAL(tools::read_whole("/dev/null", text), "");
}
