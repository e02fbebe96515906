#pragma once

#include "core/checked.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

// Changes to the text of a password file. All that is not about the user stays
// as it is, comments included.
namespace troupe::passwd_tool {

/// A changed text, and how many lines were about the user before.
struct edited {
  std::string text;
  size_t found = 0;
};

/// Puts `user:hash` in the place of the user's line, or at the end; further
/// lines of the same user, which no broker takes, go.
edited set_user(std::string_view text, std::string_view user,
                std::string_view hash);

/// Without the lines of `user`.
edited remove_user(std::string_view text, std::string_view user);

/// A text in which all passwords are hashed, and what there was to do.
struct upgraded {
  std::string text;
  size_t hashed = 0;
  size_t kept = 0;
};

/// Hashes every password that is none yet by `hash`. `file` is for the
/// explanation, which names the first line that cannot be read.
checked<upgraded>
upgrade(std::string_view text, std::string_view file,
        const std::function<checked<std::string>(std::string_view)>& hash);

} // namespace troupe::passwd_tool
