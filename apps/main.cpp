#include "apps/acl/acl_tool.hpp"
#include "apps/bench/bench.hpp"
#include "apps/broker_main.hpp"
#include "apps/config/config_tool.hpp"
#include "apps/passwd/passwd.hpp"
#include "apps/store/store_tool.hpp"
#include "apps/tools/tools.hpp"

#include <string_view>

// `troupe` without a subcommand is the broker, as its users know `mosquitto`.
int main(int argc, char** argv) {
  std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "pub")
    return troupe::pub_main(argc - 1, argv + 1);
  if (first == "sub")
    return troupe::sub_main(argc - 1, argv + 1);
  if (first == "bench")
    return troupe::bench::bench_main(argc - 1, argv + 1);
  if (first == "store")
    return troupe::store_main(argc - 1, argv + 1);
  if (first == "acl")
    return troupe::acl_main(argc - 1, argv + 1);
  if (first == "passwd")
    return troupe::passwd_main(argc - 1, argv + 1);
  if (first == "config")
    return troupe::config_main(argc - 1, argv + 1);
  return troupe::broker_main(argc, argv);
}
