#include "io/spread.h"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using tessera::io::Spread;
using tessera::io::spread_of;

TEST_SUITE("io/spread") {
  TEST_CASE("numbers by hand") {
    const Spread s = spread_of(std::vector<double>{4, 1, NAN, 2, INFINITY, 3});
    CHECK(s.count == 4);
    CHECK(s.undefined == 2);
    CHECK(s.mean == 2.5);
    CHECK(s.deviation == doctest::Approx(std::sqrt(5.0 / 3)));
    CHECK(s.low == 1);
    CHECK(s.median == 2.5);
    CHECK(s.high == 4);
    CHECK(spread_of(std::vector<double>{9, 1, 5}).median == 5);
  }

  TEST_CASE("one number, and none") {
    const Spread one = spread_of(std::vector<double>{7});
    CHECK(one.mean == 7);
    CHECK(one.deviation == 0);
    const Spread none = spread_of(std::vector<double>{NAN});
    CHECK(none.count == 0);
    CHECK(none.undefined == 1);
    CHECK(std::isnan(none.mean));
    CHECK(std::isnan(none.median));
    CHECK(spread_of({}).undefined == 0);
  }
}
