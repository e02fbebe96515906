#include "apps/broker_main.hpp"

#include <string_view>

int main(int argc, char** argv) {
  return troupe::broker_main(argc, argv);
}
