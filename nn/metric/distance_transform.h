#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/shape.h"

namespace tessera::nn {

// The Euclidean distance from each voxel to the nearest one of a set, in the unit of `spacing`; 0
// within the set, infinite everywhere when the set is empty. Exact, not an approximation.
//
// set      row-major over `shape` of any number of axes ([H, W], [D, H, W]); nonzero is inside
// spacing  distance of neighbours along each axis, above 0; empty: 1
//
// Same as scipy.ndimage.distance_transform_edt(set == 0, sampling=spacing), to the last bit where
// the nearest voxel is the same. Felzenszwalb and Huttenlocher, "Distance transforms of sampled
// functions", 2012: one axis after the other, on all threads, in a time that only depends on the
// number of voxels. Throws Error when sizes do not fit or a spacing is not above 0.
std::vector<double> distance_transform(std::span<const uint8_t> set, const Shape& shape,
                                       std::span<const double> spacing = {});

// The squares of these distances, which is what is computed; saves the roots.
std::vector<double> squared_distance_transform(std::span<const uint8_t> set, const Shape& shape,
                                               std::span<const double> spacing = {});

}  // namespace tessera::nn
