#pragma once

#include <span>
#include <vector>

#include "nn/metric/voxel_set.h"

namespace tessera::nn {

// The surface of a region as points, which is what distances between regions are measured from.
//
// points   on the grid of the voxels or on that of their corners; both have the same spacing
// weights  how much of the surface each point stands for, row-major; empty: all 1
struct Surface {
  VoxelSet points;
  std::vector<double> weights = {};
};

// The voxels that an erosion takes away, each with weight 1; see border().
Surface border_surface(const VoxelSet& region, int connectivity = 1);

// The corners between voxels inside and outside, [H + 1, W + 1] or [D + 1, H + 1, W + 1], each with
// the length (mm) or area (mm^2) of the piece of surface that marching squares or cubes would put
// around it; see corner_weights. Nikolov et al. 2018, arXiv:1809.04430; same as DeepMind's
// surface-distance and MONAI's use_subvoxels. Throws Error when the spacing does not have one
// number above 0 for each axis.
Surface corner_surface(const VoxelSet& region, std::span<const double> spacing);

// The length or area of surface around a corner, for each of the 16 or 256 ways in which the 4
// or 8 voxels around it are inside. Bit 2 a + b (4 a + 2 b + c) of the index is the voxel at offset
// (a, b) or (a, b, c), offsets being 0 before the corner and 1 behind it.
std::vector<double> corner_weights(std::span<const double> spacing);

// The pixels of the outer contours of a picture [H, W] with the number of times that following the
// contour meets them: twice where a region is one pixel thin. Holes, and what lies in them, are
// left out. Suzuki and Abe, "Topological structural analysis of digitized binary images by border
// following", 1985; same as OpenCV's findContours(RETR_EXTERNAL, CHAIN_APPROX_NONE).
Surface contour_surface(const VoxelSet& region);

}  // namespace tessera::nn
