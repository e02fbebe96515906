#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// How bytes differ from others of the same size: values of a sensor differ in a
// few digits. Layout: docs/storage.md.
namespace troupe::storage {

/// Appends to `to` how `now` differs from `before`. False: that takes more than
/// `most` bytes, and `to` is as it was. REQUIRES: both have the same size.
bool append_difference(std::string& to, std::string_view before,
                       std::string_view now, size_t most);

class record_reader;

/// Makes of what was `before`, which is in `bytes`, what is `now`. False: what
/// `in` has next is no difference of so many bytes.
bool apply_difference(record_reader& in, char* bytes, size_t size);

} // namespace troupe::storage
