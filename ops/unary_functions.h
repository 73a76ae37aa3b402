#pragma once

#include <cmath>
#include <limits>

#include "core/scalar.h"
#include "ops/real_functions.h"

// One struct per function of one variable: `f` computes an element. Derivatives are in
// unary_rules.h.

namespace tessera::unary {

struct Neg : OnNumbers {
  static constexpr Link link = Link::neg;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return static_cast<T>(-static_cast<Wrapping<T>>(x));
  }
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
};

struct Sign : OnAll {
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
};

struct Floor : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::floor(x);
    } else {
      return x;
    }
  }
};

struct Ceil : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::ceil(x);
    } else {
      return x;
    }
  }
};

struct Round : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::nearbyint(x);  // in the default rounding mode halves go to even
    } else {
      return x;
    }
  }
};

struct Trunc : OnNumbers {
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
};

struct Exp : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::exp(x);
  }
};

struct Exp2 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::exp2(x);
  }
};

struct Expm1 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::expm1(x);
  }
};

struct Log : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::log(x);
  }
};

struct Log2 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::log2(x);
  }
};

struct Log10 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::log10(x);
  }
};

struct Log1p : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::log1p(x);
  }
};

struct Sqrt : OnReal {
  static constexpr Link link = Link::sqrt;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::sqrt(x);
  }
};

struct Rsqrt : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return T(1) / std::sqrt(x);
  }
};

struct Reciprocal : OnReal {
  static constexpr Link link = Link::reciprocal;
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return T(1) / x;
  }
};

struct Sin : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::sin(x);
  }
};

struct Cos : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::cos(x);
  }
};

struct Tan : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::tan(x);
  }
};

// The products below instead of 1 - x^2 keep their digits where |x| is close to 1.
struct Asin : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::asin(x);
  }
};

struct Acos : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::acos(x);
  }
};

struct Atan : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::atan(x);
  }
};

struct Sinh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::sinh(x);
  }
};

struct Cosh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::cosh(x);
  }
};

struct Tanh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::tanh(x);
  }
};

struct Asinh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::asinh(x);
  }
};

struct Acosh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::acosh(x);
  }
};

struct Atanh : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::atanh(x);
  }
};

struct Erf : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return std::erf(x);
  }
};

struct Erfc : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    return real::erfc(x);
  }
};

struct Sigmoid : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T x) {
    const T e = real::exp(-std::abs(x));  // never overflows
    return (x < T(0) ? e : T(1)) / (T(1) + e);
  }
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
