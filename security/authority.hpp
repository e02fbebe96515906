#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security {

/// A client as its rights are decided: who it said it is, once that is proved.
struct client_identity {
  std::string client_id;
  /// Nothing: the client is anonymous.
  std::optional<std::string> user_name;
};

/// What a client wants to do with a topic name or, to subscribe and
/// unsubscribe, with a topic filter.
enum class action : uint8_t { publish, receive, subscribe, unsubscribe };

/// What an authority says of a wish.
enum class ruling : uint8_t {
  allow,
  deny,
  /// It has no say in this: the next authority, or the default, decides.
  pass,
};

/// A ruling and, for an operator, what made it: `acl:12: topic read a/#`.
struct explained_ruling {
  ruling verdict = ruling::pass;
  std::string reason;
};

/// Decides who may do what with which topic: an ACL file, dynamic security.
/// Every thread may ask at any time.
class authority {
public:
  virtual ~authority() = default;

  /// `topic` is a topic filter where `what` is subscribe or unsubscribe.
  virtual ruling rule(const client_identity& who, action what,
                      std::string_view topic) const = 0;
  /// As `rule`, and says why. For tools and logs: it may take its time.
  virtual explained_ruling explain(const client_identity& who, action what,
                                   std::string_view topic) const {
    return {rule(who, what, topic), {}};
  }
  /// Grows whenever an earlier ruling may no longer hold, once the new ones are
  /// in force: rulings may be remembered until then.
  virtual uint64_t version() const noexcept = 0;
};

} // namespace troupe::security
