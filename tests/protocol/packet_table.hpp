#pragma once

#include "tests/protocol/table_acknowledgement.hpp"
#include "tests/protocol/table_connack.hpp"
#include "tests/protocol/table_connect.hpp"
#include "tests/protocol/table_publish.hpp"
#include "tests/protocol/table_subscribe.hpp"

#include <iterator>
#include <vector>

namespace troupe::test {

/// Every packet in every version, every property, every refusal.
inline const std::vector<packet_row>& packet_table() {
  static const auto table = [] {
    std::vector<packet_row> all;
    for (auto part :
         {connect_rows, will_rows, connect_property_rows, connect_failure_rows,
          connack_rows, connack_property_rows, publish_rows,
          publish_property_rows, publish_bad_property_rows,
          publish_failure_rows, subscribe_rows, suback_rows,
          subscribe_failure_rows, acknowledgement_rows,
          acknowledgement_failure_rows, farewell_rows, farewell_failure_rows}) {
      auto rows = part();
      all.insert(all.end(), std::make_move_iterator(rows.begin()),
                 std::make_move_iterator(rows.end()));
    }
    return all;
  }();
  return table;
}

} // namespace troupe::test
