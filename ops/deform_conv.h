#pragma once

#include "core/tensor.h"
#include "ops/conv.h"

namespace tessera {

struct DeformConvOptions {
  PerAxis stride = 1;
  Padding padding = 0;
  PerAxis dilation = 1;
  Tensor mask = {};  // [N, G kH kW, H_out, W_out]: factors on the samples; undefined for ones
};

// Convolution whose every sample is moved by an offset of its own, read between the elements and
// 0 outside. Dai et al. 2017, arXiv:1703.06211; with a mask Zhu et al. 2018, arXiv:1811.11168.
//
//   y[n, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] * mask[n, uv, i, j] *
//                   x[n, c, i * stride + u * dilation - padding + offset[n, 2 uv, i, j],
//                           j * stride + v * dilation - padding + offset[n, 2 uv + 1, i, j]]
//
// x       [N, C, H, W], floating
// offset  [N, 2 G kH kW, H_out, W_out], dtype of x; the channels are cut into G groups that move
//         apart: (y, x) for each element of the kernel, for each group
// weight  [O, C / groups, kH, kW], dtype of x; its shape says how many groups there are
// bias    [O], dtype of x, or undefined for none
// returns [N, O, H_out, W_out] as of conv2d
// throws  Error when shapes or dtypes do not fit
//
// Same as torchvision.ops.deform_conv2d and ONNX DeformConv.
Tensor deform_conv2d(const Operand& x, const Tensor& offset, const Tensor& weight,
                     const Tensor& bias = {}, const DeformConvOptions& options = {});

}  // namespace tessera
