#pragma once

#include <cmath>

#include "core/map_function.h"
#include "ops/binary.h"
#include "ops/unary.h"

// One struct per function of two variables: `f` computes an element; `da` and `db` are the partial
// derivatives times dy, as tensors, with y = f(a, b). A function without them has no gradient.

namespace tessera::binary {

// Integers wrap around, in unsigned arithmetic.
template <class T>
using Wrapping = std::conditional_t<std::is_same_v<T, int32_t>, uint32_t,
                                    std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>>;

struct Add : OnAll {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
};

struct Sub : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return -dy; }
};

struct Mul : OnAll {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
  static Tensor da(const Tensor&, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * b;
  }
  static Tensor db(const Tensor& a, const Tensor&, const Tensor&, const Tensor& dy) {
    return dy * a;
  }
};

struct Div : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return a / b;
  }
  static Tensor da(const Tensor&, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy / b;
  }
  static Tensor db(const Tensor&, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return -(dy * y / b);
  }
};

struct Maximum : OnAll {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return a > b || a != a ? a : b;
  }
  static Tensor share(const Tensor& a, const Tensor& b) {
    return where(lt(b, a), 1.0, where(lt(a, b), 0.0, 0.5));
  }
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * share(a, b);
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * share(b, a);
  }
};

struct Less : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return a < b;
  }
};

struct Where : OnAll {
  template <class T>
  TESSERA_INLINE static T f(bool condition, T a, T b) {
    return condition ? a : b;
  }
};

}  // namespace tessera::binary
