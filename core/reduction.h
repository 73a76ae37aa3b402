#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/scalar.h"

// What reductions compute on any device.

namespace tessera::reduction {

template <class T>
inline constexpr bool is_real = std::is_floating_point_v<T>;

// The type partial results are kept in: sums and products of f32 need the width of f64.
template <class T>
using Wide = std::conditional_t<is_real<T>, double, int64_t>;

template <class T>
TESSERA_INLINE bool is_nan(T value) {
  return value != value;
}

// One functor per reduction: identity and join on the accumulator type A.
struct Sum {
  template <class A>
  TESSERA_INLINE static A identity() {
    return A(0);
  }
  template <class A>
  TESSERA_INLINE static A join(A a, A b) {
    return static_cast<A>(a + b);
  }
};
struct Prod {
  template <class A>
  TESSERA_INLINE static A identity() {
    return A(1);
  }
  template <class A>
  TESSERA_INLINE static A join(A a, A b) {
    return static_cast<A>(a * b);
  }
};
struct Max {
  template <class A>
  TESSERA_INLINE static A identity() {
    return is_real<A> ? -std::numeric_limits<A>::infinity() : std::numeric_limits<A>::min();
  }
  template <class A>
  TESSERA_INLINE static A join(A a, A b) {
    return b > a || is_nan(b) ? b : a;
  }
};
struct Min {
  template <class A>
  TESSERA_INLINE static A identity() {
    return is_real<A> ? std::numeric_limits<A>::infinity() : std::numeric_limits<A>::max();
  }
  template <class A>
  TESSERA_INLINE static A join(A a, A b) {
    return b < a || is_nan(b) ? b : a;
  }
};
struct Any {
  template <class A>
  TESSERA_INLINE static A identity() {
    return A(0);
  }
  template <class A>
  TESSERA_INLINE static A join(A a, A b) {
    return static_cast<A>(a != A(0) || b != A(0));
  }
};
struct All {
  template <class A>
  TESSERA_INLINE static A identity() {
    return A(1);
  }
  template <class A>
  TESSERA_INLINE static A join(A a, A b) {
    return static_cast<A>(a != A(0) && b != A(0));
  }
};

// Integers wrap around like the unsigned arithmetic they are computed in.
template <class R, class A>
TESSERA_INLINE A join_wrapping(A a, A b) {
  if constexpr (std::is_same_v<A, int64_t> && (std::is_same_v<R, Sum> || std::is_same_v<R, Prod>)) {
    return static_cast<A>(R::join(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  } else {
    return R::join(a, b);
  }
}

// Whether value b at a later position replaces a: the first extreme wins, and a NaN beats numbers.
template <class T>
TESSERA_INLINE bool replaces(bool largest, T a, T b) {
  return !is_nan(a) && (is_nan(b) || (largest ? b > a : b < a));
}

}  // namespace tessera::reduction
