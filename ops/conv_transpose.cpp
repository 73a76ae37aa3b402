#include "ops/conv_transpose.h"

#include "core/amp.h"
#include "core/call.h"
#include "core/error.h"
#include "ops/conv_nodes.h"
#include "ops/shape.h"

namespace tessera {

static Tensor conv_transpose(const char* op, int axes, const Operand& input, const Tensor& w,
                             const Tensor& b, const ConvTransposeOptions& options) {
  const Call call(op, input.where);
  const Tensor x = detail::amp_low(input), weight = detail::amp_low(w), bias = detail::amp_low(b);
  detail::check_conv_tensors(op, axes, x, weight, {}, 0);
  if (x.ndim() == axes + 1) {
    const Tensor y =
        conv_transpose(op, axes, reshape(x, x.shape().inserted(0, 1)), weight, bias, options);
    return reshape(y, y.shape().without(0));
  }
  const detail::ConvGeometry geometry =
      detail::conv_transpose_geometry(op, axes, x.shape(), weight.shape(), options);
  detail::check_conv_tensors(op, axes, x, weight, bias, geometry.in_channels);
  return detail::conv_backward_data_node(x, weight, geometry, bias);
}

Tensor conv_transpose1d(const Operand& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options) {
  return conv_transpose("conv_transpose1d", 1, x, weight, bias, options);
}

Tensor conv_transpose2d(const Operand& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options) {
  return conv_transpose("conv_transpose2d", 2, x, weight, bias, options);
}

Tensor conv_transpose3d(const Operand& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options) {
  return conv_transpose("conv_transpose3d", 3, x, weight, bias, options);
}

}  // namespace tessera
