#pragma once

#include <vector>

#include "core/tensor.h"
#include "ops/per_axis.h"

namespace tessera {

// The number in a name is the number of spatial axes: linear 1, bilinear and bicubic 2, trilinear
// 3; the others work on 1 to 3. nearest rounds positions down, nearest_exact to the nearest center.
enum class Interpolation : uint8_t {
  nearest,
  nearest_exact,
  linear,
  bilinear,
  bicubic,
  trilinear,
  area,
};

struct InterpolateOptions {
  // Output extents, or factors on the input extents: one of the two, for every spatial axis, or one
  // number for all of them.
  PerAxis size = {};
  std::vector<double> scale_factor = {};
  Interpolation mode = Interpolation::nearest;
  // The linear family and bicubic: the centers of the corner elements coincide, not their edges.
  bool align_corners = false;
  // Positions follow from the extents, not from scale_factor, which rounding makes different.
  bool recompute_scale_factor = false;
  // Bilinear and bicubic: when shrinking, average over all elements that an output covers.
  bool antialias = false;
};

// x resized along its spatial axes.
//
// x       [N, C, *spatial] with 1 to 3 spatial axes; floating, or any dtype for the nearest modes
// returns [N, C, *size], dtype of x; size = floor(spatial * scale_factor) unless given
// throws  Error when the mode does not fit the rank, when not exactly one of size and scale_factor
//         is given, or when a spatial extent is or becomes 0
//
// Same as torch.nn.functional.interpolate, but positions are exact where torch rounds them to f32.
Tensor interpolate(const Operand& x, const InterpolateOptions& options);

}  // namespace tessera
