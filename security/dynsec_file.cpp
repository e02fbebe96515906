#include "security/dynsec_file.hpp"

#include "security/dynsec_initial.hpp"
#include "security/dynsec_password.hpp"
#include "security/file_swap.hpp"
#include "security/protected_file.hpp"
#include "security/secret.hpp"

#include <fmt/format.h>

#include <utility>

namespace troupe::security::dynsec {

namespace {

using complaint = std::optional<explanation>;

complaint replace(const std::string& path, std::string_view content) {
  auto wrong = replace_file(path, content);
  return wrong.empty() ? complaint{} : explanation{std::move(wrong)};
}

/// The first line, without the blanks at its end.
checked<std::string> read_password(const std::string& path) {
  auto content = read_protected_file(path);
  if (!content)
    return content.error();
  auto password = content->substr(0, content->find('\n'));
  password.erase(password.find_last_not_of(" \t\r\n\v\f") + 1);
  wipe(*content);
  if (password.empty())
    return explanation{fmt::format(
        "{}: its first line is to be the password of admin, but is empty",
        path)};
  return password;
}

checked<std::string> check_environment(const std::string& value) {
  constexpr size_t least = 12;
  if (value.size() < least)
    return explanation{fmt::format(
        "MOSQUITTO_DYNSEC_PASSWORD has {} characters; use at least {}",
        value.size(), least)};
  return value;
}

/// Draws passwords and writes them down beside `path`.
checked<creation>
create_by_lot(const std::string& path,
              const std::function<std::string(std::string_view)>& hash) {
  auto admin = make_random_password();
  auto demo = make_random_password();
  auto made = initial_document(hash, admin, &demo);
  if (admin.empty() || demo.empty() || !made)
    return explanation{"cannot make passwords: there are no random numbers"};
  auto beside = path + ".pw";
  auto text = fmt::format("admin {}\ndemoclient {}\n", admin, demo);
  auto wrong = replace(beside, text);
  for (auto* secret : {&admin, &demo, &text})
    wipe(*secret);
  if (wrong)
    return *wrong;
  return creation{std::move(*made), beside};
}

checked<creation>
create_given(checked<std::string> password,
             const std::function<std::string(std::string_view)>& hash) {
  if (!password)
    return password.error();
  auto made = initial_document(hash, *password, nullptr);
  wipe(*password);
  if (!made)
    return explanation{"cannot hash the password of admin"};
  return creation{std::move(*made), {}};
}

checked<creation>
create(const std::string& path, const first_password& given,
       const std::function<std::string(std::string_view)>& hash) {
  if (!given.file.empty())
    return create_given(read_password(given.file), hash);
  if (given.environment)
    return create_given(check_environment(*given.environment), hash);
  return create_by_lot(path, hash);
}

} // namespace

checked<reading> load_file(const std::string& path) {
  auto text = read_protected_file(path);
  if (!text)
    return text.error();
  return read_document(*text, path);
}

std::optional<explanation> save_file(const std::string& path,
                                     const document& content) {
  auto text = write_document(content);
  if (text.size() > most_file_bytes)
    return explanation{
        fmt::format("cannot save {}: it would have {} bytes, and files of more "
                    "than {} are not read; delete what is not needed",
                    path, text.size(), most_file_bytes)};
  return replace(path, text);
}

checked<creation>
create_file(const std::string& path, const first_password& given,
            const std::function<std::string(std::string_view)>& hash) {
  auto made = create(path, given, hash ? hash : make_stored_password);
  if (!made)
    return made;
  if (auto wrong = save_file(path, made->content))
    return *wrong;
  return made;
}

} // namespace troupe::security::dynsec
