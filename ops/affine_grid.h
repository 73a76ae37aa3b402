#pragma once

#include "core/tensor.h"

namespace tessera {

// The grid of points that grid_sample reads to transform an image of `size` by theta.
//
//   grid[n, ..., :] = theta[n] * (x, y[, z], 1), with x, y, z in [-1, 1] from end to end of the
//                     last, second last, third last axis
//
// theta   [N, D, D + 1] for D = 1 to 3 spatial axes, floating
// size    [N, C, *spatial]; C is not used
// returns [N, *spatial, D], dtype of theta
// throws  Error when theta and size do not fit, or when a spatial extent is 0
//
// align_corners says as in grid_sample whether -1 and 1 are the centers of the end elements or
// their outer edges. Same as torch.nn.functional.affine_grid.
Tensor affine_grid(const Operand& theta, const Shape& size, bool align_corners = false);

}  // namespace tessera
