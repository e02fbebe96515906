#include "broker/author.hpp"

#include <cassert>
#include <cstring>
#include <new>

namespace troupe::broker {

author::author(std::string_view client_id,
               std::optional<std::string_view> user_name,
               std::string_view listener) noexcept
    : client_id_size_(static_cast<uint16_t>(client_id.size())),
      user_name_size_(
          static_cast<uint16_t>(user_name.value_or(std::string_view{}).size())),
      listener_size_(static_cast<uint16_t>(listener.size())),
      has_user_name_(user_name.has_value()) {
  auto* out = reinterpret_cast<char*>(this + 1);
  for (auto part :
       {client_id, user_name.value_or(std::string_view{}), listener}) {
    assert(part.size() <= 0xffff);
    if (!part.empty())
      std::memcpy(out, part.data(), part.size());
    out += part.size();
  }
}

author_ptr author::make(std::string_view client_id,
                        std::optional<std::string_view> user_name,
                        std::string_view listener) {
  auto size = sizeof(author) + client_id.size()
              + user_name.value_or(std::string_view{}).size() + listener.size();
  void* memory = ::operator new(size);
  return author_ptr{new (memory) author(client_id, user_name, listener), false};
}

void author::release() const noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  this->~author();
  ::operator delete(const_cast<author*>(this));
}

} // namespace troupe::broker
