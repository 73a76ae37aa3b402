
#include <doctest/doctest.h>

#include "io/doctor_chart.h"

using namespace tessera;
using namespace tessera::io;

namespace {

MaskFacts facts_with(const std::vector<float>& codes) {
  RawMask mask{.extents = {1, 1, std::ssize(codes)}, .codes = codes};
  return facts_of(mask);
}

Chart chart_with(const std::vector<std::vector<float>>& masks) {
  Chart chart;
  for (const auto& codes : masks) chart.cases.push_back({.found = {}, .mask = facts_with(codes)});
  return chart;
}

std::vector<float> values_of(const ExaminedCase& one) {
  std::vector<float> values;
  for (const auto& entry : one.mask.codes) values.push_back(entry.second.value);
  return values;
}

}  // namespace

TEST_SUITE("io/doctor_masks") {
  TEST_CASE("values become classes over the whole set") {
    Chart both = chart_with({{0, 1}, {0, 255}, {255}});
    check_mask_values(both);
    CHECK(values_of(both.cases[1]) == std::vector<float>{0, 1});
    CHECK(values_of(both.cases[2]) == std::vector<float>{1});
    CHECK(both.findings.size() == 2);

    Chart gaps = chart_with({{0, 1}, {0, 255}, {1, 255}});
    check_mask_values(gaps);
    CHECK(values_of(gaps.cases[2]) == std::vector<float>{1, 2});

    Chart ignoring = chart_with({{0, 1, 255}, {2}});
    ignoring.ignore = 255;
    check_mask_values(ignoring);
    CHECK(ignoring.findings.empty());

    // A class that no mask shows is no gap when it has a name.
    Chart named = chart_with({{0, 2}});
    named.labels.names = {"a", "b", "c"};
    check_mask_values(named);
    check_label_names(named);
    CHECK(named.findings.size() == 1);
    CHECK(named.findings[0].note);

    Chart renamed = chart_with({{0, 4}});
    renamed.labels.names = {"a", "b", "c"};
    check_mask_values(renamed);
    CHECK(renamed.labels.names == std::vector<std::string>{"a", "4"});
    CHECK(renamed.new_labels);
  }
}
