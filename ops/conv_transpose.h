#pragma once

#include "core/tensor.h"
#include "ops/conv.h"

namespace tessera {

struct ConvTransposeOptions {
  PerAxis stride = 1;
  Padding padding = 0;         // cut off at the ends of the result
  PerAxis output_padding = 0;  // added behind, to choose among the extents that stride allows
  int64_t groups = 1;
  PerAxis dilation = 1;
};

// The gradient of a convolution with respect to its input, as a layer of its own ("deconvolution"):
// every element of x adds its multiple of the kernel to the result, `stride` apart.
//
// x       [N, C, L], [N, C, H, W] or [N, C, D, H, W], or without N; floating
// weight  [C, O / groups, k...], dtype of x
// bias    [O], dtype of x, or undefined for none
// returns [N, O, e...],
//         e = (E - 1) stride - before - after + dilation (k - 1) + output_padding + 1
// throws  Error when ranks, channels or dtypes do not fit, e is not positive, or output_padding is
//         neither smaller than stride nor than dilation
//
// Same as torch.nn.functional.conv_transpose1d, conv_transpose2d, conv_transpose3d; padding may
// also differ at the two ends.
Tensor conv_transpose1d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {});
Tensor conv_transpose2d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {});
Tensor conv_transpose3d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {});

}  // namespace tessera
