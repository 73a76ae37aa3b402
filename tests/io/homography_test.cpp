#include "io/homography.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/homography") {
  TEST_CASE("four points go where they should, and lines stay straight") {
    const std::array<PlanePoint, 4> from = {{{0, 0}, {0, 10}, {8, 0}, {8, 10}}};
    const std::array<PlanePoint, 4> to = {{{1, 2}, {0, 9}, {9, 1}, {7, 12}}};
    const Homography map = homography(from, to);
    for (size_t i = 0; i < 4; ++i) {
      CHECK(map(from[i]).y == doctest::Approx(to[i].y));
      CHECK(map(from[i]).x == doctest::Approx(to[i].x));
    }
    const PlanePoint a = map({1, 1}), b = map({3, 4}), c = map({7, 10});  // on one line
    CHECK((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) ==
          doctest::Approx(0).epsilon(1e-9));
    const Homography back = homography(to, from);
    CHECK(back(map({5, 3})).x == doctest::Approx(3));
    const Homography same = homography(from, from);
    CHECK(same({4, 7}).x == doctest::Approx(7));
    CHECK_THROWS_WITH_AS(homography({{{0, 0}, {1, 1}, {2, 2}, {0, 5}}}, to),
                         doctest::Contains("no three of four points may be on a line"), Error);
  }
}
