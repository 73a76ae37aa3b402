#pragma once

#include <cmath>
#include <limits>

#include "core/scalar.h"

// One struct per function of two variables, and of `where`: `f` computes an element. Derivatives
// are in binary_rules.h.

namespace tessera::binary {

struct Add : OnAll {
  static constexpr Link link = Link::add;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
};

struct Sub : OnNumbers {
  static constexpr Link link = Link::sub;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
};

struct Mul : OnAll {
  static constexpr Link link = Link::mul;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
};

struct Div : OnReal {
  static constexpr Link link = Link::div;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return a / b;
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
};

struct Remainder : OnNumbers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    const T r = Fmod::f(a, b);
    return r != T(0) && (r < T(0)) != (b < T(0)) ? static_cast<T>(r + b) : r;
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
};

struct Maximum : OnAll {
  static constexpr Link link = Link::maximum;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return a > b || a != a ? a : b;
  }
};

struct Minimum : OnAll {
  static constexpr Link link = Link::minimum;
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return a < b || a != a ? a : b;
  }
};

struct Atan2 : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return std::atan2(a, b);
  }
};

struct Hypot : OnReal {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    return std::hypot(a, b);
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
};

struct RightShift : OnIntegers {
  template <class T>
  TESSERA_INLINE static T f(T a, T b) {
    const bool inside = b >= T(0) && b < static_cast<T>(std::numeric_limits<Wrapping<T>>::digits);
    return inside ? static_cast<T>(a >> b) : static_cast<T>(a < T(0) ? -1 : 0);
  }
};

struct Where : OnAll {
  template <class T>
  TESSERA_INLINE static T f(bool condition, T a, T b) {
    return condition ? a : b;
  }
};

}  // namespace tessera::binary
