#include "security/failure_brake.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

namespace troupe::security {

namespace {

using namespace std::string_view_literals;

/// IPv4 within IPv6 (RFC 4291, section 2.5.5.2), and behind the well-known
/// prefix of NAT64 (RFC 6052, section 2.1): there the last four bytes are the
/// client's address.
constexpr auto mapped_prefix = "\0\0\0\0\0\0\0\0\0\0\xff\xff"sv;
constexpr auto nat64_prefix = "\0\x64\xff\x9b\0\0\0\0\0\0\0\0"sv;
constexpr size_t subnet_bytes = 8;

bool begins_with(const std::array<char, 16>& bytes, std::string_view prefix) {
  return std::string_view{bytes.data(), bytes.size()}.starts_with(prefix);
}

/// Without port, brackets, and the interface of a link-local address.
std::string bare(std::string_view address) {
  if (address.starts_with('['))
    address = address.substr(1, address.find(']') - 1);
  else if (std::count(address.begin(), address.end(), ':') == 1)
    address = address.substr(0, address.find(':'));
  return std::string{address.substr(0, address.find('%'))};
}

} // namespace

std::optional<failure_brake::key>
failure_brake::key_of(std::string_view address) {
  auto text = bare(address);
  key made{};
  if (inet_pton(AF_INET, text.c_str(), made.data() + 12) == 1) {
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), made.begin());
    return made;
  }
  if (inet_pton(AF_INET6, text.c_str(), made.data()) != 1)
    return std::nullopt;
  if (!begins_with(made, mapped_prefix) && !begins_with(made, nat64_prefix))
    std::fill(made.begin() + subnet_bytes, made.end(), '\0');
  return made;
}

time_point failure_brake::allowed_at(std::string_view address,
                                     time_point now) const {
  auto of = key_of(address);
  if (!of)
    return now;
  auto found = by_key_.find(*of);
  return found == by_key_.end() ? now : std::max(now, found->second->wait_end);
}

void failure_brake::on_failure(std::string_view address, time_point now) {
  auto of = key_of(address);
  if (!of || limits_.slots == 0)
    return;
  auto& who = slot_of(*of, now);
  if (who.wait > duration::zero()) {
    // One that began before the wait did is not held against it twice.
    if (now >= who.wait_end)
      make_wait(who, std::min(who.wait * 2, limits_.longest_wait), now);
    return;
  }
  if (now - who.begin > limits_.window) {
    who.begin = now;
    who.failures = 0;
  }
  if (++who.failures >= limits_.failures)
    make_wait(who, std::min(limits_.first_wait, limits_.longest_wait), now);
}

void failure_brake::on_success(std::string_view address) {
  auto of = key_of(address);
  if (!of)
    return;
  auto found = by_key_.find(*of);
  if (found == by_key_.end())
    return;
  by_age_.erase(found->second);
  by_key_.erase(found);
}

/// The slot of an address that fails now, at the front.
failure_brake::slot& failure_brake::slot_of(const key& of, time_point now) {
  auto found = by_key_.find(of);
  if (found == by_key_.end()) {
    by_age_.push_front({of, 0, now, {}, time_point::min()});
    by_key_.emplace(of, by_age_.begin());
    if (by_age_.size() > limits_.slots) {
      by_key_.erase(by_age_.back().key);
      by_age_.pop_back();
    }
    return by_age_.front();
  }
  by_age_.splice(by_age_.begin(), by_age_, found->second);
  auto& who = by_age_.front();
  if (who.wait > duration::zero() && now > who.wait_end + limits_.longest_wait)
    who = {of, 0, now, {}, time_point::min()};
  return who;
}

void failure_brake::make_wait(slot& who, duration wait, time_point now) const {
  who.wait = wait;
  who.wait_end = now + wait;
}

} // namespace troupe::security
