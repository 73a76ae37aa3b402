#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "core/op.h"

// Scalar functions are inlined into the loops of every instruction set and never linked.
#define TESSERA_INLINE [[gnu::always_inline]] inline

namespace tessera {

// What types a scalar function works on. Others are converted first: integers to f32 for OnReal.
struct OnReal {};      // f32, f64
struct OnNumbers {};   // also i32, i64, u8
struct OnAll {};       // also bool
struct OnIntegers {};  // i32, i64, u8, bool: bits

// Mixed in where the result is a truth value.
struct Predicate {};

template <class F, class T>
inline constexpr bool accepts = std::is_base_of_v<OnReal, F>       ? std::is_floating_point_v<T>
                                : std::is_base_of_v<OnNumbers, F>  ? !std::is_same_v<T, bool>
                                : std::is_base_of_v<OnIntegers, F> ? !std::is_floating_point_v<T>
                                                                   : true;

template <class F, class T>
using result_of = std::conditional_t<std::is_base_of_v<Predicate, F>, bool, T>;

// Integers wrap around: they are computed in unsigned arithmetic, where that is not an overflow.
template <class T>
using Wrapping = std::conditional_t<std::is_same_v<T, int32_t>, uint32_t,
                                    std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>>;

// Loops of one function by compute type: f32, f64, i32, i64, u8, bool; null where unsupported.
using TileRow = std::array<TileFn, 6>;

constexpr TileFn tile_in(const TileRow& row, DType type) {
  switch (type) {
    case f32:
      return row[0];
    case f64:
      return row[1];
    case i32:
      return row[2];
    case i64:
      return row[3];
    case u8:
      return row[4];
    case bool_:
      return row[5];
    default:
      return nullptr;
  }
}

}  // namespace tessera
