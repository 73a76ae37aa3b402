#pragma once

#include <cmath>

#include "ops/activation.h"
#include "ops/channel_norm.h"
#include "ops/unary_functions.h"

// Activations that are one kernel, since a composition would store a second tensor for the backward
// pass or lose digits. Same conventions as unary_functions.h.

namespace tessera::activation {

struct Relu : OnNumbers {
  static constexpr Link link = Link::relu;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x <= T(0) ? T(0) : x;  // nan stays
  }
  static Tensor dx(const Tensor&, const Tensor& y, const Tensor& dy) {
    return where(y <= 0, 0, dy);
  }
  static Tensor fused(const Tensor& x) { return detail::channel_norm_with_relu(x); }
};

struct Relu6 : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x <= T(0) ? T(0) : x >= T(6) ? T(6) : x;
  }
  static Tensor dx(const Tensor&, const Tensor& y, const Tensor& dy) {
    return where((y <= 0) | (y >= 6), 0, dy);
  }
};

struct Silu : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * unary::Sigmoid::f(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) {
    const Tensor s = sigmoid(x);
    return s * (1 + x * (1 - s));
  }
};

struct Gelu : OnReal {
  // erfc keeps the digits of the lower tail, which 1 + erf would lose.
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * (T(0.5) * real::erfc(x * T(-0.70710678118654752)));
  }
  static Tensor df(const Tensor& x, const Tensor&) {
    const Tensor cdf = 0.5 * erfc(x * -0.70710678118654752);           // 1 / sqrt(2)
    const Tensor density = 0.39894228040143268 * exp(-0.5 * (x * x));  // 1 / sqrt(2 pi)
    return cdf + x * density;
  }
};

// x (1 + tanh(u)) / 2 = x sigmoid(2 u) with 2 u = 2 sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh : OnReal {
  static constexpr double kScale = 1.5957691216057308, kCubic = 0.044715;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * unary::Sigmoid::f(T(kScale) * (x + T(kCubic) * x * x * x));
  }
  static Tensor df(const Tensor& x, const Tensor&) {
    const Tensor square = x * x;
    const Tensor s = sigmoid(kScale * x * (1 + kCubic * square));
    return s + x * s * (1 - s) * (kScale * (1 + 3 * kCubic * square));
  }
};

struct Mish : OnReal {
  // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2); from e^20 on it is 1.
  template <class T>
  TESSERA_INLINE static T f(T x) {
    const T e = real::exp(x > T(20) ? T(20) : x), n = e * (e + T(2));
    return x * (n / (n + T(2)));
  }
  static Tensor df(const Tensor& x, const Tensor&) {
    const Tensor t = tanh(softplus(x));
    return t + x * sigmoid(x) * (1 - t * t);
  }
};

struct HardSigmoid : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x <= T(-3) ? T(0) : x >= T(3) ? T(1) : (x + T(3)) / T(6);
  }
  static Tensor dx(const Tensor& x, const Tensor&, const Tensor& dy) {
    return where((x <= -3) | (x >= 3), 0, dy / 6);
  }
};

struct HardSwish : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * HardSigmoid::f(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) {
    return where(x <= -3, 0, where(x >= 3, 1, x / 3 + 0.5));
  }
};

struct LogSigmoid : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return (x < T(0) ? x : T(0)) - real::log1p(real::exp(-std::abs(x)));
  }
  static Tensor df(const Tensor& x, const Tensor&) { return sigmoid(-x); }
};

}  // namespace tessera::activation
