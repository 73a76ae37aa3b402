#pragma once

#include "core/tensor.h"
#include "ops/per_axis.h"
#include "ops/pool.h"

namespace tessera {

// Pools with a given number of outputs along each spatial axis: output i of O sees the elements
// floor(i L / O) up to, but without, ceil((i + 1) L / O). x is [C, ...] or [N, C, ...] with 1, 2 or
// 3 spatial axes, none of them empty; output_size is one number or one for each of them, at least
// 0, and -1 keeps the extent of x. They throw Error when rank, dtype or sizes do not fit.

// The mean of each window; x is floating. Same as torch.nn.functional.adaptive_avg_pool2d.
Tensor adaptive_avg_pool1d(const Operand& x, const PerAxis& output_size);
Tensor adaptive_avg_pool2d(const Operand& x, const PerAxis& output_size);
Tensor adaptive_avg_pool3d(const Operand& x, const PerAxis& output_size);

// The greatest element of each window; x is of any dtype but bool. nan spreads, and the gradient
// goes to the first of equal maxima. Same as torch.nn.functional.adaptive_max_pool2d.
Tensor adaptive_max_pool1d(const Operand& x, const PerAxis& output_size);
Tensor adaptive_max_pool2d(const Operand& x, const PerAxis& output_size);
Tensor adaptive_max_pool3d(const Operand& x, const PerAxis& output_size);

// The same with the position of each maximum in its plane, i64, in row-major order.
// Same as torch.nn.functional.adaptive_max_pool2d_with_indices.
MaxPoolResult adaptive_max_pool1d_with_indices(const Operand& x, const PerAxis& output_size);
MaxPoolResult adaptive_max_pool2d_with_indices(const Operand& x, const PerAxis& output_size);
MaxPoolResult adaptive_max_pool3d_with_indices(const Operand& x, const PerAxis& output_size);

// The mean, the greatest element and the p-norm of each channel: [N, C, ...] with any number of
// spatial axes gives [N, C, 1, ...]. Same as ONNX GlobalAveragePool, GlobalMaxPool, GlobalLpPool.
Tensor global_avg_pool(const Operand& x);
Tensor global_max_pool(const Operand& x);
Tensor global_lp_pool(const Operand& x, double p = 2);

}  // namespace tessera
