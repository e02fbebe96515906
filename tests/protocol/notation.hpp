#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

using bytes = std::vector<uint8_t>;

/// Reads the notation of the packet table, which is hexadecimal digits with
/// three shorthands that owe nothing to the code under test:
///   "abc"   two bytes of length, then the text
///   'abc'   the text alone
///   {...}   a variable byte integer with the length of what stands inside,
///           then that
///   *N      (behind a byte) that byte N times in all
class notation {
public:
  static bytes parse(std::string_view text) {
    notation source{text};
    auto result = source.group('\0');
    return result;
  }

private:
  explicit notation(std::string_view text) : left_(text) {}

  bytes group(char end) {
    bytes out;
    while (!left_.empty() && left_.front() != end)
      item(out);
    if (end != '\0')
      next();
    return out;
  }

  void item(bytes& out) {
    auto first = next();
    if (first == '{') {
      auto inner = group('}');
      append_length(out, inner.size());
      out.insert(out.end(), inner.begin(), inner.end());
    } else if (first == '"' || first == '\'') {
      auto text = quoted(first);
      if (first == '"') {
        out.push_back(static_cast<uint8_t>(text.size() >> 8));
        out.push_back(static_cast<uint8_t>(text.size()));
      }
      out.insert(out.end(), text.begin(), text.end());
    } else if (first == '*') {
      out.insert(out.end(), number() - 1, out.at(out.size() - 1));
    } else if (first != ' ' && first != '\n') {
      out.push_back(static_cast<uint8_t>(digit(first) << 4 | digit(next())));
    }
  }

  static void append_length(bytes& out, size_t length) {
    do {
      auto more = length >= 128;
      out.push_back(static_cast<uint8_t>(length % 128 + (more ? 128 : 0)));
      length /= 128;
    } while (length > 0);
  }

  std::string_view quoted(char quote) {
    auto end = left_.find(quote);
    auto text = left_.substr(0, end);
    left_.remove_prefix(end + 1);
    return text;
  }

  size_t number() {
    size_t value = 0;
    while (!left_.empty() && left_.front() >= '0' && left_.front() <= '9')
      value = value * 10 + static_cast<size_t>(next() - '0');
    return value;
  }

  char next() {
    if (left_.empty())
      throw std::invalid_argument{"the notation ends too early"};
    auto result = left_.front();
    left_.remove_prefix(1);
    return result;
  }

  static unsigned digit(char c) {
    auto value = std::string_view{"0123456789abcdef"}.find(c);
    if (value == std::string_view::npos)
      throw std::invalid_argument{std::string{"no hexadecimal digit: "} + c};
    return static_cast<unsigned>(value);
  }

  std::string_view left_;
};

} // namespace troupe::test
