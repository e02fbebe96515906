#include "security/scram_text.hpp"

#include "core/printable.hpp"
#include "security/base64.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::security {

namespace {

/// Takes what is in front of the next comma, and the comma, off `text`.
std::string_view take(std::string_view& text) {
  auto end = text.find(',');
  auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

/// Whether a comma promises an attribute that does not come.
bool ends_open(std::string_view text) {
  return text.ends_with(',');
}

/// The value of `part` if it is the attribute `name`.
std::optional<std::string_view> value_of(std::string_view part, char name) {
  if (part.size() < 2 || part[0] != name || part[1] != '=')
    return std::nullopt;
  return part.substr(2);
}

bool is_nonce(std::string_view text) {
  auto is_allowed = [](char c) { return c > 0x20 && c < 0x7f && c != ','; };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_allowed);
}

/// Optional extensions, which may be passed over. `text` does not end in a
/// comma
/// (`ends_open`).
bool are_extensions(std::string_view text) {
  auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  while (!text.empty()) {
    auto part = take(text);
    if (part.size() < 3 || !is_letter(part[0]) || part[1] != '=')
      return false;
  }
  return true;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string name;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text[0] != '=') {
      name += text[0];
      continue;
    }
    if (!text.starts_with("=2C") && !text.starts_with("=3D"))
      return std::nullopt;
    name += text[1] == '2' ? ',' : '=';
    text.remove_prefix(2);
  }
  // SASLprep allows no control characters.
  bool ok = !name.empty() && is_printable(name);
  return ok ? std::optional{std::move(name)} : std::nullopt;
}

} // namespace

std::optional<scram_client_first> read_client_first(std::string_view text) {
  auto rest = text;
  auto binding = take(rest);
  auto acts_for = take(rest);
  // `y`: the client could bind the channel and sees that the server cannot.
  if ((binding != "n" && binding != "y") || !acts_for.empty()
      || ends_open(text))
    return std::nullopt;
  scram_client_first read;
  read.bare = rest;
  read.header = text.substr(0, text.size() - rest.size());
  // A mandatory extension, `m=`, would come in place of the name.
  auto name = value_of(take(rest), 'n');
  auto nonce = value_of(take(rest), 'r');
  if (!name || !nonce || !is_nonce(*nonce) || !are_extensions(rest))
    return std::nullopt;
  auto user = unescape(*name);
  if (!user)
    return std::nullopt;
  read.user = std::move(*user);
  read.nonce = *nonce;
  return read;
}

std::optional<scram_server_first> read_server_first(std::string_view text) {
  if (ends_open(text))
    return std::nullopt;
  auto nonce = value_of(take(text), 'r');
  auto salt_text = value_of(take(text), 's');
  auto count = value_of(take(text), 'i');
  if (!nonce || !salt_text || !count || !is_nonce(*nonce)
      || !are_extensions(text))
    return std::nullopt;
  scram_server_first read{*nonce, {}, 0};
  auto end = count->data() + count->size();
  auto [stop, error] = std::from_chars(count->data(), end, read.iterations);
  auto salt = from_base64(*salt_text);
  if (error != std::errc{} || stop != end || !salt || salt->empty())
    return std::nullopt;
  read.salt = std::move(*salt);
  return read;
}

std::optional<scram_client_final> read_client_final(std::string_view text) {
  auto last = text.rfind(',');
  if (last == std::string_view::npos)
    return std::nullopt;
  auto proof_text = value_of(text.substr(last + 1), 'p');
  auto rest = text.substr(0, last);
  auto without_proof = rest;
  auto header = value_of(take(rest), 'c');
  auto nonce = value_of(take(rest), 'r');
  if (ends_open(without_proof) || !proof_text || !header || !nonce
      || !is_nonce(*nonce) || !are_extensions(rest))
    return std::nullopt;
  auto proof = from_base64(*proof_text);
  if (!proof)
    return std::nullopt;
  return scram_client_final{without_proof, *header, *nonce, std::move(*proof)};
}

std::optional<std::string> read_server_final(std::string_view text) {
  bool is_open = ends_open(text);
  auto signature = value_of(take(text), 'v');
  if (is_open || !signature || !are_extensions(text))
    return std::nullopt;
  return from_base64(*signature);
}

std::string escape_scram_name(std::string_view name) {
  std::string escaped;
  for (auto c : name)
    if (c == ',')
      escaped += "=2C";
    else if (c == '=')
      escaped += "=3D";
    else
      escaped += c;
  return escaped;
}

} // namespace troupe::security
