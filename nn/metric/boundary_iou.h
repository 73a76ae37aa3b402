#pragma once

#include <cstdint>

#include "nn/metric/voxel_set.h"

namespace tessera::nn {

// The IoU of the parts of two regions that lie within `width` voxels (8 or 26 neighbours a step) of
// their own edges, the edge of the picture being one too; NaN when both regions are empty. It does
// not forgive large regions a bad edge. Cheng et al. 2021, arXiv:2103.16562. Throws Error when
// shapes differ or width < 1.
double boundary_iou(const VoxelSet& prediction, const VoxelSet& reference, int64_t width);

// The width that its authors use: `share` (0.02) of the picture's diagonal, rounded, at least 1.
int64_t boundary_width(const Shape& picture, double share);

}  // namespace tessera::nn
