#pragma once

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/map_function.h"
#include "ops/binary.h"
#include "ops/chain.h"
#include "ops/unary.h"

// One struct per function of two variables: `f` computes an element; `da` and `db` are the partial
// derivatives times dy, as tensors, with y = f(a, b). A function without them has no gradient.
// `check`, if there is one, refuses dtypes and numbers.

namespace tessera::binary {

struct Add : OnAll {
  static constexpr Link link = Link::add;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
};

struct Sub : OnNumbers {
  static constexpr Link link = Link::sub;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return -dy; }
};

struct Mul : OnAll {
  static constexpr Link link = Link::mul;
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
  static constexpr Link link = Link::div;
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

// Division that never traps: by 0 it gives 0, and the smallest number by -1 wraps around.
template <class T>
TESSERA_INLINE T quotient(T a, T b) {
  if (b == T(0)) return T(0);
  if constexpr (std::is_signed_v<T>) {
    if (b == T(-1)) return static_cast<T>(-static_cast<Wrapping<T>>(a));
  }
  return static_cast<T>(a / b);
}
template <class T>
TESSERA_INLINE T rest(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) -
                        static_cast<Wrapping<T>>(quotient(a, b)) * static_cast<Wrapping<T>>(b));
}

struct TruncDivide : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::trunc(a / b);
    } else {
      return quotient(a, b);
    }
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
};

struct Fmod : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmod(a, b);
    } else {
      return b == T(0) ? T(0) : rest(a, b);
    }
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return -(dy * trunc_divide(a, b));
  }
};

struct Remainder : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    const T r = Fmod::f(a, b);
    return r != T(0) && (r < T(0)) != (b < T(0)) ? static_cast<T>(r + b) : r;
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return -(dy * floor_divide(a, b));
  }
};

struct FloorDivide : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (b == T(0)) return a / b;
      // floor(a / b) would be one too large where a / b rounds up to a whole number.
      const T r = std::fmod(a, b);
      const T whole = std::nearbyint((a - r) / b) - T(r != T(0) && (r < T(0)) != (b < T(0)));
      return whole == T(0) ? std::copysign(T(0), a / b) : whole;
    } else {
      const T r = Fmod::f(a, b);
      return static_cast<T>(quotient(a, b) - (r != T(0) && (r < T(0)) != (b < T(0))));
    }
  }
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
};

struct Pow : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::pow(a, b);
    } else {
      if (b < T(0)) return a == T(1) ? a : a == static_cast<T>(-1) ? (b % 2 != 0 ? a : T(1)) : T(0);
      Wrapping<T> result = 1, power = static_cast<Wrapping<T>>(a);
      for (auto bits = static_cast<Wrapping<T>>(b); bits != 0; bits >>= 1) {
        if (bits & 1) result = static_cast<Wrapping<T>>(result * power);
        power = static_cast<Wrapping<T>>(power * power);
      }
      return static_cast<T>(result);
    }
  }
  static void check(const Operand& a, const Operand& b, DType type) {
    require(is_floating(type) || !b.is_number || b.number >= 0,
            "pow: integers have no negative powers, got {} to the power {}; cast to f32", a.dtype(),
            b.number);
  }
  // The bases that are cut out are replaced by 1, since 0 * inf in a branch not taken would be nan
  // in the next derivative.
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    const Tensor constant = b == 0;
    return where(constant, 0, dy * b * pow(where(constant, 1, a), b - 1));
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    const Tensor constant = (a == 0) & (b >= 0);
    return where(constant, 0, dy * y * log(where(constant, 1, a)));
  }
};

struct Maximum : OnAll {
  static constexpr Link link = Link::maximum;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return a > b || a != a ? a : b;
  }
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * where(a == b, 0.5, where(a < b, 0.0, 1.0));
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return da(b, a, y, dy);
  }
};

struct Minimum : OnAll {
  static constexpr Link link = Link::minimum;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return a < b || a != a ? a : b;
  }
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * where(a == b, 0.5, where(b < a, 0.0, 1.0));
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return da(b, a, y, dy);
  }
};

struct Atan2 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return std::atan2(a, b);
  }
  // a^2 + b^2; 1 at the origin, where the gradient is 0.
  static Tensor square_norm(const Tensor& a, const Tensor& b) {
    return where((a == 0) & (b == 0), 1, a * a + b * b);
  }
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * b / square_norm(a, b);
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return -(dy * a / square_norm(a, b));
  }
};

struct Hypot : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return std::hypot(a, b);
  }
  static Tensor da(const Tensor& a, const Tensor&, const Tensor& y, const Tensor& dy) {
    return dy * (a / y);
  }
  static Tensor db(const Tensor&, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return dy * (b / y);
  }
};

struct Equal : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return a == b;
  }
};

struct NotEqual : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return a != b;
  }
};

struct Less : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return a < b;
  }
};

struct LessEqual : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return a <= b;
  }
};

struct Greater : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return a > b;
  }
};

struct GreaterEqual : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return a >= b;
  }
};

struct LogicalAnd : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return (a != T(0)) & (b != T(0));
  }
};

struct LogicalOr : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return (a != T(0)) | (b != T(0));
  }
};

struct LogicalXor : OnAll, Predicate {
  template <class T>
  TESSERA_INLINE static bool f(T a, T b) {
    return (a != T(0)) != (b != T(0));
  }
};

struct BitwiseAnd : OnIntegers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(a & b);
  }
};

struct BitwiseOr : OnIntegers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(a | b);
  }
};

struct BitwiseXor : OnIntegers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};

// Shifts by a negative count, which C++ leaves open, are taken as shifts by the whole width.
struct LeftShift : OnIntegers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    const bool inside = b >= T(0) && b < static_cast<T>(std::numeric_limits<Wrapping<T>>::digits);
    return inside ? static_cast<T>(static_cast<Wrapping<T>>(a) << b) : T(0);
  }
  static void check(const Operand&, const Operand&, DType type) {
    require(type != bool_, "bitwise_left_shift: not defined for bool");
  }
};

struct RightShift : OnIntegers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    const bool inside = b >= T(0) && b < static_cast<T>(std::numeric_limits<Wrapping<T>>::digits);
    return inside ? static_cast<T>(a >> b) : static_cast<T>(a < T(0) ? -1 : 0);
  }
  static void check(const Operand&, const Operand&, DType type) {
    require(type != bool_, "bitwise_right_shift: not defined for bool");
  }
};

struct Where : OnAll {
  template <class T>
  TESSERA_INLINE static T f(bool condition, T a, T b) {
    return condition ? a : b;
  }
};

}  // namespace tessera::binary
