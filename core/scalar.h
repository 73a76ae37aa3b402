#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

// What functions of one element are written with. They are compiled for every instruction set and,
// from the same text, for GPUs, so this header and theirs include nothing else of the library.

// Inlined into the loops of every instruction set and never linked.
#ifdef __CUDACC_RTC__
#define TESSERA_INLINE inline
#else
#define TESSERA_INLINE [[gnu::always_inline]] inline
#endif

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

// A value in another compute type: `!= 0` to bool; from real numbers to integers towards zero,
// where what is out of range, undefined in C++, saturates and NaN gives 0.
template <class To, class From>
TESSERA_INLINE To converted(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    constexpr int64_t low = std::is_same_v<To, uint8_t> ? std::numeric_limits<int64_t>::min()
                                                        : std::numeric_limits<To>::min();
    if (!(value >= static_cast<From>(low))) return value == value ? static_cast<To>(low) : To(0);
    constexpr auto high =
        static_cast<From>(std::is_same_v<To, int32_t> ? 2147483648.0 : 9223372036854775808.0);
    if (value >= high) return std::numeric_limits<To>::max();
    return static_cast<To>(static_cast<int64_t>(value));
  } else {
    return static_cast<To>(value);
  }
}

// The functions that can be links of a chain (ops/chain.h): a few instructions each, on real
// numbers. A struct says which one it is by `static constexpr Link link`.
enum class Link : int {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  neg,
  abs,
  square,
  sqrt,
  reciprocal,
  relu
};

}  // namespace tessera
