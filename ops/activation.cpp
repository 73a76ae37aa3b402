#include "ops/activation.h"

#include "core/amp.h"
#include "core/cpu/isa.h"
#include "ops/activation_rules.h"
#include "ops/shape.h"
#include "ops/unary_op.h"

TESSERA_FOR_EACH_ISA(extern const TileRow activation_tiles[])

namespace tessera {

namespace {

enum ActivationRow : size_t {
#define ROW(name, Function) k##Function,
  TESSERA_ACTIVATION_OPS(ROW) ROW(gelu_slope, GeluSlope)
#undef ROW
};

}  // namespace

#define DEFINE(name, Function)                                           \
  Tensor name(const Operand& x) {                                        \
    static const UnaryOp<activation::Function> op(                       \
        #name, {"activation::" #Function, "ops/activation_functions.h"}, \
        TESSERA_SELECT(activation_tiles)[k##Function]);                  \
    return op(x);                                                        \
  }
TESSERA_ACTIVATION_OPS(DEFINE)
namespace detail {
DEFINE(gelu_slope, GeluSlope)
}  // namespace detail
#undef DEFINE

Tensor leaky_relu(const Operand& x, double negative_slope) {
  const Call call("leaky_relu", x.where);
  return where(x > 0, x, x * negative_slope);
}

Tensor prelu(const Operand& input, const Operand& slope) {
  const Call call("prelu", input.where);
  const Tensor x = detail::amp_low(input), weight = detail::amp_low(slope);
  const int64_t channels = x.ndim() < 2 ? 1 : x.shape(1);
  require(weight.ndim() <= 1 && (weight.numel() == 1 || weight.numel() == channels),
          "prelu: x {} has {} channels, so weight must have 1 or {} elements, got {}", x.shape(),
          channels, channels, weight.shape());
  if (weight.numel() == 1) return where(x > 0, x, x * reshape(weight, {}));
  return where(x > 0, x, x * reshape(weight, Shape::filled(x.ndim() - 1, 1).with(0, channels)));
}

Tensor elu(const Operand& x, double alpha) {
  const Call call("elu", x.where);
  const Amp dtype_of_x(std::nullopt);
  // The exponent is 0 in the other branch, where inf would make the gradient nan.
  return where(x > 0, x, alpha * expm1(where(x > 0, 0, x)));
}

Tensor selu(const Operand& x) {
  const Call call("selu", x.where);
  return 1.0507009873554805 * elu(x, 1.6732632423543772);
}

Tensor celu(const Operand& x, double alpha) {
  const Call call("celu", x.where);
  require(alpha != 0, "celu: alpha must not be 0");
  return where(x > 0, x, alpha * expm1(where(x > 0, 0, x) / alpha));
}

Tensor hardtanh(const Operand& x, double min_value, double max_value) {
  const Call call("hardtanh", x.where);
  require(min_value <= max_value, "hardtanh: min_value must not exceed max_value, got {} and {}",
          min_value, max_value);
  return where(x <= min_value, min_value, where(x >= max_value, max_value, x));
}

Tensor softplus(const Operand& x, double beta, double threshold) {
  const Call call("softplus", x.where);
  const Operand full(detail::amp_full(x), x.where);
  return where(full * beta > threshold, full, logsigmoid(full * -beta) / -beta);
}

Tensor softsign(const Operand& x) {
  const Call call("softsign", x.where);
  return x / (abs(x) + 1);
}

Tensor threshold(const Operand& x, double threshold, double value) {
  const Call call("threshold", x.where);
  return where(x <= threshold, value, x);
}

Tensor hardshrink(const Operand& x, double lambda) {
  const Call call("hardshrink", x.where);
  return where((x >= -lambda) & (x <= lambda), 0, x);
}

Tensor softshrink(const Operand& x, double lambda) {
  const Call call("softshrink", x.where);
  require(lambda >= 0, "softshrink: lambda must not be negative, got {}", lambda);
  return where(x > lambda, x - lambda, where(x < -lambda, x + lambda, x * 0));
}

Tensor tanhshrink(const Operand& x) {
  const Call call("tanhshrink", x.where);
  return x - tanh(x);
}

Tensor glu(const Operand& x, int64_t axis) {
  const Call call("glu", x.where);
  const int a = normalize_axis(axis, x.ndim(), "glu");
  require(x.shape(a) % 2 == 0, "glu: axis {} of {} must have an even extent, got {}", axis,
          x.shape(), x.shape(a));
  const int64_t half = x.shape(a) / 2;
  return slice(x, a, {.stop = half}) * sigmoid(slice(x, a, {.start = half}));
}

}  // namespace tessera
