#pragma once

#include <cmath>
#include <vector>

#include "nn/metric/region_pair.h"

namespace tessera::testing {

// Regions that a formula describes, so that anybody can make them again.
struct Fixture {
  nn::VoxelSet prediction, reference;
  std::vector<double> spacing;

  nn::RegionPair pair() const { return {prediction, reference, reference.shape(), spacing}; }
};

// Adds the grid points with sum(((x - center) scale)^2) <= radius^2.
inline void add_ball(nn::VoxelSet& set, const std::vector<double>& center, double radius,
                     std::vector<double> scale = {}) {
  if (scale.empty()) scale.assign(center.size(), 1);
  const bool flat = center.size() == 2;
  const auto square = [&](int64_t x, size_t axis) {
    const double length = (static_cast<double>(x) - center[axis]) * scale[axis];
    return length * length;
  };
  for (int64_t d = 0; d < set.depth(); ++d) {
    for (int64_t h = 0; h < set.height(); ++h) {
      for (int64_t w = 0; w < set.width(); ++w) {
        const double sum =
            flat ? square(h, 0) + square(w, 1) : square(d, 0) + square(h, 1) + square(w, 2);
        if (sum <= radius * radius) set.insert(d, h, w);
      }
    }
  }
}

// Adds the box [begin, end) of each axis; pictures have the depth [0, 1).
inline void add_box(nn::VoxelSet& set, const std::vector<int64_t>& begin,
                    const std::vector<int64_t>& end) {
  for (int64_t d = begin[0]; d < end[0]; ++d) {
    for (int64_t h = begin[1]; h < end[1]; ++h) set.insert(d, h, begin[2], end[2]);
  }
}

// 'A' to 'E' and 'J': a disk beside another one; the same with pixels of 2 x 0.5; boxes that touch
// the edge; balls with anisotropic spacing; a ball with a distant box that is too much; two pixels.
inline Fixture fixture(char name) {
  using nn::VoxelSet;
  const auto flat = [](int64_t h, int64_t w, std::vector<double> spacing) {
    return Fixture{VoxelSet(Shape{h, w}), VoxelSet(Shape{h, w}), std::move(spacing)};
  };
  const auto deep = [](int64_t d, int64_t h, int64_t w, std::vector<double> spacing) {
    return Fixture{VoxelSet(Shape{d, h, w}), VoxelSet(Shape{d, h, w}), std::move(spacing)};
  };
  if (name == 'A' || name == 'B') {
    Fixture f = flat(32, 32, name == 'A' ? std::vector<double>{1, 1} : std::vector<double>{2, 0.5});
    add_ball(f.prediction, {15, 15}, 8);
    add_ball(f.reference, {17, 14}, 9);
    return f;
  }
  if (name == 'C') {
    Fixture f = flat(16, 16, {1, 1});
    add_box(f.prediction, {0, 0, 0}, {1, 6, 6});
    add_box(f.reference, {0, 1, 0}, {1, 8, 7});
    return f;
  }
  if (name == 'D') {
    Fixture f = deep(12, 24, 20, {3, 0.8, 0.8});
    add_ball(f.prediction, {5, 11, 9}, 7, f.spacing);
    add_ball(f.reference, {6, 12, 10}, 8, f.spacing);
    return f;
  }
  if (name == 'E') {
    Fixture f = deep(16, 16, 16, {1, 1, 1});
    add_ball(f.prediction, {7, 7, 7}, 4);
    add_box(f.prediction, {13, 13, 13}, {15, 15, 15});
    add_ball(f.reference, {8, 7, 7}, 4);
    return f;
  }
  Fixture f = flat(12, 12, {1, 1});
  f.prediction.insert(0, 3, 3);
  f.reference.insert(0, 7, 6);
  return f;
}

}  // namespace tessera::testing
