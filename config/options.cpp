#include "config/options.hpp"

#include "core/log.hpp"
#include "core/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace troupe::config {

namespace {

template <class T>
const option<T>* find(std::span<const option<T>> all,
                      std::string_view name) noexcept {
  auto found = std::find_if(all.begin(), all.end(), [name](const auto& each) {
    return each.name == name;
  });
  return found == all.end() ? nullptr : &*found;
}

complaint check_number(const number_range& range, int64_t number) {
  if (number >= range.least && number <= range.most)
    return std::nullopt;
  if (range.most == std::numeric_limits<int64_t>::max())
    return fmt::format("{} is not {} (at least {})", number, range.noun,
                       range.least);
  return fmt::format("{} is not {} ({} to {})", number, range.noun, range.least,
                     range.most);
}

/// Lets a complaint that quotes a long text quote its beginning.
void shorten(std::string& wrong, std::string_view text) {
  auto quoted = escaped(text);
  if (auto found = wrong.find(text);
      found != std::string::npos && quoted.size() < text.size())
    wrong.replace(found, text.size(), quoted);
}

/// Stores into one member; what the reader has checked is only asserted.
template <class T>
class store {
public:
  store(T& in, const number_range& range, const value& given)
      : in_(in), range_(range), given_(given) {}

  complaint operator()(text_setter<T> set) const { return set(in_, text()); }
  complaint operator()(bool T::*member) const { return put(member, boolean()); }
  complaint operator()(std::optional<bool> T::*member) const {
    return put(member, boolean());
  }
  complaint operator()(std::string T::*member) const {
    return put(member, std::string{text()});
  }
  complaint operator()(std::optional<std::string> T::*member) const {
    return put(member, std::string{text()});
  }
  complaint operator()(std::chrono::seconds T::*member) const {
    return put(member, std::chrono::seconds{number() * range_.unit});
  }
  complaint operator()(std::chrono::milliseconds T::*member) const {
    return put(member, std::chrono::milliseconds{number()});
  }
  template <class Integer>
  complaint operator()(std::optional<Integer> T::*member) const {
    return put(member, static_cast<Integer>(number()));
  }
  template <class Integer>
  complaint operator()(Integer T::*member) const {
    return put(member, static_cast<Integer>(number()));
  }

private:
  template <class Member, class Value>
  complaint put(Member member, Value&& what) const {
    in_.*member = std::forward<Value>(what);
    return std::nullopt;
  }
  bool boolean() const noexcept { return *std::get_if<bool>(&given_); }
  int64_t number() const noexcept { return *std::get_if<int64_t>(&given_); }
  std::string_view text() const noexcept {
    return *std::get_if<std::string_view>(&given_);
  }

  T& in_;
  const number_range& range_;
  const value& given_;
};

/// The kind of value that a member of this type holds.
template <class Member>
constexpr value_kind member_kind() noexcept {
  if constexpr (std::is_same_v<
                    Member,
                    bool> || std::is_same_v<Member, std::optional<bool>>)
    return value_kind::boolean;
  else if constexpr (
      std::is_same_v<
          Member,
          std::string> || std::is_same_v<Member, std::optional<std::string>>)
    return value_kind::text;
  else
    return value_kind::integer;
}

/// Reads one member.
template <class T>
class load_visitor {
public:
  load_visitor(const T& from, const option<T>& what)
      : from_(from), what_(what) {}

  written_value operator()(text_setter<T>) const {
    auto texts = what_.written(from_);
    if (what_.is_list || texts.empty())
      return texts;
    return std::move(texts.front());
  }
  template <class Member>
  written_value operator()(std::optional<Member> T::*member) const {
    const auto& held = from_.*member;
    if (!held)
      return std::vector<std::string>{};
    if constexpr (std::is_integral_v<Member> && !std::is_same_v<Member, bool>)
      return static_cast<int64_t>(*held);
    else
      return *held;
  }
  written_value operator()(std::chrono::seconds T::*member) const {
    return int64_t{(from_.*member).count() / what_.range.unit};
  }
  written_value operator()(std::chrono::milliseconds T::*member) const {
    return int64_t{(from_.*member).count()};
  }
  written_value operator()(bool T::*member) const { return from_.*member; }
  written_value operator()(std::string T::*member) const {
    return from_.*member;
  }
  template <class Integer>
  written_value operator()(Integer T::*member) const {
    return static_cast<int64_t>(from_.*member);
  }

private:
  const T& from_;
  const option<T>& what_;
};

struct kind_visitor {
  template <class T>
  value_kind operator()(text_setter<T>) const noexcept {
    return value_kind::text;
  }
  template <class T, class Member>
  value_kind operator()(Member T::*) const noexcept {
    return member_kind<Member>();
  }
};

} // namespace

const broker_option* find_broker_option(std::string_view name) noexcept {
  return find(broker_options(), name);
}

const listener_option* find_listener_option(std::string_view name) noexcept {
  return find(listener_options(), name);
}

const bridge_option* find_bridge_option(std::string_view name) noexcept {
  return find(bridge_options(), name);
}

complaint check_text(std::string_view text) {
  if (is_printable(text))
    return std::nullopt;
  return "the value holds a control character or is not UTF-8; use printable "
         "UTF-8 text";
}

template <class T>
value_kind kind_of(const option<T>& what) noexcept {
  return what.is_list ? value_kind::list
                      : std::visit(kind_visitor{}, what.where);
}

std::string escaped(std::string_view text, size_t most) {
  std::string result;
  log::append_escaped(result, text.substr(0, most));
  if (text.size() > most)
    result += "...";
  return result;
}

template <class T>
complaint assign(T& in, const option<T>& what, const value& given) {
  if (const auto* number = std::get_if<int64_t>(&given))
    if (auto wrong = check_number(what.range, *number))
      return wrong;
  if (const auto* text = std::get_if<std::string_view>(&given))
    if (auto wrong = check_text(*text))
      return wrong;
  auto wrong = std::visit(store<T>{in, what.range, given}, what.where);
  if (const auto* text = std::get_if<std::string_view>(&given); wrong && text)
    shorten(*wrong, *text);
  return wrong;
}

template <class T>
written_value value_of(const T& from, const option<T>& what) {
  return std::visit(load_visitor<T>{from, what}, what.where);
}

template <class T>
void copy(const T& from, T& to, const option<T>& what) {
  std::visit(
      [&](auto where) {
        if constexpr (std::is_same_v<decltype(where), text_setter<T>>)
          for (const auto& text : what.written(from))
            static_cast<void>(where(to, text));
        else
          to.*where = from.*where;
      },
      what.where);
}

template written_value value_of(const draft&, const broker_option&);
template written_value value_of(const listener_draft&, const listener_option&);
template written_value value_of(const bridge_draft&, const bridge_option&);
template void copy(const draft&, draft&, const broker_option&);
template void copy(const listener_draft&, listener_draft&,
                   const listener_option&);
template value_kind kind_of(const broker_option&) noexcept;
template value_kind kind_of(const listener_option&) noexcept;
template value_kind kind_of(const bridge_option&) noexcept;
template complaint assign(draft&, const broker_option&, const value&);
template complaint assign(listener_draft&, const listener_option&,
                          const value&);
template complaint assign(bridge_draft&, const bridge_option&, const value&);

} // namespace troupe::config
