#include "nn/metric/connected_components.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/random.h"

using namespace tessera;
using nn::connected_components;
using nn::VoxelSet;

namespace {

// By spreading from voxel to voxel.
std::vector<int32_t> flooded(const VoxelSet& set, int connectivity) {
  const int64_t across = set.shape().ndim() == 3 ? 1 : 0, height = set.height(),
                width = set.width();
  std::vector<int32_t> labels(static_cast<size_t>(set.shape().numel()));
  const auto at = [&](int64_t d, int64_t h, int64_t w) -> int32_t& {
    return labels[static_cast<size_t>((d * height + h) * width + w)];
  };
  int32_t count = 0;
  set.for_each([&](int64_t d0, int64_t h0, int64_t w0) {
    if (at(d0, h0, w0) != 0) return;
    std::vector<std::array<int64_t, 3>> open = {{d0, h0, w0}};
    at(d0, h0, w0) = ++count;
    while (!open.empty()) {
      const auto [d, h, w] = open.back();
      open.pop_back();
      for (int64_t z = d - across; z <= d + across; ++z) {
        for (int64_t y = h - 1; y <= h + 1; ++y) {
          for (int64_t x = w - 1; x <= w + 1; ++x) {
            const bool in_grid =
                z >= 0 && z < set.depth() && y >= 0 && y < height && x >= 0 && x < width;
            if (!in_grid || std::abs(z - d) + std::abs(y - h) + std::abs(x - w) > connectivity ||
                !set.contains(z, y, x) || at(z, y, x) != 0) {
              continue;
            }
            at(z, y, x) = count;
            open.push_back({z, y, x});
          }
        }
      }
    }
  });
  return labels;
}

}  // namespace

TEST_SUITE("nn/metric/connected_components") {
  TEST_CASE("as by flooding") {
    for (const Shape& shape : {Shape{9, 11}, Shape{3, 200}, Shape{5, 7, 70}, Shape{1, 6, 6}}) {
      for (const double share : {0.1, 0.35, 0.6, 1.0}) {
        std::vector<uint8_t> bytes(static_cast<size_t>(shape.numel()));
        for (size_t i = 0; i < bytes.size(); ++i) {
          bytes[i] = Philox(4, i, 0).word[0] < share * 0x1p32;
        }
        const VoxelSet set(bytes, shape);
        for (int connectivity = 1; connectivity <= shape.ndim(); ++connectivity) {
          CAPTURE(shape.str());
          CAPTURE(share);
          CAPTURE(connectivity);
          const nn::Components parts = connected_components(set, connectivity);
          CHECK(parts.labels == flooded(set, connectivity));
          std::vector<int64_t> sizes(static_cast<size_t>(parts.count()));
          for (const int32_t label : parts.labels) {
            if (label > 0) ++sizes[static_cast<size_t>(label - 1)];
          }
          CHECK(parts.sizes == sizes);
        }
      }
    }
    CHECK(connected_components(VoxelSet(Shape{2, 2}), 1).count() == 0);
  }

  TEST_CASE("numbers of neighbours") {
    CHECK(nn::connectivity_of(4, 2) == 1);
    CHECK(nn::connectivity_of(8, 2) == 2);
    CHECK(nn::connectivity_of(6, 3) == 1);
    CHECK(nn::connectivity_of(18, 3) == 2);
    CHECK(nn::connectivity_of(26, 3) == 3);
    CHECK_THROWS_WITH_AS(nn::connectivity_of(6, 2), doctest::Contains("4 or 8 in pictures, got 6"),
                         Error);
    CHECK_THROWS_AS(nn::connectivity_of(8, 3), Error);
    CHECK_THROWS_WITH_AS(connected_components(VoxelSet(Shape{2, 2}), 3),
                         doctest::Contains("from 1 to 2, the number of axes, got 3"), Error);
  }
}
