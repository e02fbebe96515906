// libFuzzer target for dynamic security. The first byte says whether the rest
// is a file or a payload of commands. Whatever the bytes: no read past their
// end, and what comes of them can be written and is read back the same.
#include "security/dynsec_commands.hpp"
#include "security/dynsec_io.hpp"
#include "security/dynsec_json.hpp"
#include "security/dynsec_rules.hpp"

#include <cstdlib>
#include <string_view>

using namespace troupe::security;
using namespace troupe::security::dynsec;

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

void require_sound(const document& made) {
  auto again = read_document(write_document(made), "again");
  require(again.has_value());
  // A role may hold a topic that is left out when it is read.
  require(write_document(again->content) == write_document(made));
  for (auto what : {action::publish, action::receive, action::subscribe,
                    action::unsubscribe})
    explain(decide(made, {"id", "u"}, what, "a/b"));
}

document base() {
  document made;
  made.add_role("r", {});
  made.add_group("g", {});
  made.add_client("u", {});
  made.join("u", "g", 1);
  return made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0)
    return 0;
  std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  if (data[0] % 2 == 0) {
    if (auto made = read_document(text, "file"))
      require_sound(made->content);
    return 0;
  }
  surroundings around{{"id", "u"}, [](auto) { return std::string{}; }, {}};
  auto came = handle(base(), text, around);
  require(parse_json(came.response, "response").has_value());
  if (came.changed)
    require_sound(*came.changed);
  return 0;
}
