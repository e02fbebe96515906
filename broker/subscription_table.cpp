#include "broker/subscription_table.hpp"

#include <algorithm>

namespace troupe::broker {

subscription_table::const_iterator subscription_table::begin() const noexcept {
  return many_ ? const_iterator{many_->begin()} : const_iterator{few_.data()};
}

subscription_table::const_iterator subscription_table::end() const noexcept {
  return many_ ? const_iterator{many_->end()}
               : const_iterator{few_.data() + few_.size()};
}

const subscription_record*
subscription_table::find(std::string_view filter) const noexcept {
  if (many_) {
    auto found = many_->find(filter);
    return found != many_->end() ? &found->second : nullptr;
  }
  auto found = std::lower_bound(few_.begin(), few_.end(), filter, by_filter{});
  return found != few_.end() && found->first == filter ? &found->second
                                                       : nullptr;
}

bool subscription_table::assign(std::string_view filter,
                                const subscription_record& record) {
  if (!many_ && few_.size() == largest_few && find(filter) == nullptr)
    become_many();
  return many_ ? assign_many(filter, record) : assign_few(filter, record);
}

bool subscription_table::assign_few(std::string_view filter,
                                    const subscription_record& record) {
  auto place = std::lower_bound(few_.begin(), few_.end(), filter, by_filter{});
  if (place != few_.end() && place->first == filter) {
    place->second = record;
    return false;
  }
  few_.emplace(place, std::string{filter}, record);
  return true;
}

bool subscription_table::assign_many(std::string_view filter,
                                     const subscription_record& record) {
  auto found = many_->find(filter);
  if (found == many_->end()) {
    many_->emplace(std::string{filter}, record);
    return true;
  }
  auto node = many_->extract(found);
  node.value().second = record;
  many_->insert(std::move(node));
  return false;
}

bool subscription_table::erase(std::string_view filter) {
  if (many_) {
    auto found = many_->find(filter);
    if (found == many_->end())
      return false;
    many_->erase(found);
    if (many_->size() <= largest_few / 2)
      become_few();
    return true;
  }
  auto found = std::lower_bound(few_.begin(), few_.end(), filter, by_filter{});
  if (found == few_.end() || found->first != filter)
    return false;
  few_.erase(found);
  if (few_.empty())
    few_.shrink_to_fit();
  return true;
}

void subscription_table::become_many() {
  auto many = std::make_unique<tree>();
  for (auto& value : few_)
    many->insert(many->end(), std::move(value));
  many_ = std::move(many);
  few_ = {};
}

void subscription_table::become_few() {
  std::vector<value_type> few;
  few.reserve(many_->size());
  while (!many_->empty())
    few.push_back(std::move(many_->extract(many_->begin()).value()));
  few_ = std::move(few);
  many_.reset();
}

} // namespace troupe::broker
