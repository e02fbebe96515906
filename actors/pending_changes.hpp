#pragma once

#include "actors/messages.hpp"
#include "broker/store.hpp"

namespace troupe::actors {

// Changes of a session that cannot be written for now, because the disk is full
// say, are none the less what its next connection has to begin with.

/// Makes of what is on disk what will be there once `what` is written.
/// REQUIRES: both are of the same session.
void apply(const remember& what, broker::stored_session& to);
void apply(const remember& what, broker::queue_slice& to);

} // namespace troupe::actors
