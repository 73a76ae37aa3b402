#include "nn/metric/distance_transform.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/random.h"
#include "core/settings.h"

using namespace tessera;
using nn::distance_transform;
using Set = std::vector<uint8_t>;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Each voxel is in the set with probability `share`.
Set random_set(const Shape& shape, double share, uint64_t seed) {
  Set set(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < set.size(); ++i) set[i] = Philox(seed, i, 0).word[0] < share * 0x1p32;
  return set;
}

// The distance of every pair, which is right at once.
std::vector<double> by_all_pairs(const Set& set, const Shape& shape,
                                 const std::vector<double>& spacing) {
  const auto n = static_cast<int64_t>(set.size());
  const Shape strides = row_major_strides(shape);
  std::vector<double> out(set.size(), kInfinity);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      if (set[static_cast<size_t>(j)] == 0) continue;
      double sum = 0;
      for (int axis = 0; axis < shape.ndim(); ++axis) {
        const int64_t steps = i / strides[axis] % shape[axis] - j / strides[axis] % shape[axis];
        const double length = static_cast<double>(steps) * spacing[static_cast<size_t>(axis)];
        sum += length * length;
      }
      out[static_cast<size_t>(i)] = std::min(out[static_cast<size_t>(i)], std::sqrt(sum));
    }
  }
  return out;
}

}  // namespace

TEST_SUITE("nn/metric/distance_transform") {
  TEST_CASE("by hand") {
    CHECK(distance_transform(Set{0, 0, 1, 0}, {4}) == std::vector<double>{2, 1, 0, 1});
    CHECK(distance_transform(Set{0, 7, 0, 0, 0, 0}, {2, 3}, std::vector<double>{3, 4}) ==
          std::vector<double>{4, 0, 4, 5, 3, 5});
    CHECK(nn::squared_distance_transform(Set{1, 0, 0, 0, 0, 0, 0, 0}, {2, 2, 2}) ==
          std::vector<double>{0, 1, 1, 2, 1, 2, 2, 3});
    CHECK(distance_transform(Set(6, 0), {1, 2, 3}) == std::vector<double>(6, kInfinity));
    CHECK(distance_transform(Set(6, 1), {1, 2, 3}) == std::vector<double>(6, 0));
    CHECK(distance_transform(Set{}, {4, 0, 2}).empty());
  }

  TEST_CASE("the same bits as from all pairs") {
    struct Sample {
      Shape shape;
      std::vector<double> spacing;
    };
    const Sample samples[] = {{{37}, {1.5}},
                              {{1, 40}, {1, 1}},
                              {{40, 1}, {0.7, 2}},
                              {{23, 19}, {1, 1}},
                              {{17, 35}, {0.3, 5.1}},
                              {{9, 10, 11}, {1, 1, 1}},
                              {{6, 20, 7}, {3, 0.8, 0.7}},
                              {{3, 1, 33}, {0.1, 1, 10}},
                              {{3, 4, 5, 6}, {1, 2, 1, 0.5}}};
    for (const Sample& sample : samples) {
      for (const double share : {0.002, 0.02, 0.2, 0.9}) {
        CAPTURE(sample.shape.str());
        CAPTURE(share);
        const Set set = random_set(sample.shape, share, 17);
        CHECK(distance_transform(set, sample.shape, sample.spacing) ==
              by_all_pairs(set, sample.shape, sample.spacing));
      }
    }
  }

  TEST_CASE("does not depend on the number of threads") {
    const Shape shape{40, 70, 50};
    const std::vector<double> spacing = {2.5, 0.9, 1.1};
    const Set set = random_set(shape, 0.001, 3);
    const int threads = num_threads();
    set_num_threads(1);
    const auto alone = distance_transform(set, shape, spacing);
    set_num_threads(4);
    CHECK(distance_transform(set, shape, spacing) == alone);
    set_num_threads(threads);
  }

  TEST_CASE("what does not fit") {
    const Set set(6, 1);
    CHECK_THROWS_WITH_AS(distance_transform(set, {2, 2}),
                         doctest::Contains("as many voxels as the set, got [2, 2] and 6"), Error);
    CHECK_THROWS_WITH_AS(distance_transform(set, {2, 3}, std::vector<double>{1}),
                         doctest::Contains("must have 2 numbers, one for each axis, got 1"), Error);
    for (const double bad : {0., -1., kInfinity}) {
      CHECK_THROWS_WITH_AS(distance_transform(set, {2, 3}, std::vector<double>{1, bad}),
                           doctest::Contains("must be above 0 and finite"), Error);
    }
    CHECK_THROWS_AS(distance_transform(Set{1}, {}), Error);
  }
}
