#include <algorithm>

#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

template <Tensor (*f)(const Operand&)>
Tensors unary(const Node&, const Inputs& x) {
  return {f(x[0])};
}

Tensors soft_plus(const Node&, const Inputs& x) {
  return {softplus(x[0])};
}

Tensors leaky(const Node& node, const Inputs& x) {
  return {leaky_relu(x[0], node.real("alpha", 0.01))};
}

// The slope broadcasts, which goes beyond one for each channel; before opset 7 a list of slopes
// belongs to the channels.
Tensors parametric_relu(const Node& node, const Inputs& x) {
  const Tensor& slope = x[1];
  const Shape& shape = x[0].shape();
  if (slope.numel() == 1) return {prelu(x[0], reshape(slope, {1}))};
  Shape per_channel = Shape::filled(std::max(1, shape.ndim() - 1), 1);
  if (shape.ndim() > 1) per_channel[0] = shape[1];
  const bool old = node.opset < 7 && slope.ndim() == 1;
  if (shape.ndim() > 1 && (old || slope.shape() == per_channel)) {
    return {prelu(x[0], reshape(slope, {slope.numel()}))};
  }
  return {where(lt(x[0], 0), x[0] * slope, x[0])};
}

Tensors exponential_linear(const Node& node, const Inputs& x) {
  return {elu(x[0], node.real("alpha", 1))};
}

Tensors scaled_exponential_linear(const Node& node, const Inputs& x) {
  if (!node.has("alpha") && !node.has("gamma")) return {selu(x[0])};
  return {elu(x[0], node.real("alpha", 1.67326319217681884765625)) *
          node.real("gamma", 1.05070102214813232421875)};
}

Tensors continuous_exponential_linear(const Node& node, const Inputs& x) {
  return {celu(x[0], node.real("alpha", 1))};
}

Tensors hard_sigmoid(const Node& node, const Inputs& x) {
  const Tensor line = x[0] * node.real("alpha", 0.2) + node.real("beta", 0.5);
  return {minimum(maximum(line, 0.0), 1.0)};
}

Tensors thresholded(const Node& node, const Inputs& x) {
  return {threshold(x[0], node.real("alpha", 1), 0)};
}

// 0 up to lambda; beyond, x moved towards 0 by bias.
Tensors shrink(const Node& node, const Inputs& x) {
  const double lambda = node.real("lambd", 0.5), bias = node.real("bias", 0);
  if (bias == 0) return {hardshrink(x[0], lambda)};
  if (bias == lambda) return {softshrink(x[0], lambda)};
  return {where(lt(x[0], -lambda), x[0] + bias, where(lt(lambda, x[0]), x[0] - bias, 0.0))};
}

Tensors gaussian_linear(const Node& node, const Inputs& x) {
  return {node.text("approximate", "none") == "tanh" ? gelu_tanh(x[0]) : gelu(x[0])};
}

Tensors swish(const Node& node, const Inputs& x) {
  const double alpha = node.real("alpha", 1);
  return {alpha == 1 ? silu(x[0]) : x[0] * sigmoid(x[0] * alpha)};
}

}  // namespace

void add_activation(Registry& ops) {
  ops.insert({{"Relu", unary<relu>},
              {"Sigmoid", unary<sigmoid>},
              {"Softplus", soft_plus},
              {"Softsign", unary<softsign>},
              {"Mish", unary<mish>},
              {"HardSwish", unary<hardswish>},
              {"LeakyRelu", leaky},
              {"PRelu", parametric_relu},
              {"Elu", exponential_linear},
              {"Selu", scaled_exponential_linear},
              {"Celu", continuous_exponential_linear},
              {"HardSigmoid", hard_sigmoid},
              {"ThresholdedRelu", thresholded},
              {"Shrink", shrink},
              {"Gelu", gaussian_linear},
              {"Swish", swish}});
}

}  // namespace tessera::onnx
