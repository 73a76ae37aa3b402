#pragma once

#include <cmath>

#include "core/map_function.h"
#include "ops/binary.h"
#include "ops/unary.h"

// One struct per function of one variable: `f` computes an element, and `df(x, y)` is dy/dx as a
// tensor, with y = f(x). A function without df has no gradient.

namespace tessera::unary {

struct Neg : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(0U - static_cast<std::make_unsigned_t<T>>(x));  // wraps
    } else {
      return -x;
    }
  }
  static Tensor df(const Tensor&, const Tensor&) { return scalar(-1.0, f32); }
};

struct Exp : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::exp(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return y; }
};

struct Log : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::log(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 1.0 / x; }
};

struct Sqrt : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::sqrt(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return 0.5 / y; }
};

}  // namespace tessera::unary
