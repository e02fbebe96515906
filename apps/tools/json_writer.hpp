#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// Writes JSON piece by piece: compact, or with one member per line as
/// mosquitto_sub's --pretty has it. Keeps the order of members and names given
/// twice, which a tree of objects would not.
class json_writer {
public:
  json_writer(std::string& out, bool pretty) noexcept
      : out_(out), pretty_(pretty) {}

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  /// The name of the member whose value comes next.
  void name(std::string_view text);
  void string(std::string_view text);
  /// A number, true, false or null as it stands.
  void literal(std::string_view text);

private:
  struct level {
    bool is_array = false;
    bool is_empty = true;
  };
  void before_value();
  void new_line();

  std::string& out_;
  std::vector<level> levels_;
  bool pretty_;
};

} // namespace troupe::tools
