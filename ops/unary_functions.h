#pragma once

#include <cmath>
#include <limits>

#include "core/map_function.h"
#include "ops/binary.h"
#include "ops/chain.h"
#include "ops/real_functions.h"
#include "ops/unary.h"

// One struct per function of one variable: `f` computes an element, and `df(x, y)` is dy/dx as a
// tensor (or a number), with y = f(x); where the gradient is chosen rather than scaled, `dx(x, y,
// dy)` gives dL/dx instead. A function without either has no gradient.

namespace tessera::unary {

// Piecewise constant: the gradient is 0 everywhere, so that a path through it is not an error.
struct Step {
  static Operand df(const Tensor&, const Tensor&) { return 0; }
};

struct Neg : OnNumbers {
  static constexpr Link link = Link::neg;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return static_cast<T>(-static_cast<Wrapping<T>>(x));
  }
  static Operand df(const Tensor&, const Tensor&) { return -1; }
};

struct Abs : OnNumbers {
  static constexpr Link link = Link::abs;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::abs(x);
    } else {
      return x < T(0) ? Neg::f(x) : x;
    }
  }
  static Tensor df(const Tensor& x, const Tensor&) { return sign(x); }
};

struct Sign : OnAll, Step {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_same_v<T, bool>) {
      return x;
    } else {
      return static_cast<T>((x > T(0)) - (x < T(0)));
    }
  }
};

struct Square : OnNumbers {
  static constexpr Link link = Link::square;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return static_cast<T>(static_cast<Wrapping<T>>(x) * static_cast<Wrapping<T>>(x));
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 2 * x; }
};

struct Floor : OnNumbers, Step {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::floor(x);
    } else {
      return x;
    }
  }
};

struct Ceil : OnNumbers, Step {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::ceil(x);
    } else {
      return x;
    }
  }
};

struct Round : OnNumbers, Step {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::nearbyint(x);  // in the default rounding mode halves go to even
    } else {
      return x;
    }
  }
};

struct Trunc : OnNumbers, Step {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::trunc(x);
    } else {
      return x;
    }
  }
};

struct Frac : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return x - std::trunc(x);
  }
  static Operand df(const Tensor&, const Tensor&) { return 1; }
};

struct Exp : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::exp(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return y; }
};

struct Exp2 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::exp2(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return y * 0.69314718055994531; }  // ln 2
};

struct Expm1 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::expm1(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return y + 1; }
};

struct Log : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::log(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / x; }
};

struct Log2 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::log2(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 1.4426950408889634 / x; }  // 1 / ln 2
};

struct Log10 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::log10(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 0.43429448190325183 / x; }  // 1 / ln 10
};

struct Log1p : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::log1p(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / (x + 1); }
};

struct Sqrt : OnReal {
  static constexpr Link link = Link::sqrt;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::sqrt(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return 0.5 / y; }
};

struct Rsqrt : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return T(1) / std::sqrt(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return -0.5 * (y * y * y); }
};

struct Reciprocal : OnReal {
  static constexpr Link link = Link::reciprocal;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return T(1) / x;
  }
  static Tensor df(const Tensor&, const Tensor& y) { return -(y * y); }
};

struct Sin : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::sin(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return cos(x); }
};

struct Cos : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::cos(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return -sin(x); }
};

struct Tan : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::tan(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return y * y + 1; }
};

// The products below instead of 1 - x^2 keep their digits where |x| is close to 1.
struct Asin : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::asin(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return rsqrt((1 - x) * (1 + x)); }
};

struct Acos : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::acos(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return -rsqrt((1 - x) * (1 + x)); }
};

struct Atan : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::atan(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / (x * x + 1); }
};

struct Sinh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::sinh(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return cosh(x); }
};

struct Cosh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::cosh(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return sinh(x); }
};

struct Tanh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::tanh(x);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return 1 - y * y; }
};

struct Asinh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::asinh(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return rsqrt(x * x + 1); }
};

struct Acosh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::acosh(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return rsqrt((x - 1) * (x + 1)); }
};

struct Atanh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::atanh(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / ((1 - x) * (1 + x)); }
};

struct Erf : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::erf(x);
  }
  static Tensor df(const Tensor& x, const Tensor&) {
    return 1.1283791670955126 * exp(-(x * x));  // 2 / sqrt(pi)
  }
};

struct Erfc : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::erfc(x);
  }
  static Tensor df(const Tensor& x, const Tensor& y) { return -Erf::df(x, y); }
};

struct Sigmoid : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    const T e = real::exp(-std::abs(x));  // never overflows
    return (x < T(0) ? e : T(1)) / (T(1) + e);
  }
  static Tensor df(const Tensor&, const Tensor& y) { return y * (1 - y); }
};

struct IsNan : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T x) {
    return x != x;
  }
};

struct IsInf : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::abs(x) == std::numeric_limits<T>::infinity();
    } else {
      return false;
    }
  }
};

struct IsFinite : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::abs(x) <= std::numeric_limits<T>::max();
    } else {
      return true;
    }
  }
};

struct LogicalNot : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T x) {
    return x == T(0);
  }
};

struct BitwiseNot : OnIntegers {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_same_v<T, bool>) {
      return !x;
    } else {
      return static_cast<T>(~x);
    }
  }
};

}  // namespace tessera::unary
