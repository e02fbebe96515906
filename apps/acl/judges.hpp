#pragma once

#include "apps/acl/options.hpp"
#include "core/checked.hpp"
#include "security/access.hpp"

namespace troupe::acl_tool {

/// Who decides by the files that `given` names, as a broker would ask them.
/// Warnings go to standard error. Blocks.
checked<security::authorities> find_judges(const options& given);

} // namespace troupe::acl_tool
