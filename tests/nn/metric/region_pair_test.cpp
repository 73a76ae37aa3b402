#include "nn/metric/region_pair.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using nn::RegionPair;
using nn::VoxelSet;

TEST_SUITE("nn/metric/region_pair") {
  TEST_CASE("a cut of a larger picture") {
    VoxelSet p(Shape{4, 5}), r(Shape{4, 5});
    p.insert(0, 1, 1, 4);
    r.insert(0, 1, 2, 5);
    r.insert(0, 2, 2);
    const RegionPair pair(p, r, Shape{30, 40}, std::vector<double>{2, 0.5}, 7);
    CHECK(pair.overlap().both == 2);
    CHECK(pair.overlap().only_predicted == 1);
    CHECK(pair.overlap().only_reference == 2);
    CHECK(pair.overlap().neither == 1200 - 7 - 5);
    CHECK(pair.status() == nn::ClassStatus::found);
    CHECK(pair.voxel_volume() == 1);
    CHECK(pair.diagonal() == doctest::Approx(std::hypot(60, 20)));
    CHECK(&pair.lesions() == &pair.lesions());
    CHECK(pair.lesions().detected == 1);
    CHECK(pair.distances(nn::Convention::SurfaceKind::border).to_reference.values.size() == 3);
    CHECK(pair.slices().hausdorff > 0);
  }

  TEST_CASE("what does not fit") {
    const VoxelSet a(Shape{4, 5}), b(Shape{5, 4}), deep(Shape{1, 4, 5});
    CHECK_THROWS_WITH_AS(RegionPair(a, b, Shape{9, 9}),
                         doctest::Contains("must have the same shape, got [4, 5] and [5, 4]"),
                         Error);
    CHECK_THROWS_AS(RegionPair(deep, deep, Shape{9, 9}), Error);
    CHECK_THROWS_AS(RegionPair(a, a, Shape{9, 9}, std::vector<double>{1}), Error);
    CHECK_THROWS_AS(RegionPair(a, a, Shape{9, 9}, std::vector<double>{1, 0}), Error);
    CHECK_THROWS_AS(RegionPair(a, a, Shape{9, 9}).distances(nn::Convention::SurfaceKind::contours),
                    Error);
  }
}
