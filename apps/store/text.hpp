#pragma once

#include "apps/tools/json_writer.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// How the tool writes values: for people, and as JSON.
namespace troupe::store_tool {

/// "312 bytes", "12.3 KiB" and so on.
std::string to_size(uint64_t bytes);

/// Local time, to the second.
std::string to_local(wall_time when);
/// UTC as ISO 8601, to the millisecond.
std::string to_utc(wall_time when);

/// What a terminal can show of `text`: the rest as \n, \x00 and so on. More
/// than `most` columns or so are cut off with an ellipsis.
std::string to_printable(std::string_view text, size_t most = SIZE_MAX);

/// Members of an object.
void put_number(tools::json_writer& out, std::string_view name, uint64_t value);
void put_flag(tools::json_writer& out, std::string_view name, bool value);
void put_text(tools::json_writer& out, std::string_view name,
              std::string_view value);
/// 0 is null.
void put_time(tools::json_writer& out, std::string_view name, wall_time when);

/// Writes to standard output and empties `text`. False: nobody reads it.
bool flush(std::string& text);

} // namespace troupe::store_tool
