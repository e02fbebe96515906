#include "apps/bench/fleet.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace troupe::bench {

void fleet::add(uint32_t count, const client_settings& settings) {
  clients_.reserve(clients_.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    auto index = static_cast<uint32_t>(clients_.size());
    clients_.push_back(std::make_unique<client>(loop_, owner_, settings, index,
                                                client_id(index)));
  }
}

void fleet::open_more() {
  while (under_way_ < limits_.concurrency && opened_ < clients_.size()) {
    ++under_way_;
    auto index = opened_++;
    clients_[index]->open(index / limits_.per_address);
  }
}

// At most 23 characters: MQTT 3.1 allows no more.
std::string client_id(uint32_t index) {
  return fmt::format("tb{}-{}", getpid(), index);
}

} // namespace troupe::bench
