#include "io/affine.h"

#include <doctest/doctest.h>

using namespace tessera::io;

TEST_SUITE("io/affine") {
  TEST_CASE("maps are put together in their order") {
    const Affine turn{.yy = 0, .yx = 1, .y0 = 2, .xy = -1, .xx = 0, .x0 = 3};
    const Affine shift{.y0 = 5, .x0 = 7};
    // turn(shift(y, x)) = (x + 7 + 2, -(y + 5) + 3)
    CHECK(compose(turn, shift) == Affine{.yy = 0, .yx = 1, .y0 = 9, .xy = -1, .xx = 0, .x0 = -2});
    CHECK(compose(shift, turn) == Affine{.yy = 0, .yx = 1, .y0 = 7, .xy = -1, .xx = 0, .x0 = 10});
  }

  TEST_CASE("in three dimensions, too") {
    const Affine a{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, b{2, 0, 1, 1, 0, 3, 0, 2, 1, 1, 1, 3};
    CHECK(compose(a, b) == Affine{5, 9, 4, 18, 17, 25, 12, 46, 29, 41, 20, 74});
    CHECK(compose(a, {}) == a);
    CHECK(compose({}, a) == a);
  }
}
