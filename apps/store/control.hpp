#pragma once

#include <string>

namespace troupe::store_tool {

/// The unix socket of a running broker, in its persistence_location: one line
/// asks, one line answers.
inline constexpr const char* control_socket_name = "troupe.control";

/// What a broker answered.
struct control_answer {
  enum class kind : unsigned char {
    ok,
    /// Nothing listens there: no broker runs.
    no_broker,
    failed,
    /// A signal came; the broker goes on.
    interrupted,
  };
  kind what = kind::failed;
  /// For a person, where it failed.
  std::string text;
};

class control_client {
public:
  /// False if nobody listens at `socket`.
  static bool is_answered(const std::string& socket);
  /// Sends `line` and waits for the answer, for as long as it takes.
  static control_answer ask(const std::string& socket, const std::string& line);
};

} // namespace troupe::store_tool
