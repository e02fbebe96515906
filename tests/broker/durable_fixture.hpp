#pragma once

#include "disk_double.hpp"
#include "sender_fixture.hpp"

#include <caf/test/unit_test.hpp>

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace troupe::broker {

/// A durable sender. What it has remembered is written when a test says so.
struct durable_fixture : sender_fixture {
  durable_fixture() { out.attach(disk, {}); }

  using packets = std::vector<queued_delivery>;

  std::string connect(uint16_t receive_maximum = 65'535) {
    sender_parameters client;
    client.receive_maximum = receive_maximum;
    return connect(client);
  }
  std::string connect(const sender_parameters& client) {
    packets sent;
    out.on_connected(client, now, sent);
    return show(sent);
  }

  // One batch; its part waits in `parts`. Shows what goes out at once.
  std::string publish(qos level, const std::vector<std::string>& payloads,
                      std::optional<uint32_t> expiry = std::nullopt) {
    batches.emplace_back(nullptr, 1, 0);
    auto& batch = batches.back();
    std::vector<delivery> deliveries;
    for (const auto& payload : payloads) {
      delivery what;
      what.item = static_cast<uint32_t>(batch.items.size());
      what.qos = level;
      deliveries.push_back(what);
      batch.add(make_publication(payload, "t", expiry, now));
    }
    out.accept(batch, deliveries, now);
    parts.push_back(disk.end_batch());
    return show(batch, deliveries);
  }

  // Writes the part of the oldest batch that waits, and shows what follows.
  std::string write() {
    auto part = take_part();
    packets sent;
    if (part && disk.write(*part, written))
      out.on_settled(*part, now, sent);
    return show(sent);
  }
  std::string fail() {
    auto part = take_part();
    packets sent;
    if (part->settle(true))
      out.on_settled(*part, now, sent);
    return show(sent);
  }
  journal_part_ptr take_part() {
    auto part = parts.front();
    parts.pop_front();
    written.items = batches.front().items;
    batches.pop_front();
    return part;
  }

  std::string slice(uint64_t from, size_t count = 100) {
    packets sent;
    out.on_slice(disk.slice(from, count), now, sent);
    return show(sent);
  }

  // The window is written, if it changed.
  std::string write_window() {
    std::vector<uint16_t> ids;
    packets sent;
    if (out.take_window_change(ids)) {
      window = out.window();
      out.on_window_stored(ids, sent);
    }
    return show(sent);
  }

  std::string released(const std::vector<uint16_t>& ids) {
    packets sent;
    out.on_released(ids, sent);
    return show(sent);
  }

  // Away and back in another sender, which begins with what is on disk.
  void park_and_attach() {
    out.on_disconnected(true);
    write_window();
    auto backlog = out.park();
    out = sender{limits};
    out.attach(disk, backlog);
    out.restore_window(window);
    CAF_CHECK_EQUAL(slice(1), "");
  }

  disk_double disk;
  std::deque<journal_part_ptr> parts;
  std::deque<publication_batch> batches;
  publication_batch written{nullptr, 1, 0};
  std::vector<launch_run> window;
};

} // namespace troupe::broker
