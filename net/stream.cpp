#include "net/stream.hpp"

namespace troupe::net {

void stream::take_leave() noexcept {
  if (layer_ && socket_.is_open())
    layer_->shutdown(socket_);
}

void stream::shutdown_write() noexcept {
  take_leave();
  socket_.shutdown_write();
}

void stream::close() noexcept {
  layer_.reset();
  socket_.close();
}

std::string stream::peer() const {
  return peer_ ? *peer_ : socket_.peer();
}

std::string stream::address() const {
  auto name = peer();
  if (name.starts_with('['))
    return name.substr(1, name.find(']') - 1);
  return name.substr(0, name.rfind(':'));
}

void stream::set_peer(std::string name) {
  peer_ = std::make_unique<std::string>(std::move(name));
}

} // namespace troupe::net
