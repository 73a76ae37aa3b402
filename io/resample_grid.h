#pragma once

#include "io/axis_resample.h"
#include "io/volume.h"

namespace tessera::io {

// The voxels that a volume shall have.
struct Grid {
  Shape size;  // [D, H, W], or [H, W] of a picture
  Geometry geometry = {};
};
Grid grid_of(const Volume& volume);

// The volume [..., D, H, W] or [H, W] on the grid of another one, wherever that lies: what is more
// than half a voxel outside of the volume is `outside`. Images become f32, labels keep their dtype.
// A cubic image is clipped to the values that there were. With Interpolation::linear, a voxel is of
// the label that has half of the weight or more, else 0. Linear images and nearest labels are those
// of SimpleITK's Resample. Uses all threads; the result does not depend on their number.
//
// Throws Error when an affine has no inverse, the grid has more than 2^32 voxels, or a label is not
// a whole number of 32 bits.
Volume resample_image(const Volume& image, const Grid& grid,
                      Interpolation interpolation = Interpolation::linear, float outside = 0);
Volume resample_labels(const Volume& labels, const Grid& grid,
                       Interpolation interpolation = Interpolation::nearest);

}  // namespace tessera::io
