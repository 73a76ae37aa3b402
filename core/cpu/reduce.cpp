#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cpu/tile.h"

namespace tessera::cpu {

namespace {

constexpr int kLanes = 16;

template <class T>
constexpr bool is_real = std::is_floating_point_v<T>;

// The type partial results are kept in: sums and products of f32 need the width of f64.
template <class T>
using Wide = std::conditional_t<is_real<T>, double, int64_t>;

template <class T>
bool is_nan(T value) {
  return value != value;
}

// One functor per reduction: identity and join on the accumulator type A.
struct Sum {
  template <class A>
  static A identity() {
    return A(0);
  }
  template <class A>
  static A join(A a, A b) {
    return static_cast<A>(a + b);
  }
};
struct Prod {
  template <class A>
  static A identity() {
    return A(1);
  }
  template <class A>
  static A join(A a, A b) {
    return static_cast<A>(a * b);
  }
};
struct Max {
  template <class A>
  static A identity() {
    return is_real<A> ? -std::numeric_limits<A>::infinity() : std::numeric_limits<A>::min();
  }
  template <class A>
  static A join(A a, A b) {
    return b > a || is_nan(b) ? b : a;
  }
};
struct Min {
  template <class A>
  static A identity() {
    return is_real<A> ? std::numeric_limits<A>::infinity() : std::numeric_limits<A>::max();
  }
  template <class A>
  static A join(A a, A b) {
    return b < a || is_nan(b) ? b : a;
  }
};
struct Any {
  template <class A>
  static A identity() {
    return A(0);
  }
  template <class A>
  static A join(A a, A b) {
    return static_cast<A>(a != A(0) || b != A(0));
  }
};
struct All {
  template <class A>
  static A identity() {
    return A(1);
  }
  template <class A>
  static A join(A a, A b) {
    return static_cast<A>(a != A(0) && b != A(0));
  }
};

template <class F>
decltype(auto) with_reduction(Reduction kind, F&& f) {
  switch (kind) {
    case Reduction::sum:
      return f(Sum{});
    case Reduction::prod:
      return f(Prod{});
    case Reduction::max:
      return f(Max{});
    case Reduction::min:
      return f(Min{});
    case Reduction::any:
      return f(Any{});
    default:
      return f(All{});
  }
}

// Integers wrap around like the unsigned arithmetic they are computed in.
template <class R, class A>
A join_wrapping(A a, A b) {
  if constexpr (std::is_same_v<A, int64_t> && (std::is_same_v<R, Sum> || std::is_same_v<R, Prod>)) {
    return static_cast<A>(R::join(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  } else {
    return R::join(a, b);
  }
}

template <class F>
decltype(auto) with_compute_type(DType type, F&& f) {
  switch (type) {
    case f32:
      return f(float{});
    case f64:
      return f(double{});
    case i32:
      return f(int32_t{});
    case i64:
      return f(int64_t{});
    default:
      return f(uint8_t{});  // u8 and bool
  }
}

template <class A>
A get(const Accumulator& a) {
  if constexpr (is_real<A>) {
    return a.real;
  } else {
    return a.integer;
  }
}
template <class A>
void set(Accumulator& a, A value) {
  if constexpr (is_real<A>) {
    a.real = value;
  } else {
    a.integer = value;
  }
}

bool is_arg(Reduction kind) {
  return kind == Reduction::argmax || kind == Reduction::argmin;
}

// Whether value b at a later position replaces a: the first extreme wins, and a NaN beats numbers.
template <class T>
bool replaces(Reduction kind, T a, T b) {
  if (is_nan(a)) return false;
  return is_nan(b) || (kind == Reduction::argmax ? b > a : b < a);
}

// Positions need the exact value beside them: integers keep theirs in the bits of `real`.
template <class T>
T extreme(const Accumulator& a) {
  if constexpr (is_real<T>) {
    return static_cast<T>(a.real);
  } else {
    return static_cast<T>(std::bit_cast<int64_t>(a.real));
  }
}
template <class T>
Accumulator positioned(T value, int64_t position) {
  if constexpr (is_real<T>) {
    return {static_cast<double>(value), position};
  } else {
    return {std::bit_cast<double>(static_cast<int64_t>(value)), position};
  }
}

template <class T>
Accumulator arg_run(Reduction kind, const T* data, int64_t n, int64_t first) {
  T best = data[0];
  int64_t position = 0;
  for (int64_t i = 1; i < n; ++i) {
    if (replaces(kind, best, data[i])) {
      best = data[i];
      position = i;
    }
  }
  return positioned(best, first + position);
}

template <class R, class T>
Wide<T> value_run(const T* data, int64_t n) {
  using A = Wide<T>;
  A result = R::template identity<A>();
  const int64_t body = n / kLanes * kLanes;
  if (body > 0) {
    A lanes[kLanes];
    std::fill(std::begin(lanes), std::end(lanes), R::template identity<A>());
    for (int64_t i = 0; i < body; i += kLanes) {
      for (int lane = 0; lane < kLanes; ++lane)
        lanes[lane] = join_wrapping<R, A>(lanes[lane], static_cast<A>(data[i + lane]));
    }
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int lane = 0; lane < width; ++lane)
        lanes[lane] = join_wrapping<R, A>(lanes[lane], lanes[lane + width]);
    }
    result = lanes[0];
  }
  for (int64_t i = body; i < n; ++i) result = join_wrapping<R, A>(result, static_cast<A>(data[i]));
  return result;
}

}  // namespace

Accumulator reduce_identity(Reduction kind, DType type) {
  Accumulator a;
  if (is_arg(kind)) {
    a.integer = -1;  // nothing seen
    return a;
  }
  with_compute_type(type, [&]<class T>(T) {
    with_reduction(kind, [&]<class R>(R) { set(a, R::template identity<Wide<T>>()); });
  });
  return a;
}

Accumulator reduce_run(Reduction kind, DType type, const std::byte* data, int64_t n,
                       int64_t first) {
  Accumulator a;
  with_compute_type(type, [&]<class T>(T) {
    const auto* values = reinterpret_cast<const T*>(data);
    if (is_arg(kind)) {
      a = arg_run(kind, values, n, first);
    } else {
      with_reduction(kind, [&]<class R>(R) { set(a, value_run<R>(values, n)); });
    }
  });
  return a;
}

Accumulator reduce_combine(Reduction kind, DType type, const Accumulator& a, const Accumulator& b) {
  Accumulator joined;
  with_compute_type(type, [&]<class T>(T) {
    if (is_arg(kind)) {
      if (a.integer < 0 || b.integer < 0) {
        joined = a.integer < 0 ? b : a;
      } else {
        joined = replaces(kind, extreme<T>(a), extreme<T>(b)) ? b : a;
      }
    } else {
      using A = Wide<T>;
      with_reduction(kind,
                     [&]<class R>(R) { set(joined, join_wrapping<R, A>(get<A>(a), get<A>(b))); });
    }
  });
  return joined;
}

void reduce_finish(Reduction kind, DType type, const Accumulator& a, std::byte* out) {
  if (is_arg(kind)) {
    *reinterpret_cast<int64_t*>(out) = a.integer;
    return;
  }
  with_compute_type(
      type, [&]<class T>(T) { *reinterpret_cast<T*>(out) = static_cast<T>(get<Wide<T>>(a)); });
}

Accumulator reduce_tree(Reduction kind, DType type, std::span<Accumulator> parts) {
  if (parts.empty()) return reduce_identity(kind, type);
  for (size_t count = parts.size(); count > 1; count = (count + 1) / 2) {
    for (size_t i = 0; i + 1 < count; i += 2)
      parts[i / 2] = reduce_combine(kind, type, parts[i], parts[i + 1]);
    if (count % 2 == 1) parts[count / 2] = parts[count - 1];
  }
  return parts[0];
}

void reduce_columns(Reduction kind, DType type, Accumulator* accumulators, const std::byte* data,
                    int64_t n, int64_t row) {
  with_compute_type(type, [&]<class T>(T) {
    const auto* values = reinterpret_cast<const T*>(data);
    if (is_arg(kind)) {
      for (int64_t k = 0; k < n; ++k) {
        if (accumulators[k].integer < 0 || replaces(kind, extreme<T>(accumulators[k]), values[k])) {
          accumulators[k] = positioned(values[k], row);
        }
      }
      return;
    }
    using A = Wide<T>;
    with_reduction(kind, [&]<class R>(R) {
      for (int64_t k = 0; k < n; ++k) {
        set(accumulators[k],
            join_wrapping<R, A>(get<A>(accumulators[k]), static_cast<A>(values[k])));
      }
    });
  });
}

}  // namespace tessera::cpu
