#include "apps/tools/exit_status.hpp"
#include "apps/tools/tool.hpp"
#include "apps/tools/tools.hpp"
#include "protocol/topic.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <utility>

namespace troupe::tools {
namespace {

class subscriber final : public tool {
public:
  explicit subscriber(const sub_options& options)
      : tool(options, true), options_(options) {}

  int run();

  void on_connected() override;
  bool on_message(const protocol::publish& packet) override;
  void on_published(uint16_t, protocol::reason, std::string_view) override {}
  void on_subscribed(const protocol::suback& packet) override;
  void on_disconnected(protocol::reason reason) override;

private:
  void turn();
  void look_at_clock();
  bool is_filtered_out(std::string_view topic) const;
  void clear_retained(std::string_view topic);
  void print(const protocol::publish& packet);
  void on_lost();

  const sub_options& options_;
  time_point ends_at_ = never;
  uint32_t printed_ = 0;
  /// Ends as soon as no handshake is unfinished; takes no more messages.
  bool ending_ = false;
  std::string line_;
  std::minstd_rand random_{std::random_device{}()};
};

int subscriber::run() {
  if (connect()) {
    if (options_.timeout != 0)
      ends_at_ = clock::now() + std::chrono::seconds{options_.timeout};
    while (!status_)
      turn();
  }
  return *status_;
}

void subscriber::on_connected() {
  std::vector<protocol::subscription_request> filters;
  for (const auto& topic : options_.topics) {
    auto& [filter, options] = filters.emplace_back();
    filter = topic;
    options.qos = options_.qos;
    if (options_.version == protocol::version::v5) {
      options.retain_as_published = options_.retain_as_published;
      options.retain_handling = options_.retain_handling;
    }
  }
  client_.subscribe(filters, options_.subscribe_properties);
  for (const auto& topic : options_.unsubscribe_topics)
    client_.unsubscribe(topic, options_.unsubscribe_properties);
}

void subscriber::on_subscribed(const protocol::suback& packet) {
  if (std::ranges::all_of(packet.codes,
                          [](auto code) { return is_error(code); })) {
    report("All subscription requests were denied.");
    ending_ = true;
  }
  if (options_.exit_after_subscribe)
    ending_ = true;
}

void subscriber::on_disconnected(protocol::reason reason) {
  tool::on_disconnected(reason);
  status_ = success;
}

bool subscriber::is_filtered_out(std::string_view topic) const {
  return std::ranges::any_of(options_.filtered_out, [&](const auto& filter) {
    return protocol::matches(filter, topic);
  });
}

void subscriber::clear_retained(std::string_view topic) {
  auto empty = std::make_shared<outgoing_message>();
  empty->topic = topic;
  empty->qos = protocol::qos::at_least_once;
  empty->retain = true;
  client_.publish(std::move(empty));
}

bool subscriber::on_message(const protocol::publish& packet) {
  if (options_.retained_only && !packet.retain)
    ending_ = true;
  if (ending_)
    return false;
  if (is_filtered_out(packet.topic))
    return true;
  if (options_.remove_retained && packet.retain)
    clear_retained(packet.topic);
  if ((options_.ignore_retained && packet.retain)
      || random_() % 1000 >= options_.chance)
    return true;
  print(packet);
  if (options_.message_count != 0 && ++printed_ >= options_.message_count)
    ending_ = true;
  return true;
}

void subscriber::print(const protocol::publish& packet) {
  // As mosquitto_sub: an empty payload alone is not even an empty line.
  if (!options_.format && packet.payload.empty()
      && !(options_.verbose && options_.end_of_line))
    return;
  line_.clear();
  auto good = true;
  if (options_.format) {
    good = options_.format->append(line_, read_message(packet),
                                   wall_clock_now(), options_.pretty);
  } else {
    if (options_.verbose)
      line_.append(packet.topic).append(1, ' ');
    line_ +=
        options_.verbose && packet.payload.empty() ? "(null)" : packet.payload;
  }
  if (options_.end_of_line)
    line_ += '\n';
  if (std::fwrite(line_.data(), 1, line_.size(), stdout) != line_.size()
      || std::fflush(stdout) != 0) {
    report("Error: Unable to write output.");
    status_ = failed;
  }
  if (!good)
    report("Error: Message payload is not valid JSON on topic "
           + std::string{packet.topic} + ".");
}

void subscriber::on_lost() {
  connection_.close();
  if (!reconnect(ends_at_))
    look_at_clock();
}

/// Ends if a signal or the timeout says so.
void subscriber::look_at_clock() {
  // A client that is stopped has not said that all is well: the will is sent.
  if (waiter_.stop_requested())
    return leave(success, protocol::reason::disconnect_with_will);
  if (clock::now() < ends_at_)
    return;
  report("Timed out");
  leave(timed_out, protocol::reason::disconnect_with_will);
}

void subscriber::turn() {
  auto ready = connection_.interest(client_);
  waiter_.wait({&ready, 1}, std::min(client_.deadline(), ends_at_));
  auto state = serve(ready);
  if (status_)
    return;
  if (state == connection::state::lost)
    return on_lost();
  if (ending_ && client_.is_idle())
    return leave(success, protocol::reason::success);
  look_at_clock();
}

} // namespace
} // namespace troupe::tools

int troupe::sub_main(int argc, char** argv) {
  auto given = tools::parse_sub(argc, argv);
  if (given.what != tools::command_kind::run)
    return tools::explain(given.what, given.text);
  return tools::subscriber{given.options}.run();
}
