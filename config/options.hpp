#pragma once

#include "config/draft.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::config {

/// What is wrong with a value and what would be right; nothing if it is fine.
using complaint = std::optional<std::string>;

/// A value as both file formats can write it.
using value = std::variant<bool, int64_t, std::string_view>;

/// What a value must be. A `list` holds texts that are given one by one.
enum class value_kind : uint8_t { boolean, integer, text, list };

/// A value as a file would say it.
using written_value =
    std::variant<bool, int64_t, std::string, std::vector<std::string>>;

/// Checks and stores one text.
template <class T>
using text_setter = complaint (*)(T&, std::string_view);

/// The texts that a `text_setter` would have to be given; none: the option must
/// be left out.
template <class T>
using text_getter = std::vector<std::string> (*)(const T&);

/// Where an option is kept.
template <class T>
using target =
    std::variant<bool T::*, uint8_t T::*, uint16_t T::*, uint32_t T::*,
                 uint64_t T::*, int64_t T::*, std::chrono::seconds T::*,
                 std::chrono::milliseconds T::*, std::string T::*,
                 std::optional<bool> T::*, std::optional<uint32_t> T::*,
                 std::optional<uint64_t> T::*, std::optional<std::string> T::*,
                 text_setter<T>>;

/// Which numbers an option takes, and what such a number is called.
struct number_range {
  int64_t least = 0;
  int64_t most = std::numeric_limits<int64_t>::max();
  std::string_view noun = "a count";
  /// Mosquitto takes smaller numbers for `least`.
  bool lenient = false;
  /// Seconds that 1 stands for, in an option that is a time.
  int64_t unit = 1;
};

/// Where an option may stand.
enum class place : uint8_t {
  /// In both formats.
  anywhere,
  /// In a listener of a JSON file; mosquitto.conf says it otherwise.
  json,
  /// Below a `listener` line only, not before the first.
  below_listener,
  /// In a listener of a JSON file, or where per_listener_settings is true.
  per_listener,
};

/// What a changed option takes when the configuration is read again.
enum class effect : uint8_t { at_once, new_connections, restart };

/// The beginning of `text`, at most `most` bytes of it, fit for a message:
/// control characters and what is not UTF-8 are escaped.
std::string escaped(std::string_view text, size_t most = 80);

/// One option: its name in both formats and what it does.
template <class T>
struct option {
  std::string_view name;
  target<T> where;
  number_range range = {};
  place stands = place::anywhere;
  /// Several texts may be given.
  bool is_list = false;
  /// A text without spaces.
  bool is_word = false;
  /// A list that is one line in mosquitto.conf, with spaces between.
  bool is_row = false;
  /// A list whose texts are numbers, which JSON writes as such.
  bool is_numbers = false;
  /// Not to be shown to people.
  bool is_secret = false;
  /// What people are told where there is no value; empty: `(none)`.
  std::string_view unset = {};
  /// The opposite of a `where` that is a `text_setter`.
  text_getter<T> written = nullptr;
  /// All that it can be; empty: any.
  std::span<const std::string_view> words = {};
  /// The option that this is another name of; empty: none.
  std::string_view same_as = {};
  effect applies = effect::at_once;
};

using broker_option = option<draft>;
using listener_option = option<listener_draft>;
using bridge_option = option<bridge_draft>;

std::span<const broker_option> broker_options() noexcept;
std::span<const listener_option> listener_options() noexcept;
std::span<const bridge_option> bridge_options() noexcept;

/// The option called `name`, or null.
const broker_option* find_broker_option(std::string_view name) noexcept;
const listener_option* find_listener_option(std::string_view name) noexcept;
const bridge_option* find_bridge_option(std::string_view name) noexcept;

/// What is wrong with any text of a configuration.
complaint check_text(std::string_view text);

/// The option's one name: that of another where it is only another name.
template <class T>
std::string name_of(const option<T>& what) {
  return std::string{what.same_as.empty() ? what.name : what.same_as};
}

template <class T>
value_kind kind_of(const option<T>& what) noexcept;

/// Checks `given` and stores it. REQUIRES: its type is that of `kind_of`.
template <class T>
complaint assign(T& in, const option<T>& what, const value& given);

/// The opposite of `assign`. Where the result is an empty list, the option
/// must be left out.
template <class T>
written_value value_of(const T& from, const option<T>& what);

/// Makes `what` in `to` what it is in `from`. REQUIRES: it is no list.
template <class T>
void copy(const T& from, T& to, const option<T>& what);

/// What `name` means, in one or two sentences; empty: there is no such option.
std::string_view meaning_of(std::string_view name) noexcept;

/// What becomes of an option of Mosquitto that this version does not have.
struct verdict {
  enum class kind : uint8_t { ignore, warn, refuse, plugin };
  kind what;
  std::string_view why;
};

/// Judges `name`; nothing if it is no such option. `is_true`: whether its value
/// is a true boolean.
std::optional<verdict> judge_unsupported(std::string_view name,
                                         bool is_true) noexcept;

/// "unknown option", with the known name that is nearest to `name` if one is.
std::string describe_unknown(std::string_view name);

} // namespace troupe::config
