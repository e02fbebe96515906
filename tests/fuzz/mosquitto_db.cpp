// libFuzzer target for the reader of Mosquitto's database. Whatever the bytes:
// no read past their end (the sanitizers see to that), it comes to an end, and
// what it gives is fit to be stored.
#include "storage/mosquitto_db.hpp"

#include "protocol/topic.hpp"

#include <cstdlib>
#include <variant>

using namespace troupe;
using namespace troupe::storage;

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

bool is_client_id(std::string_view id) {
  return !id.empty() && protocol::is_utf8_string(id);
}

struct checker {
  const mosquitto_db& file;

  void operator()(const mosquitto_message& what) const {
    require(protocol::is_topic_name(what.topic));
    require(what.qos <= protocol::qos::exactly_once);
    auto again = file.message_at(file.offset());
    require(again.has_value() && again->topic == what.topic
            && again->payload == what.payload
            && again->properties == what.properties);
  }
  void operator()(const mosquitto_client& what) const {
    require(is_client_id(what.id));
  }
  void operator()(const mosquitto_entry& what) const {
    require(is_client_id(what.client_id));
    require(what.qos <= protocol::qos::exactly_once);
  }
  void operator()(const mosquitto_subscription& what) const {
    require(is_client_id(what.client_id));
    require(protocol::parse_filter(what.filter).has_value());
    require(what.options.qos <= protocol::qos::exactly_once);
  }
  void operator()(const mosquitto_retained&) const {}
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto file = mosquitto_db::open({data, size});
  if (!file)
    return 0;
  for (;;) {
    auto before = file->done();
    auto next = file->next();
    if (next && !*next)
      return 0;
    // Each turn gets on, or a damaged file would be read for ever.
    require(file->done() > before && file->done() <= size);
    if (next)
      std::visit(checker{*file}, **next);
  }
}
