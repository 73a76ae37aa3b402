#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/scalar.h"

// Functions of the standard library whose f32 version here has neither branches nor calls, so that
// a loop over it becomes vector instructions. Errors are below 2 units in the last place, 8 for
// erfc; NaN, infinities, zeros and subnormal numbers give what the standard library's give, but for
// the sign of zero.
namespace tessera::real {

TESSERA_INLINE double exp(double x) {
  return std::exp(x);
}
TESSERA_INLINE double log(double x) {
  return std::log(x);
}
TESSERA_INLINE double log1p(double x) {
  return std::log1p(x);
}
TESSERA_INLINE double tanh(double x) {
  return std::tanh(x);
}
TESSERA_INLINE double erfc(double x) {
  return std::erfc(x);
}

// Of the normal distribution: probability of what is below x, and density.
template <class T>
struct Normal {
  T below, density;
};
TESSERA_INLINE Normal<double> normal(double x) {
  return {0.5 * std::erfc(x * -0.70710678118654752),
          0.39894228040143268 * std::exp(-0.5 * (x * x))};
}

// 2^n for -126 <= n <= 127.
TESSERA_INLINE float power_of_two(int32_t n) {
  return __builtin_bit_cast(float, static_cast<uint32_t>(n + 127) << 23);
}

// exp(x - rest), where rest is small. x = n ln 2 + r, and exp(x) = 2^n exp(r) with a polynomial for
// |r| <= ln 2 / 2 (S. Moshier, Cephes). The power of two comes in two factors, since 2^n may be
// beyond the range of floats.
TESSERA_INLINE float exp_difference(float x, float rest) {
  constexpr float kRound = 0x1.8p23F;  // adding it rounds to a whole number
  const float low = x < -104.0F ? -104.0F : x, inside = low > 89.0F ? 89.0F : low;
  const float shifted = inside * 1.44269504088896341F + kRound, whole = shifted - kRound;
  const float r = inside - whole * 0.693359375F + whole * 2.12194440e-4F - rest;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  const int32_t n = __builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, kRound);
  const int32_t bounded = x != x ? 0 : n, half = bounded >> 1;
  return p * power_of_two(half) * power_of_two(bounded - half);
}

TESSERA_INLINE float exp(float x) {
  return exp_difference(x, 0.0F);
}

// x = 2^n m with sqrt(1/2) <= m < sqrt(2), and a polynomial for log(m) (Cephes).
TESSERA_INLINE float log(float x) {
  constexpr float kLeast = std::numeric_limits<float>::min();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr int32_t kRootHalf = 0x3f3504f3;  // bits of sqrt(1/2)
  const bool small = x < kLeast;
  const int32_t bits = __builtin_bit_cast(int32_t, small ? x * 0x1p23F : x);
  const int32_t n = (bits - kRootHalf) >> 23;
  const float m = __builtin_bit_cast(float, bits - (n << 23)) - 1.0F;
  const auto whole = static_cast<float>(small ? n - 23 : n);
  float p = 7.0376836292e-2F;
  p = p * m - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  const float square = m * m;
  const float rest = p * (m * square) - whole * 2.12194440e-4F - 0.5F * square;
  const float y = m + rest + whole * 0.693359375F;
  const float positive = x < kInfinity ? y : x;  // infinity and NaN
  return x > 0.0F || x != x ? positive : x == 0.0F ? -kInfinity : kInfinity - kInfinity;
}

// The logarithm of the rounded 1 + x, corrected by what the rounding lost.
TESSERA_INLINE float log1p(float x) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float w = 1.0F + x;
  const float lost = (x - (w - 1.0F)) / w;
  return log(w) + (w > 0.0F && w < kInfinity ? lost : 0.0F);
}

// cos(2 pi x) for 0 <= x <= 1: sine or cosine of the distance to the nearest quarter (Cephes).
TESSERA_INLINE float cos_of_turns(float x) {
  constexpr float kRound = 0x1.8p23F;  // adding it rounds to a whole number
  const float shifted = 4.0F * x + kRound;
  const int32_t quarter =
      __builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, kRound);
  const float angle = (x - 0.25F * (shifted - kRound)) * 6.28318530717958648F;
  const float square = angle * angle;
  float sine = -1.9515295891e-4F;
  sine = sine * square + 8.3321608736e-3F;
  sine = sine * square - 1.6666654611e-1F;
  sine = sine * square * angle + angle;
  float cosine = 2.443315711809948e-5F;
  cosine = cosine * square - 1.388731625493765e-3F;
  cosine = cosine * square + 4.166664568298827e-2F;
  cosine = cosine * (square * square) - 0.5F * square + 1.0F;
  const float size = (quarter & 1) != 0 ? sine : cosine;
  return ((quarter + 1) & 2) != 0 ? -size : size;
}

TESSERA_INLINE float tanh(float x) {
  const float size = std::abs(x), square = x * x;
  const float far = 1.0F - 2.0F / (exp(2.0F * size) + 1.0F);
  float p = -5.70498872745e-3F;
  p = p * square + 2.06390887954e-2F;
  p = p * square - 5.37397155531e-2F;
  p = p * square + 1.33314422036e-1F;
  p = p * square - 3.33332819422e-1F;
  const float near = p * square * x + x;
  return size < 0.625F ? near : x < 0.0F ? -far : far;
}

// exp(x^2) erfc(x) for x >= 0: t times a polynomial in t = 1 / (1 + x / 2), fitted for the least
// relative error up to x = 10, where exp(-x^2) ends, among those that give 1 for x = 0.
TESSERA_INLINE float erfcx(float x) {
  const float t = 1.0F / (1.0F + 0.5F * x);
  float p = -0.0585366525F;
  p = p * t + 0.282262802F;
  p = p * t - 0.482984811F;
  p = p * t + 0.273875207F;
  p = p * t - 0.0241513923F;
  p = p * t + 0.201804399F;
  p = p * t + 0.243288383F;
  p = p * t + 0.282354712F;
  p = p * t + 0.282087356F;
  return p * t;
}

// The square is taken of the upper digits of x exactly, and of the rest apart.
TESSERA_INLINE float erfc(float x) {
  const float size = std::abs(x), bounded = size > 20.0F ? 20.0F : size;
  const float upper =
      __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, bounded) & 0xfffff000U);
  const float rest = (bounded - upper) * (bounded + upper);
  const float y = exp_difference(-upper * upper, rest) * erfcx(bounded);
  return x < 0.0F ? 2.0F - y : y;
}

TESSERA_INLINE Normal<float> normal(float x) {
  const float power = exp(-0.5F * (x * x));
  const float tail = 0.5F * power * erfcx(std::abs(x) * 0.70710678118654752F);
  return {x < 0.0F ? tail : 1.0F - tail, 0.39894228040143268F * power};
}

}  // namespace tessera::real
