#pragma once

#include "security/dynsec_document.hpp"
#include "security/dynsec_json.hpp"

#include <array>
#include <string>
#include <string_view>

/// How parts of a document look in JSON, in the file and in answers. Inside of
/// dynamic security only.
namespace troupe::security::dynsec {

/// The names of document::default_access, by `action`.
inline constexpr std::array<std::string_view, 4> default_access_names = {
    "publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"};

/// Adds `textname` and `textdescription`, where there are any.
void put_texts(json& to, const texts& from);

/// A list of objects with `name` and, unless it is the default, `priority`.
json view_references(const references& from, std::string_view name);

/// A role with its ACLs.
json view_role(const std::string& name, const role& from);

/// A group with its members.
json view_group(const std::string& name, const group& from);

/// A client with its groups, but without what the broker knows of it.
json view_client(const std::string& name, const client& from);

} // namespace troupe::security::dynsec
