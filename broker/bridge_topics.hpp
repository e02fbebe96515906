#pragma once

#include "protocol/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::broker {

/// $SYS/broker/connection/NAME/state, where bridges say at a remote broker
/// whether they are there: all below $SYS that clients may publish. It is not
/// known of every one that it is a bridge.
bool is_bridge_state(std::string_view topic) noexcept;

/// Which way messages of a rule cross a bridge: `out` to the remote broker,
/// `in` from it.
enum class bridge_direction : uint8_t { out, in, both };

/// What is `local_prefix` + `pattern` here is `remote_prefix` + `pattern`
/// there. An empty pattern with both prefixes: two topics that stand for each
/// other. REQUIRES: both sums are topic filters; no wildcard in a prefix.
struct bridge_rule {
  std::string pattern;
  bridge_direction direction = bridge_direction::out;
  protocol::qos max_qos = protocol::qos::at_most_once;
  std::string local_prefix;
  std::string remote_prefix;
};

/// What to subscribe to.
struct bridge_filter {
  std::string filter;
  protocol::qos max_qos = protocol::qos::at_most_once;

  friend bool operator==(const bridge_filter&, const bridge_filter&) = default;
};

/// How a topic changes its name: `stripped` bytes go from its front and `added`
/// comes there. `added` is a view into the `bridge_topics` that said so.
struct topic_change {
  size_t stripped = 0;
  std::string_view added;

  friend bool operator==(const topic_change&, const topic_change&) = default;
};

/// Which topics cross a bridge, and under which name. Immutable: the functions
/// may be called from any thread.
///
/// Where several rules match, the first one with a prefix decides, and where
/// none of those has one the name stays, as in Mosquitto. As there, too, a
/// topic that matches but does not begin with the prefix loses nothing and gets
/// the other prefix: with `foo/` here and `bar/` there `foo/#` also matches
/// `foo`, which is `bar/foo` there.
///
/// A filter may be a shared subscription, `$share/NAME/...`, by its prefix or
/// by its pattern: several bridges divide the messages among them. `$share` and
/// the name are no part of topics.
class bridge_topics {
public:
  bridge_topics() = default;
  explicit bridge_topics(const std::vector<bridge_rule>& rules);

  /// To subscribe to here; each filter once, with the highest QoS of the rules
  /// that have it, in the order of the rules.
  const std::vector<bridge_filter>& local_filters() const noexcept {
    return local_filters_;
  }
  /// The same for the remote broker.
  const std::vector<bridge_filter>& remote_filters() const noexcept {
    return remote_filters_;
  }
  /// What only goes there, as it is named there: a session that the remote
  /// broker kept may still be subscribed to it.
  const std::vector<std::string>& unwanted_remote_filters() const noexcept {
    return unwanted_remote_filters_;
  }

  /// How `local_topic` is named there; nothing: it does not go there.
  std::optional<topic_change>
  outgoing(std::string_view local_topic) const noexcept {
    return change(out_, local_topic);
  }
  /// How `remote_topic` is named here; nothing: no rule brings it here.
  std::optional<topic_change>
  incoming(std::string_view remote_topic) const noexcept {
    return change(in_, remote_topic);
  }
  /// The same with the whole name in `out`, whose memory is used again; false
  /// where no rule matches: `out` is unchanged.
  bool incoming(std::string_view remote_topic, std::string& out) const;

  /// Whether what is sent there as `remote_topic` matches what is asked for
  /// there, and so may come back.
  bool echoes(std::string_view remote_topic) const noexcept {
    return incoming(remote_topic).has_value();
  }

private:
  struct mapping {
    std::string filter; // without $share and its name
    size_t fixed = 0;   // length of what stands before a lone `#` at the end
    std::string stripped;
    std::string added;

    bool matches(std::string_view topic) const noexcept;
  };

  static std::optional<topic_change> change(const std::vector<mapping>& among,
                                            std::string_view topic) noexcept;
  void add(const bridge_rule& rule);

  std::vector<mapping> out_; // in the order in which they decide
  std::vector<mapping> in_;
  std::vector<bridge_filter> local_filters_;
  std::vector<bridge_filter> remote_filters_;
  std::vector<std::string> unwanted_remote_filters_;
};

} // namespace troupe::broker
