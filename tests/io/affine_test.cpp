#include "io/affine.h"

#include <doctest/doctest.h>

#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// One row 10, 20, 30, 40.
Image row() {
  Image image(1, 1, 4);
  image.pixels = {10, 20, 30, 40};
  return image;
}

}  // namespace

TEST_SUITE("io/affine") {
  TEST_CASE("whole steps copy pixels, half steps mix two") {
    CHECK(sample(row(), {}, 1, 4, Border::zero) == row());
    CHECK(sample(row(), {.x0 = 1}, 1, 3, Border::zero).pixels == std::vector<float>{20, 30, 40});
    CHECK(sample(row(), {.x0 = 0.5}, 1, 3, Border::zero).pixels == std::vector<float>{15, 25, 35});
    CHECK(sample(row(), {.xx = -1, .x0 = 3}, 1, 4, Border::zero).pixels ==
          std::vector<float>{40, 30, 20, 10});
  }

  TEST_CASE("outside is zero, the edge, or the mirrored image") {
    const Affine shift{.x0 = -2};
    using Pixels = std::vector<float>;
    CHECK(sample(row(), shift, 1, 8, Border::zero).pixels == Pixels{0, 0, 10, 20, 30, 40, 0, 0});
    CHECK(sample(row(), shift, 1, 8, Border::edge).pixels ==
          Pixels{10, 10, 10, 20, 30, 40, 40, 40});
    CHECK(sample(row(), shift, 1, 8, Border::reflect).pixels ==
          Pixels{30, 20, 10, 20, 30, 40, 30, 20});
    CHECK(sample(row(), {.x0 = -7}, 1, 2, Border::reflect).pixels == Pixels{20, 10});
    CHECK(sample(Image(1, 1, 1, 5), {.y0 = 9, .x0 = -3}, 1, 1, Border::reflect).pixels ==
          Pixels{5});
  }

  TEST_CASE("masks take the nearest label, at the same places") {
    LabelMap mask(1, 4);
    mask.labels = {1, 2, 3, 4};
    using Labels = std::vector<int32_t>;
    CHECK(sample(mask, {.x0 = 0.4}, 1, 4, Border::zero).labels == Labels{1, 2, 3, 4});
    CHECK(sample(mask, {.x0 = 0.6}, 1, 4, Border::zero).labels == Labels{2, 3, 4, 0});
    CHECK(sample(mask, {.x0 = -2}, 1, 8, Border::reflect).labels == Labels{3, 2, 1, 2, 3, 4, 3, 2});
  }

  TEST_CASE("maps are put together in their order") {
    const Affine turn{.yy = 0, .yx = 1, .y0 = 2, .xy = -1, .xx = 0, .x0 = 3};
    const Affine shift{.y0 = 5, .x0 = 7};
    // turn(shift(y, x)) = (x + 7 + 2, -(y + 5) + 3)
    CHECK(compose(turn, shift) == Affine{.yy = 0, .yx = 1, .y0 = 9, .xy = -1, .xx = 0, .x0 = -2});
    CHECK(compose(shift, turn) == Affine{.yy = 0, .yx = 1, .y0 = 7, .xy = -1, .xx = 0, .x0 = 10});
  }

  TEST_CASE("places far outside, or nowhere, do no harm") {
    for (const double far : {1e300, -1e300}) {
      CHECK(sample(row(), {.y0 = far, .x0 = far}, 1, 1, Border::zero).pixels[0] == 0);
      CHECK(sample(row(), {.x0 = far}, 1, 1, Border::edge).pixels[0] == (far > 0 ? 40 : 10));
    }
  }
}
