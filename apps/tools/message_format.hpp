#pragma once

#include "apps/tools/received_message.hpp"
#include "apps/tools/wall_time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// The output format of `troupe sub -F`, taken apart once.
class message_format {
public:
  /// Reads `text` into `out`. Returns why it cannot, or nothing.
  static std::string parse(std::string_view text, message_format& out);

  /// Appends `message` to `out`, with `pretty` for JSON over several lines.
  /// False if a payload that the format wants as JSON is none: nothing stands
  /// for it then.
  bool append(std::string& out, const received_message& message, wall_time now,
              bool pretty) const;

private:
  struct segment {
    /// The letter behind `%`, '@' for strftime, 0 for text as it stands.
    char letter = 0;
    std::string text;
    bool left_aligned = false;
    bool zero_padded = false;
    size_t width = 0;
    std::optional<size_t> precision;
  };
  static std::string parse_field(std::string_view text, size_t& at,
                                 segment& out);
  void add_text(char letter);
  static bool append_segment(std::string& out, const segment& part,
                             const received_message& message, wall_time now,
                             bool pretty);

  std::vector<segment> segments_;
};

} // namespace troupe::tools
