#include "apps/bench/report.hpp"

#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace troupe::bench;

CAF_TEST(a report is good while all its checks are zero) {
  report made;
  made.add("rate", "rate", 12, "/s");
  made.add_check("lost", "lost", 0);
  CAF_CHECK(made.is_good());
  made.add_check("stray", "stray", 1);
  CAF_CHECK(!made.is_good());
}

CAF_TEST(a report with an error is not good) {
  report made;
  made.set_error("connect: Connection refused");
  CAF_CHECK(!made.is_good());
}

CAF_TEST(a verdict with any fault fails the report) {
  for (auto fault : {&verdict::lost, &verdict::duplicates, &verdict::misordered,
                     &verdict::bad_payload, &verdict::stray}) {
    verdict found;
    found.*fault = 1;
    report made;
    add_verdict(made, found);
    CAF_CHECK(!made.is_good());
  }
}

CAF_TEST(the JSON line holds every figure under its key) {
  report made;
  made.add("rate", "rate", 12.5, "/s");
  made.add_check("lost", "lost", 3);
  made.set_error("say \"no\"\n");
  auto text = as_json(made, options{});
  CAF_CHECK_EQUAL(text.find('\n'), text.size() - 1);
  auto line = nlohmann::json::parse(text);
  CAF_CHECK_EQUAL(line["scenario"].get<std::string>(), "pairs");
  CAF_CHECK_EQUAL(line["rate"].get<double>(), 12.5);
  CAF_CHECK_EQUAL(line["lost"].get<int>(), 3);
  CAF_CHECK_EQUAL(line["passed"].get<bool>(), false);
  CAF_CHECK_EQUAL(line["error"].get<std::string>(), "say \"no\"\n");
}

CAF_TEST(the table marks the check that failed) {
  report made;
  made.add_check("lost", "lost", 0);
  made.add_check("stray", "stray", 2);
  auto text = as_table(made, options{});
  auto failed = text.find("FAILED");
  CAF_CHECK(failed != text.npos);
  CAF_CHECK(failed > text.find("stray"));
}

CAF_TEST(percentiles are reported in microseconds) {
  histogram values;
  values.record(2'000);
  report made;
  add_percentiles(made, values);
  CAF_REQUIRE_EQUAL(made.figures().size(), 5U);
  for (const auto& one : made.figures())
    CAF_CHECK_EQUAL(one.value, 2.0);
}
