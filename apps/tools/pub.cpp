#include "apps/tools/exit_status.hpp"
#include "apps/tools/line_reader.hpp"
#include "apps/tools/tool.hpp"
#include "apps/tools/tools.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <utility>

namespace troupe::tools {
namespace {

class publisher final : public tool {
public:
  explicit publisher(const pub_options& options)
      : tool(options, false), options_(options), remaining_(options.repeat) {}

  int run();

  void on_connected() override {}
  void on_refused(uint8_t code) override;
  bool on_message(const protocol::publish&) override { return true; }
  void on_published(uint16_t packet_id, protocol::reason reason,
                    std::string_view text) override;
  void on_subscribed(const protocol::suback&) override {}
  void on_disconnected(protocol::reason reason) override;

private:
  bool reads_lines() const noexcept {
    return options_.source == message_source::stdin_lines;
  }
  std::string load();
  void turn();
  void produce();
  void publish(std::shared_ptr<const outgoing_message> message);
  std::shared_ptr<outgoing_message> new_message(std::string payload) const;
  bool is_done() const;
  bool wants_lines() const;
  time_point deadline() const;
  void read_lines(const pollfd& input);
  void on_lost();

  const pub_options& options_;
  /// The message, unless they are lines.
  std::shared_ptr<const outgoing_message> message_;
  uint32_t remaining_;
  time_point next_at_{};
  line_reader lines_{STDIN_FILENO};
  /// No more messages: the broker does not take them.
  bool given_up_ = false;
};

int publisher::run() {
  if (auto problem = load(); !problem.empty()) {
    report("Error: " + problem);
    return failed;
  }
  if (connect())
    while (!status_)
      turn();
  return *status_;
}

std::string publisher::load() {
  std::string payload;
  std::string problem;
  if (options_.source == message_source::text)
    payload = options_.text;
  else if (options_.source == message_source::file)
    problem = read_whole(options_.text, payload);
  else if (options_.source == message_source::stdin_whole)
    problem = read_whole({}, payload);
  if (problem.empty() && options_.source == message_source::stdin_whole
      && payload.empty())
    problem = "Zero length input.";
  message_ = new_message(std::move(payload));
  return problem;
}

std::shared_ptr<outgoing_message>
publisher::new_message(std::string payload) const {
  auto result = std::make_shared<outgoing_message>();
  result->topic = *options_.topic;
  result->payload = std::move(payload);
  result->qos = options_.qos;
  result->retain = options_.retain;
  protocol::message message;
  to_message(options_.publish_properties, result->forwarded_properties,
             message);
  result->message_expiry_interval = message.message_expiry_interval;
  result->topic_alias = static_cast<uint16_t>(number_in(
      options_.publish_properties, protocol::property::topic_alias, 0));
  return result;
}

void publisher::on_refused(uint8_t code) {
  tool::on_refused(code);
  report("Error: The connection was refused.");
}

void publisher::on_published(uint16_t packet_id, protocol::reason reason,
                             std::string_view text) {
  next_at_ = clock::now() + options_.repeat_delay;
  if (!is_error(reason))
    return;
  report("Warning: Publish " + std::to_string(packet_id)
         + " failed: " + std::string{to_string(reason)} + ".");
  if (!text.empty())
    report(text);
}

void publisher::on_disconnected(protocol::reason reason) {
  tool::on_disconnected(reason);
  report("Error: The client is not currently connected.");
  status_ = not_connected;
}

void publisher::publish(std::shared_ptr<const outgoing_message> message) {
  switch (client_.publish(std::move(message))) {
  case client::publish_result::accepted:
    return;
  case client::publish_result::qos_not_supported:
    report("Error: Message QoS not supported on broker, try a lower QoS.");
    given_up_ = true;
    return;
  case client::publish_result::packet_too_large:
    report("Error: Message is larger than the broker takes.");
    return;
  }
}

/// Publishes what may go now.
void publisher::produce() {
  if (!client_.is_connected())
    return;
  if (reads_lines()) {
    while (!given_up_ && client_.has_room() && lines_.has_line())
      publish(new_message(*lines_.next()));
    return;
  }
  while (remaining_ > 0 && !given_up_ && client_.has_room()
         && client_.unacknowledged() == 0 && clock::now() >= next_at_) {
    --remaining_;
    next_at_ = clock::now() + options_.repeat_delay;
    publish(message_);
  }
}

bool publisher::is_done() const {
  auto all_sent = reads_lines() ? lines_.is_finished() : remaining_ == 0;
  return client_.is_connected() && (all_sent || given_up_)
         && client_.unacknowledged() == 0;
}

/// Nothing is read while too much is under way: so memory stays bounded.
bool publisher::wants_lines() const {
  return reads_lines() && client_.is_connected() && client_.has_room()
         && !lines_.has_line() && !lines_.has_ended();
}

time_point publisher::deadline() const {
  auto result = client_.deadline();
  if (!reads_lines() && client_.is_connected() && remaining_ > 0
      && client_.unacknowledged() == 0)
    result = std::min(result, next_at_);
  return result;
}

void publisher::read_lines(const pollfd& input) {
  if (input.revents == 0 || lines_.read_more())
    return;
  report("Error: Unable to read stdin, or a line is too long.");
  leave(failed, protocol::reason::success);
}

void publisher::on_lost() {
  connection_.close();
  if (reads_lines() && reconnect(never))
    return;
  report("Error: The connection was lost.");
  status_ = connection_lost;
}

void publisher::turn() {
  produce();
  if (is_done())
    return leave(success, protocol::reason::success);
  std::array<pollfd, 2> ready{
      connection_.interest(client_),
      pollfd{wants_lines() ? lines_.descriptor() : -1, POLLIN, 0}};
  waiter_.wait(ready, deadline());
  if (serve(ready[0]) == connection::state::lost)
    return on_lost();
  if (!status_)
    read_lines(ready[1]);
}

} // namespace
} // namespace troupe::tools

int troupe::pub_main(int argc, char** argv) {
  auto given = tools::parse_pub(argc, argv);
  if (given.what != tools::command_kind::run)
    return tools::explain(given.what, given.text);
  return tools::publisher{given.options}.run();
}
