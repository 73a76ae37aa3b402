#include "io/axis.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Axis;
using io::make_axis;
using Labels = std::vector<std::string>;

namespace {

Axis axis_of(std::initializer_list<double> values, const io::AxisOptions& options = {}) {
  return make_axis({values.begin(), values.size()}, options);
}

}  // namespace

TEST_SUITE("io/axis") {
  TEST_CASE("ticks are round and hold the values") {
    CHECK(axis_of({0.13, 0.87}).labels == Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"});
    CHECK(axis_of({-3, 11}).labels == Labels{"-5", "0", "5", "10", "15"});
    CHECK(axis_of({0.001, 0.0042}).labels == Labels{"0.001", "0.002", "0.003", "0.004", "0.005"});
    CHECK(axis_of({0, 3e7}).labels == Labels{"0", "1e+07", "2e+07", "3e+07"});
    CHECK(axis_of({0.2, 0.7}, {.low = 0, .high = 1}).ticks.size() == 6);
  }

  TEST_CASE("whole numbers") {
    CHECK(axis_of({1, 4}, {.whole = true}).labels == Labels{"1", "2", "3", "4"});
    CHECK(axis_of({1}, {.whole = true}).labels == Labels{"1", "2"});
    const Axis epochs = axis_of({1, 120}, {.whole = true});
    CHECK(epochs.low == 1);
    CHECK(epochs.labels == Labels{"50", "100"});
  }

  TEST_CASE("logarithms") {
    CHECK(axis_of({0.003, 20}, {.log = true}).labels == Labels{"0.01", "0.1", "1", "10"});
    CHECK(axis_of({0.1, 1}, {.log = true}).labels == Labels{"0.1", "0.2", "0.5", "1"});
    CHECK(axis_of({1e-9, 1e9}, {.log = true}).ticks.size() <= 7);
    const Axis narrow = axis_of({0.21, 0.24}, {.log = true});
    CHECK(narrow.ticks.size() >= 3);
    CHECK(std::abs(axis_of({0.1, 10}, {.log = true}).place(1) - 0.5) < 1e-12);
    CHECK_FALSE(narrow.shows(0));
    CHECK_FALSE(narrow.shows(-1));
  }

  TEST_CASE("no value, one value, hostile values") {
    const double inf = INFINITY, big = std::numeric_limits<double>::max();
    CHECK(axis_of({}).labels == Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"});
    CHECK(axis_of({NAN, inf, -inf, big}).low == 0);
    CHECK(axis_of({NAN}, {.log = true}).low == 0.1);
    for (const bool log : {false, true}) {
      for (const bool whole : {false, true}) {
        for (const double a : {0.0, 1.0, -1.0, 5.0, 1e-99, 1e-320, 1e15, 1e99, 0.1}) {
          for (const double b : {0.0, 1.0, -7.0, 1e-99, 1e15 + 1, 1e99, -1e99, 0.1 + 1e-16}) {
            const Axis axis = axis_of({a, b}, {.log = log, .whole = whole});
            INFO(a, " ", b, " ", log, " ", whole);
            CHECK(axis.low < axis.high);
            CHECK(!axis.ticks.empty());
            CHECK(axis.ticks.size() <= 13);
            CHECK(axis.ticks.size() == axis.labels.size());
            for (const double value : {a, b}) {
              if (!axis.shows(value)) continue;
              CHECK(axis.place(value) >= -1e-9);
              CHECK(axis.place(value) <= 1 + 1e-9);
            }
          }
        }
      }
    }
    CHECK(axis_of({-5}, {.low = 0}).high > 0);
    CHECK_THROWS_WITH_AS(
        axis_of({1}, {.log = true, .low = 0}),
        "make_axis: ends must be finite, and above 0 on a logarithmic axis, got 0 and 1", Error);
  }
}
