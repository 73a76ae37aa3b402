#include "nn/metric/nearest_voxel.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/random.h"
#include "nn/metric/distance_transform.h"

using namespace tessera;
using nn::nearest_distances;
using nn::VoxelSet;

namespace {

VoxelSet random_set(const Shape& shape, double share, uint64_t seed) {
  std::vector<uint8_t> bytes(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = Philox(seed, i, 0).word[0] < share * 0x1p32;
  return {bytes, shape};
}

}  // namespace

TEST_SUITE("nn/metric/nearest_voxel") {
  TEST_CASE("as the distance transform says") {
    struct Sample {
      Shape shape;
      std::vector<double> spacing;
    };
    const Sample samples[] = {{{40, 200}, {}},
                              {{1, 300}, {2, 0.5}},
                              {{900, 3}, {1, 1}},
                              {{12, 30, 140}, {}},
                              {{70, 60, 5}, {3, 0.8, 0.8}},
                              {{5, 6, 400}, {1, 1, 9}},
                              {{3, 80, 70}, {0.1, 1, 0.3}}};
    for (const Sample& sample : samples) {
      // From sets with something in every row to single voxels far away.
      for (const double share : {0.2, 0.01, 0.0002}) {
        CAPTURE(sample.shape.str());
        CAPTURE(share);
        VoxelSet to = random_set(sample.shape, share, 5);
        to.insert(0, 0, sample.shape.back() - 1);
        const VoxelSet from = random_set(sample.shape, 0.3, 6);
        const auto all = nn::distance_transform(to.bytes(), sample.shape, sample.spacing);
        std::vector<double> expected;
        const std::vector<uint8_t> asked = from.bytes();
        for (size_t i = 0; i < asked.size(); ++i) {
          if (asked[i] != 0) expected.push_back(all[i]);
        }
        CHECK(nearest_distances(from, to, sample.spacing) == expected);
      }
    }
  }

  TEST_CASE("empty sets, and what does not fit") {
    VoxelSet one(Shape{3, 4});
    const VoxelSet none(Shape{3, 4});
    one.insert(0, 1, 1);
    CHECK(nearest_distances(none, one).empty());
    CHECK(nearest_distances(one, none) ==
          std::vector<double>{std::numeric_limits<double>::infinity()});
    CHECK_THROWS_WITH_AS(nearest_distances(one, VoxelSet(Shape{4, 4})),
                         doctest::Contains("the same shape, got [3, 4] and [4, 4]"), Error);
    CHECK_THROWS_AS(nearest_distances(one, one, std::vector<double>{1}), Error);
    CHECK_THROWS_AS(nearest_distances(one, one, std::vector<double>{1, NAN}), Error);
  }
}
