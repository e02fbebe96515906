#include "apps/tools/json_writer.hpp"

#include "apps/tools/message_json.hpp"

namespace troupe::tools {

void json_writer::before_value() {
  // Members have their comma from `name`.
  if (levels_.empty() || !levels_.back().is_array)
    return;
  if (!levels_.back().is_empty)
    out_ += pretty_ ? ", " : ",";
  levels_.back().is_empty = false;
}

void json_writer::new_line() {
  if (!pretty_)
    return;
  out_ += '\n';
  out_.append(levels_.size(), '\t');
}

void json_writer::begin_object() {
  before_value();
  out_ += '{';
  levels_.push_back({});
}

void json_writer::end_object() {
  auto was_empty = levels_.back().is_empty;
  levels_.pop_back();
  if (!was_empty)
    new_line();
  out_ += '}';
}

void json_writer::begin_array() {
  before_value();
  out_ += '[';
  levels_.push_back({true, true});
}

void json_writer::end_array() {
  levels_.pop_back();
  out_ += ']';
}

void json_writer::name(std::string_view text) {
  if (!levels_.back().is_empty)
    out_ += ',';
  levels_.back().is_empty = false;
  new_line();
  append_json_string(out_, text);
  out_ += pretty_ ? ":\t" : ":";
}

void json_writer::string(std::string_view text) {
  before_value();
  append_json_string(out_, text);
}

void json_writer::literal(std::string_view text) {
  before_value();
  out_ += text;
}

} // namespace troupe::tools
