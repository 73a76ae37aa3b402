#include "nn/metric/boundary_iou.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace tessera::nn {

namespace {

// What lies within `width` steps of the outside.
VoxelSet edge_of(const VoxelSet& region, int64_t width) {
  VoxelSet inner = region;
  for (int64_t i = 0; i < width && !inner.empty(); ++i) {
    inner = eroded(inner, region.shape().ndim());
  }
  return difference(region, inner);
}

}  // namespace

double boundary_iou(const VoxelSet& prediction, const VoxelSet& reference, int64_t width) {
  require(width >= 1, "boundary_iou: width must be at least 1, got {}", width);
  const VoxelSet p = edge_of(prediction, width), r = edge_of(reference, width);
  const auto either = static_cast<double>(unite(p, r).size());
  return either == 0 ? std::numeric_limits<double>::quiet_NaN()
                     : static_cast<double>(intersection(p, r).size()) / either;
}

int64_t boundary_width(const Shape& picture, double share) {
  double squares = 0;
  for (const int64_t extent : picture) squares += static_cast<double>(extent * extent);
  return std::max<int64_t>(1, std::llround(std::min(share * std::sqrt(squares), 1e6)));
}

}  // namespace tessera::nn
