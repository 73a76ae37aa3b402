#pragma once

#include "core/tensor.h"
#include "ops/interpolate.h"
#include "ops/sample_points.h"

namespace tessera {

struct GridSampleOptions {
  Interpolation mode = Interpolation::bilinear;  // or nearest or bicubic; bilinear in any rank
  GridPadding padding_mode = GridPadding::zeros;
  bool align_corners = false;  // -1 and 1 are the centers of the end elements, not their edges
};

// x read between its elements, at the points of a grid in [-1, 1] from end to end of each axis.
//
// x       [N, C, *spatial] with D = 1 to 3 spatial axes, floating
// grid    [N, *out, D], dtype of x; as many axes in out as in spatial. The last axis holds x, y, z:
//         the coordinates along the last, second last, third last axis
// returns [N, C, *out], dtype of x
// throws  Error when shapes or dtypes do not fit, or when a spatial extent is 0
//
// Same as torch.nn.functional.grid_sample. Differentiable any number of times with respect to both
// (see sample_points). bicubic and one spatial axis go beyond torch; NaN in the grid is a point
// outside, and the low end for border and reflection.
Tensor grid_sample(const Operand& x, const Tensor& grid, const GridSampleOptions& options = {});

}  // namespace tessera
