#pragma once

#include <cstdint>
#include <vector>

#include "nn/metric/voxel_set.h"

namespace tessera::nn {

// The connected parts of a set.
//
// labels  of each voxel, row-major: 0 outside of the set, else the number of its component, from 1
//         on in the order of their first voxels
// sizes   of the components, in voxels: that of component i is sizes[i - 1]
struct Components {
  std::vector<int32_t> labels;
  std::vector<int64_t> sizes;
  int64_t count() const { return static_cast<int64_t>(sizes.size()); }
};

// Neighbours differ by one step along at most `connectivity` axes: 1 is 4 neighbours in pictures
// and 6 in volumes, 2 is 8 and 18, 3 is 26. Same as scipy.ndimage.label with
// generate_binary_structure(ndim, connectivity). Throws Error for another connectivity, and for
// more voxels than an int32 can count.
Components connected_components(const VoxelSet& set, int connectivity);

// The connectivity with so many neighbours: 4 and 6 are 1, 8 and 18 are 2, 26 is 3. Throws Error
// for a number that there is not among `ndim` axes.
int connectivity_of(int64_t neighbours, int ndim);

}  // namespace tessera::nn
