#include "nn/metric/voxel_set.h"

#include <cmath>
#include <cstdlib>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/random.h"

using namespace tessera;
using nn::VoxelSet;

namespace {

VoxelSet random_set(const Shape& shape, double share, uint64_t seed) {
  std::vector<uint8_t> bytes(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = Philox(seed, i, 0).word[0] < share * 0x1p32;
  return {bytes, shape};
}

// Whether all neighbours are in the set, asked one by one.
bool survives(const VoxelSet& set, int connectivity, int64_t d, int64_t h, int64_t w) {
  const int64_t across = set.shape().ndim() == 3 ? 1 : 0;
  for (int64_t dd = -across; dd <= across; ++dd) {
    for (int64_t dh = -1; dh <= 1; ++dh) {
      for (int64_t dw = -1; dw <= 1; ++dw) {
        if (std::abs(dd) + std::abs(dh) + std::abs(dw) > connectivity) continue;
        const int64_t z = d + dd, y = h + dh, x = w + dw;
        const bool in_grid =
            z >= 0 && z < set.depth() && y >= 0 && y < set.height() && x >= 0 && x < set.width();
        if (!in_grid || !set.contains(z, y, x)) return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST_SUITE("nn/metric/voxel_set") {
  TEST_CASE("bits across the ends of words") {
    VoxelSet set(Shape{2, 3, 130});
    CHECK(set.empty());
    set.insert(1, 2, 60, 129);
    set.insert(0, 0, 64);
    set.insert(0, 0, 5, 5);
    CHECK(set.size() == 70);
    CHECK(set.contains(1, 2, 128));
    CHECK_FALSE(set.contains(1, 2, 129));
    CHECK(VoxelSet(set.bytes(), set.shape()) == set);
    int64_t sum = 0;
    set.for_each([&](int64_t d, int64_t h, int64_t w) { sum += 1000 * d + 100 * h + w; });
    CHECK(sum == 69 * 1200 + (60 + 128) * 69 / 2 + 64);
    const VoxelSet other = random_set(set.shape(), 0.5, 1);
    CHECK(intersection(set, other).size() + difference(set, other).size() == set.size());
    CHECK(unite(set, other).size() == other.size() + difference(set, other).size());
  }

  TEST_CASE("erosion as by asking every neighbour") {
    for (const Shape& shape : {Shape{9, 70}, Shape{1, 5}, Shape{6, 7, 66}, Shape{3, 1, 4}}) {
      const VoxelSet set = random_set(shape, 0.85, 2);
      for (int connectivity = 1; connectivity <= shape.ndim(); ++connectivity) {
        CAPTURE(shape.str());
        CAPTURE(connectivity);
        VoxelSet expected(shape);
        set.for_each([&](int64_t d, int64_t h, int64_t w) {
          if (survives(set, connectivity, d, h, w)) expected.insert(d, h, w);
        });
        CHECK(eroded(set, connectivity) == expected);
        CHECK(border(set, connectivity) == difference(set, expected));
      }
    }
  }

  TEST_CASE("what does not fit") {
    CHECK_THROWS_WITH_AS(VoxelSet(Shape{3}), doctest::Contains("[H, W] or [D, H, W], got [3]"),
                         Error);
    CHECK_THROWS_WITH_AS(VoxelSet(std::vector<uint8_t>(5), {2, 3}),
                         doctest::Contains("got [2, 3] and 5"), Error);
    CHECK_THROWS_AS(unite(VoxelSet(Shape{2, 3}), VoxelSet(Shape{3, 2})), Error);
    CHECK_THROWS_WITH_AS(eroded(VoxelSet(Shape{2, 3}), 3), doctest::Contains("from 1 to 2"), Error);
  }
}
