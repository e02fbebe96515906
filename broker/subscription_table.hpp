#pragma once

#include "protocol/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::broker {

struct subscription_record {
  protocol::subscription_options options;
  uint32_t identifier = 0;
  /// Index + 1 in the table of shared filters; 0: not shared.
  uint16_t shared = 0;
};

/// The subscriptions of one session by filter. Most sessions have one or a few:
/// they lie in a sorted array of exactly that size. Many lie in a tree.
class subscription_table {
public:
  using value_type = std::pair<std::string, subscription_record>;

private:
  struct by_filter {
    using is_transparent = void;
    bool operator()(const value_type& x, const value_type& y) const noexcept {
      return x.first < y.first;
    }
    bool operator()(const value_type& x, std::string_view y) const noexcept {
      return x.first < y;
    }
    bool operator()(std::string_view x, const value_type& y) const noexcept {
      return x < y.first;
    }
  };
  using tree = std::set<value_type, by_filter>;

public:
  /// Goes through the subscriptions in the order of their filters. Any change
  /// of the table invalidates it.
  class const_iterator {
  public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = subscription_table::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() noexcept = default;
    reference operator*() const noexcept {
      return few_ != nullptr ? *few_ : *many_;
    }
    pointer operator->() const noexcept { return &**this; }
    const_iterator& operator++() noexcept {
      if (few_ != nullptr)
        ++few_;
      else
        ++many_;
      return *this;
    }
    const_iterator operator++(int) noexcept {
      auto before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const const_iterator&,
                           const const_iterator&) noexcept = default;

  private:
    friend subscription_table;
    explicit const_iterator(pointer few) noexcept : few_(few) {}
    explicit const_iterator(tree::const_iterator many) noexcept : many_(many) {}

    pointer few_ = nullptr;
    tree::const_iterator many_;
  };

  size_t size() const noexcept { return many_ ? many_->size() : few_.size(); }
  bool empty() const noexcept { return size() == 0; }
  const_iterator begin() const noexcept;
  const_iterator end() const noexcept;

  /// The record of `filter`, or null; valid until the next change.
  const subscription_record* find(std::string_view filter) const noexcept;
  /// Adds or replaces. True if the filter is new.
  bool assign(std::string_view filter, const subscription_record& record);
  /// False if there was none.
  bool erase(std::string_view filter);

private:
  // More than this many lie in a tree, until there are half as many again.
  static constexpr size_t largest_few = 16;

  bool assign_few(std::string_view filter, const subscription_record& record);
  bool assign_many(std::string_view filter, const subscription_record& record);
  void become_many();
  void become_few();

  std::vector<value_type> few_;
  std::unique_ptr<tree> many_;
};

} // namespace troupe::broker
