#pragma once

#include "ops/activation.h"
#include "ops/activation_functions.h"
#include "ops/binary.h"
#include "ops/channel_norm.h"
#include "ops/rules.h"
#include "ops/unary.h"

// Derivatives of the activations. `needs_x` is there where they are computed from x, which is kept
// for them anyway, so that other gradients can do without y.

namespace tessera {

template <>
struct Rules<activation::Relu> {
  static Tensor dx(const Tensor&, const Tensor& y, const Tensor& dy) {
    return where(y <= 0, 0, dy);
  }
  static Tensor fused(const Tensor& x) { return detail::channel_norm_with_relu(x); }
};

template <>
struct Rules<activation::Relu6> {
  static Tensor dx(const Tensor&, const Tensor& y, const Tensor& dy) {
    return where((y <= 0) | (y >= 6), 0, dy);
  }
};

template <>
struct Rules<activation::Silu> {
  static constexpr bool needs_x = true;
  static Tensor df(const Tensor& x, const Tensor&) {
    const Tensor s = sigmoid(x);
    return s * (1 + x * (1 - s));
  }
};

template <>
struct Rules<activation::Gelu> {
  static constexpr bool needs_x = true;
  static Tensor df(const Tensor& x, const Tensor&) { return detail::gelu_slope(x); }
};

template <>
struct Rules<activation::GeluSlope> {
  static Tensor df(const Tensor& x, const Tensor&) {
    const Tensor square = x * x;
    return (2 - square) * (0.39894228040143268 * exp(-0.5 * square));  // 1 / sqrt(2 pi)
  }
};

template <>
struct Rules<activation::GeluTanh> {
  static constexpr bool needs_x = true;
  static Tensor df(const Tensor& x, const Tensor&) {
    constexpr double scale = activation::GeluTanh::kScale, cubic = activation::GeluTanh::kCubic;
    const Tensor square = x * x;
    const Tensor s = sigmoid(scale * x * (1 + cubic * square));
    return s + x * s * (1 - s) * (scale * (1 + 3 * cubic * square));
  }
};

template <>
struct Rules<activation::Mish> {
  static constexpr bool needs_x = true;
  static Tensor df(const Tensor& x, const Tensor&) {
    const Tensor t = tanh(softplus(x));
    return t + x * sigmoid(x) * (1 - t * t);
  }
};

template <>
struct Rules<activation::HardSigmoid> {
  static Tensor dx(const Tensor& x, const Tensor&, const Tensor& dy) {
    return where((x <= -3) | (x >= 3), 0, dy / 6);
  }
};

template <>
struct Rules<activation::HardSwish> {
  static constexpr bool needs_x = true;
  static Tensor df(const Tensor& x, const Tensor&) {
    return where(x <= -3, 0, where(x >= 3, 1, x / 3 + 0.5));
  }
};

template <>
struct Rules<activation::LogSigmoid> {
  static Tensor df(const Tensor& x, const Tensor&) { return sigmoid(-x); }
};

}  // namespace tessera
