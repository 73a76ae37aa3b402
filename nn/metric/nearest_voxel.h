#pragma once

#include <span>
#include <vector>

#include "nn/metric/voxel_set.h"

namespace tessera::nn {

// The Euclidean distance from each voxel of `from`, in row-major order, to the nearest one of `to`,
// in the unit of `spacing` (one number for each axis; empty: 1); infinite when `to` is empty.
//
// The same numbers as distance_transform(to) read at `from`, without computing all the others: rows
// of `to` are searched in the order of their distance, and only when that has not found everything
// after a few hundred rows is the transform computed. Borders of a prediction and of its reference
// are close to each other, as a rule. Throws Error when shapes or spacing do not fit.
std::vector<double> nearest_distances(const VoxelSet& from, const VoxelSet& to,
                                      std::span<const double> spacing = {});

}  // namespace tessera::nn
