#include "nn/metric/boundary_iou.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/nn/metric/fixtures.h"

using namespace tessera;
using nn::VoxelSet;

TEST_SUITE("nn/metric/boundary_iou") {
  TEST_CASE("by hand") {
    VoxelSet a(Shape{10, 80}), b(Shape{10, 80});
    testing::add_box(a, {0, 0, 60}, {1, 6, 70});  // its top lies at the edge of the picture
    testing::add_box(b, {0, 0, 61}, {1, 6, 71});
    // Rings of 28 pixels, of which the upper and lower rows share 9 each and the sides nothing.
    CHECK(boundary_iou(a, b, 1) == doctest::Approx(18. / (28 + 28 - 18)));
    CHECK(boundary_iou(a, b, 100) == doctest::Approx(54. / 66));  // all of both
    CHECK(boundary_iou(a, a, 2) == 1);
    CHECK(std::isnan(boundary_iou(VoxelSet(Shape{2, 2}), VoxelSet(Shape{2, 2}), 1)));
    CHECK_THROWS_WITH_AS(boundary_iou(a, b, 0), doctest::Contains("at least 1, got 0"), Error);
    CHECK_THROWS_AS(boundary_iou(a, VoxelSet(Shape{2, 2}), 1), Error);
  }

  TEST_CASE("width") {
    CHECK(nn::boundary_width({300, 400}, 0.02) == 10);
    CHECK(nn::boundary_width({4, 4, 4}, 0.02) == 1);
  }
}
