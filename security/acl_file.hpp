#pragma once

#include "core/checked.hpp"
#include "security/authority.hpp"
#include "security/rule_tree.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::security {

struct acl_line;

/// The rules of an ACL file of Mosquitto, with its semantics: `topic` lines
/// concern the user of the last `user` line or, before the first, clients
/// without a user name; `pattern` lines concern everybody, and are asked where
/// no `topic` line decides; of either, those that deny come first. What no line
/// allows is denied. Immutable.
///
/// Beyond Mosquitto: the right `subscribe`. Where no line of the file uses it,
/// every SUBSCRIBE is allowed, as there; else those to a filter whose topics
/// are all covered by one line with that right, unless one that denies covers
/// them all. To unsubscribe is always allowed.
class acl_file final : public authority {
public:
  /// `name` is how rulings and complaints call the file. The explanation names
  /// the first line that cannot be read.
  static checked<std::shared_ptr<const acl_file>> parse(std::string text,
                                                        std::string name);
  /// The same for the file at `path`, see `read_protected_file`. Blocks.
  static checked<std::shared_ptr<const acl_file>> load(const std::string& path);

  acl_file(const acl_file&) = delete;
  acl_file& operator=(const acl_file&) = delete;

  ruling rule(const client_identity& who, action what,
              std::string_view topic) const override;
  explained_ruling explain(const client_identity& who, action what,
                           std::string_view topic) const override;
  uint64_t version() const noexcept override { return 0; }

  const std::string& name() const noexcept { return name_; }
  /// Lines that may do something else than meant, each as `FILE:LINE: ...`:
  /// the first hundred.
  const std::vector<std::string>& warnings() const noexcept {
    return warnings_;
  }
  /// How many `topic` and `pattern` lines there are.
  size_t rules() const noexcept { return rules_; }
  /// How many user names have lines of their own.
  size_t users() const noexcept { return users_.size(); }
  /// Whether a line uses the right `subscribe`.
  bool restricts_subscribing() const noexcept { return restricts_subscribing_; }

private:
  /// Who or what decided, if no line did.
  enum class cause : uint8_t {
    line,
    nothing_restricts,
    no_line,
    no_topic,
    unsafe_identity,
  };
  struct decision {
    ruling verdict = ruling::deny;
    cause why = cause::no_line;
    uint32_t line = 0;
  };

  acl_file(std::string text, std::string name);
  std::optional<explanation> read();
  std::optional<explanation> add(std::string_view line, uint32_t number);
  void add_rule(const acl_line& line, uint32_t number);
  void warn(const acl_line& line, uint32_t number);

  decision decide(const client_identity& who, action what,
                  std::string_view topic) const;
  /// 0 if no line is about this client.
  rule_tree::root root_of(const client_identity& who) const;
  std::string describe(const decision& made, const client_identity& who) const;
  std::string_view line_text(uint32_t number) const noexcept;

  /// What the views below look at.
  const std::string text_;
  const std::string name_;
  rule_tree tree_;
  rule_tree::root anonymous_;
  rule_tree::root patterns_;
  /// Of the lines that follow, while reading.
  rule_tree::root current_;
  std::unordered_map<std::string_view, rule_tree::root> users_;
  std::vector<std::string> warnings_;
  size_t rules_ = 0;
  bool has_patterns_ = false;
  bool restricts_subscribing_ = false;
};

} // namespace troupe::security
