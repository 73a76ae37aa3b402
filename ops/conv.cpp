#include "ops/conv.h"

#include "core/amp.h"
#include "core/call.h"
#include "ops/conv_nodes.h"
#include "ops/shape.h"

namespace tessera {

static Tensor conv(const char* op, int axes, const Operand& input, const Tensor& w, const Tensor& b,
                   const ConvOptions& options) {
  const Call call(op, input.where);
  const Tensor x = detail::amp_low(input), weight = detail::amp_low(w), bias = detail::amp_low(b);
  detail::check_conv_tensors(op, axes, x, weight, bias,
                             weight.defined() && weight.ndim() > 0 ? weight.shape(0) : 0);
  if (x.ndim() == axes + 1) {
    const Tensor y = conv(op, axes, reshape(x, x.shape().inserted(0, 1)), weight, bias, options);
    return reshape(y, y.shape().without(0));
  }
  const detail::ConvGeometry geometry =
      detail::conv_geometry(op, axes, x.shape(), weight.shape(), options);
  return detail::conv_forward_node(x, weight, geometry, bias);
}

Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias,
              const ConvOptions& options) {
  return conv("conv1d", 1, x, weight, bias, options);
}

Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias,
              const ConvOptions& options) {
  return conv("conv2d", 2, x, weight, bias, options);
}

Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias,
              const ConvOptions& options) {
  return conv("conv3d", 3, x, weight, bias, options);
}

}  // namespace tessera
