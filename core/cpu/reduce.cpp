#include <algorithm>
#include <cmath>

#include "core/cpu/tile.h"
#include "core/reduction.h"

namespace tessera::cpu {

namespace {

using namespace reduction;

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

bool is_arg(Reduction kind) {
  return kind == Reduction::argmax || kind == Reduction::argmin;
}

constexpr int kLanes = 16;

// Joins n elements, a multiple of 16, to the lanes.
template <class R, class T>
void add_to_lanes(Wide<T>* lanes, const T* data, int64_t n) {
  using A = Wide<T>;
  A local[kLanes];  // known to the compiler not to be part of data
  std::copy_n(lanes, kLanes, local);
  for (int64_t i = 0; i < n; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane)
      local[lane] = join_wrapping<R, A>(local[lane], static_cast<A>(data[i + lane]));
  }
  std::copy_n(local, kLanes, lanes);
}

template <class R, class A>
A join_lanes(A* lanes) {
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane)
      lanes[lane] = join_wrapping<R, A>(lanes[lane], lanes[lane + width]);
  }
  return lanes[0];
}

template <class R, class T>
Wide<T> join_tail(Wide<T> result, const T* tail, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    result = join_wrapping<R, Wide<T>>(result, static_cast<Wide<T>>(tail[i]));
  return result;
}

template <class R, class T>
Wide<T> reduced_run(const T* data, int64_t n) {
  using A = Wide<T>;
  A result = R::template identity<A>();
  const int64_t body = n / kLanes * kLanes;
  if (body > 0) {
    A lanes[kLanes];
    std::fill_n(lanes, kLanes, result);
    add_to_lanes<R, T>(lanes, data, body);
    result = join_lanes<R, A>(lanes);
  }
  return join_tail<R, T>(result, data + body, n - body);
}

// Position of the extreme of n elements, n > 0: its value first, which vectorises, then its place.
template <class T>
int64_t extreme_of(bool largest, const T* data, int64_t n) {
  const T best = static_cast<T>(largest ? reduced_run<Max>(data, n) : reduced_run<Min>(data, n));
  int64_t i = 0;
  if (is_nan(best)) {
    while (!is_nan(data[i])) ++i;
  } else {
    while (data[i] != best) ++i;
  }
  return i;
}

template <class A>
A* values_of(const Partials& partials) {
  return reinterpret_cast<A*>(partials.values);
}

}  // namespace

void reduce_start(Reduction kind, DType type, const Partials& partials) {
  std::fill_n(partials.positions, partials.count, -1);
  if (is_arg(kind)) return;
  with_compute_type(type, [&]<class T>(T) {
    using A = Wide<T>;
    with_reduction(kind, [&]<class R>(R) {
      std::fill_n(values_of<A>(partials), partials.count, R::template identity<A>());
    });
  });
}

void reduce_columns(Reduction kind, DType type, const Partials& partials, const std::byte* data,
                    int64_t rows, int64_t first) {
  with_compute_type(type, [&]<class T>(T) {
    using A = Wide<T>;
    const auto* element = reinterpret_cast<const T*>(data);
    A* values = values_of<A>(partials);
    if (is_arg(kind)) {
      const bool largest = kind == Reduction::argmax;
      for (int64_t row = first; row < first + rows; ++row, element += partials.count) {
        for (int64_t k = 0; k < partials.count; ++k) {
          const A value = static_cast<A>(element[k]);
          const bool takes = partials.positions[k] < 0 || replaces(largest, values[k], value);
          values[k] = takes ? value : values[k];
          partials.positions[k] = takes ? row : partials.positions[k];
        }
      }
      return;
    }
    with_reduction(kind, [&]<class R>(R) {
      for (int64_t row = 0; row < rows; ++row, element += partials.count) {
        for (int64_t k = 0; k < partials.count; ++k)
          values[k] = join_wrapping<R, A>(values[k], static_cast<A>(element[k]));
      }
    });
  });
}

void reduce_join(Reduction kind, DType type, const Partials& partials, const Partials& next) {
  with_compute_type(type, [&]<class T>(T) {
    using A = Wide<T>;
    A* values = values_of<A>(partials);
    const A* later = values_of<A>(next);
    if (is_arg(kind)) {
      for (int64_t k = 0; k < partials.count; ++k) {
        if (next.positions[k] < 0) continue;
        if (partials.positions[k] < 0 || replaces(kind == Reduction::argmax, values[k], later[k])) {
          values[k] = later[k];
          partials.positions[k] = next.positions[k];
        }
      }
      return;
    }
    with_reduction(kind, [&]<class R>(R) {
      for (int64_t k = 0; k < partials.count; ++k)
        values[k] = join_wrapping<R, A>(values[k], later[k]);
    });
  });
}

void reduce_finish(Reduction kind, DType type, const Partials& partials, std::byte* out) {
  if (is_arg(kind)) {
    std::copy_n(partials.positions, partials.count, reinterpret_cast<int64_t*>(out));
    return;
  }
  with_compute_type(type, [&]<class T>(T) {
    const Wide<T>* values = values_of<Wide<T>>(partials);
    for (int64_t k = 0; k < partials.count; ++k)
      reinterpret_cast<T*>(out)[k] = static_cast<T>(values[k]);
  });
}

void reduce_rows(Reduction kind, DType type, const std::byte* data, int64_t rows, int64_t n,
                 std::byte* out) {
  with_compute_type(type, [&]<class T>(T) {
    const auto* row = reinterpret_cast<const T*>(data);
    if (is_arg(kind)) {
      auto* positions = reinterpret_cast<int64_t*>(out);
      for (int64_t r = 0; r < rows; ++r, row += n)
        positions[r] = extreme_of(kind == Reduction::argmax, row, n);
      return;
    }
    with_reduction(kind, [&]<class R>(R) {
      T* results = reinterpret_cast<T*>(out);
      for (int64_t r = 0; r < rows; ++r, row += n)
        results[r] = static_cast<T>(reduced_run<R>(row, n));
    });
  });
}

RunReduction::RunReduction(Reduction kind, DType type) : kind_(kind), type_(type) {
  int64_t unused[kLanes];
  if (!is_arg(kind)) reduce_start(kind, type, {lanes_, unused, kLanes});
}

void RunReduction::add(const std::byte* data, int64_t n, int64_t first) {
  with_compute_type(type_, [&]<class T>(T) {
    const auto* element = reinterpret_cast<const T*>(data);
    if (is_arg(kind_)) {
      T& best = *reinterpret_cast<T*>(lanes_);
      const bool largest = kind_ == Reduction::argmax;
      const int64_t found = extreme_of(largest, element, n);
      if (position_ >= 0 && !replaces(largest, best, element[found])) return;
      best = element[found];
      position_ = first + found;
      return;
    }
    const int64_t body = n / kLanes * kLanes;
    tail_count_ = n - body;
    std::copy_n(element + body, tail_count_, reinterpret_cast<T*>(tail_));
    with_reduction(kind_, [&]<class R>(R) {
      add_to_lanes<R>(reinterpret_cast<Wide<T>*>(lanes_), element, body);
    });
  });
}

void RunReduction::finish(const Partials& one) {
  with_compute_type(type_, [&]<class T>(T) {
    using A = Wide<T>;
    one.positions[0] = position_;
    if (is_arg(kind_)) {
      *values_of<A>(one) = static_cast<A>(*reinterpret_cast<const T*>(lanes_));
      return;
    }
    with_reduction(kind_, [&]<class R>(R) {
      const A joined = join_lanes<R>(reinterpret_cast<A*>(lanes_));
      *values_of<A>(one) = join_tail<R>(joined, reinterpret_cast<const T*>(tail_), tail_count_);
    });
  });
}

}  // namespace tessera::cpu
