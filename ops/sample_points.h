#pragma once

#include "core/tensor.h"
#include "ops/resample.h"

namespace tessera {

// What lies beyond the ends of an axis.
enum class GridPadding : uint8_t {
  zeros,
  border,      // the element at the end
  reflection,  // the elements in reverse, again and again
};

struct SamplePointsOptions {
  Filter filter = Filter::linear;  // nearest (ties to even), linear, or cubic with a = -0.75
  GridPadding padding = GridPadding::zeros;
  bool align_corners =
      true;  // reflect at the centers of the end elements, not at their outer edges
};

// x read between its elements, at points given in units of elements: 0 is the center of the first
// one along an axis, n - 1 that of the last.
//
// x       [N, C, *spatial] with D = 1 to 3 spatial axes, floating
// points  [N, *out, D], dtype of x; the last axis holds the coordinates along the last, ..., first
//         spatial axis ("x, y, z"). NaN is nowhere, or at the low end for border and reflection
// returns [N, C, *out], dtype of x
// throws  Error when shapes or dtypes do not fit, or when a spatial extent is 0
//
// Differentiable any number of times with respect to both. At kinks the gradient is that of the
// side of higher coordinates, and zero where border and reflection hold a coordinate at an end, as
// in torch.nn.functional.grid_sample.
Tensor sample_points(const Operand& x, const Tensor& points,
                     const SamplePointsOptions& options = {});

}  // namespace tessera
