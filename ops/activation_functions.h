#pragma once

#include <cmath>

#include "core/scalar.h"
#include "ops/real_functions.h"
#include "ops/unary_functions.h"

// Activations that are one kernel, since a composition would store a second tensor for the backward
// pass or lose digits. Derivatives are in activation_rules.h.

namespace tessera::activation {

struct Relu : OnNumbers {
  static constexpr Link link = Link::relu;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x <= T(0) ? T(0) : x;  // nan stays
  }
};

struct Relu6 : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x <= T(0) ? T(0) : x >= T(6) ? T(6) : x;
  }
};

struct Silu : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * unary::Sigmoid::f(x);
  }
};

struct Gelu : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * real::normal(x).below;
  }
};

// The derivative of gelu: one kernel, since both terms need the same exponential.
struct GeluSlope : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    const real::Normal<T> normal = real::normal(x);
    return normal.below + x * normal.density;
  }
};

// x (1 + tanh(u)) / 2 = x sigmoid(2 u) with 2 u = 2 sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh : OnReal {
  static constexpr double kScale = 1.5957691216057308, kCubic = 0.044715;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * unary::Sigmoid::f(T(kScale) * (x + T(kCubic) * x * x * x));
  }
};

struct Mish : OnReal {
  // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2); from e^20 on it is 1.
  template <class T>
  TESSERA_INLINE static T f(T x) {
    const T e = real::exp(x > T(20) ? T(20) : x), n = e * (e + T(2));
    return x * (n / (n + T(2)));
  }
};

struct HardSigmoid : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x <= T(-3) ? T(0) : x >= T(3) ? T(1) : (x + T(3)) / T(6);
  }
};

struct HardSwish : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x * HardSigmoid::f(x);
  }
};

struct LogSigmoid : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return (x < T(0) ? x : T(0)) - real::log1p(real::exp(-std::abs(x)));
  }
};

}  // namespace tessera::activation
