#pragma once

#include "broker/author.hpp"
#include "broker/publication.hpp"

namespace troupe::broker {

/// A message as it is retained.
struct retained_message {
  publication_ptr message;
  /// Null: the broker itself, or nobody knows.
  author_ptr by;
};

} // namespace troupe::broker
