#pragma once

#include "core/tensor.h"
#include "ops/per_axis.h"

namespace tessera {

struct FoldOptions {
  PerAxis dilation = 1, padding = 0, stride = 1;
};

// Sliding windows as columns, over as many spatial axes (1 to 3) as `kernel` has:
//
//   y[n, (c, u, v), (i, j)] = x[n, c, i * stride + u * dilation - padding,
//                                     j * stride + v * dilation - padding], 0 outside of x
//
// x       [N, C, H, W] or [C, H, W], and so for other numbers of spatial axes
// returns [N, C kH kW, Ho Wo], Ho = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1
//
// A view: nothing is copied where the result is used element by element. Same as
// torch.nn.functional.unfold.
Tensor unfold(const Operand& x, const Shape& kernel, const FoldOptions& options = {});

// Columns [N, C kH kW, Ho Wo] added up at the places that unfold takes them from, which gives
// [N, C, H, W] for output_size [H, W]: the adjoint of unfold. Same as torch.nn.functional.fold.
Tensor fold(const Operand& columns, const Shape& output_size, const Shape& kernel,
            const FoldOptions& options = {});

// [..., C r^2, H, W] -> [..., C, H r, W r]: channels become pixels, and back. Same as
// torch.nn.functional.pixel_shuffle and pixel_unshuffle.
Tensor pixel_shuffle(const Operand& x, int64_t factor);
Tensor pixel_unshuffle(const Operand& x, int64_t factor);

// The channels of x [N, C, ...], C = groups * size, in the order (size, groups). Same as
// torch.nn.functional.channel_shuffle.
Tensor channel_shuffle(const Operand& x, int64_t groups);

}  // namespace tessera
