#pragma once

#include "core/checked.hpp"
#include "security/secret.hpp"

#include <cstdio>

namespace troupe::passwd_tool {

/// Asks for one password on `talk` and reads a line of standard input; what is
/// typed at a terminal is not shown. A signal that ends the program meanwhile
/// finds the terminal as it was. Refuses what no MQTT client can send, and
/// nothing at all.
checked<security::secret> ask(const char* question, std::FILE* talk);

} // namespace troupe::passwd_tool
