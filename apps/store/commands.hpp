#pragma once

#include "apps/store/location.hpp"
#include "apps/store/options.hpp"

#include <string_view>

// One function per command; each returns the exit status.
namespace troupe::store_tool {

int show_info(const location& where, const options& given);
int show_sessions(const location& where, const options& given);
int show_queue(const location& where, const options& given);
int verify(const location& where);
int repair(const location& where);
int back_up(const location& where, const options& given);
int restore(const location& where, const options& given);
int import_file(const location& where, const options& given);

/// `Error: ...` on stderr; the status for it.
int complain(std::string_view what);

} // namespace troupe::store_tool
