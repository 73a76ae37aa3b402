#pragma once

#include <cmath>
#include <numbers>

#include "core/random.h"
#include "core/scalar.h"
#include "ops/real_functions.h"

// What each element of a random tensor is made of: one Philox block, with the seed as its key, the
// element's position and the tensor's number as its counter. `Result` is the element type.

namespace tessera::random {

// 64 random bits.
struct Bits {
  using Result = int64_t;
  TESSERA_INLINE static int64_t f(const Philox& p) {
    return static_cast<int64_t>(uint64_t{p.word[0]} << 32 | p.word[1]);
  }
};

// Uniform in [0, 1): a multiple of 2^-24.
struct UniformF32 {
  using Result = float;
  TESSERA_INLINE static float f(const Philox& p) {
    return static_cast<float>(static_cast<int32_t>(p.word[0] >> 8)) * 0x1p-24f;
  }
};

// Uniform in [0, 1): a multiple of 2^-53.
struct UniformF64 {
  using Result = double;
  TESSERA_INLINE static double f(const Philox& p) {
    return static_cast<double>(Bits::f(p) >> 11 & ((int64_t{1} << 53) - 1)) * 0x1p-53;
  }
};

// Standard normal, by Box & Muller 1958: sqrt(-2 log u) cos(2 pi v), with u in (0, 1].
struct NormalF32 {
  using Result = float;
  TESSERA_INLINE static float f(const Philox& p) {
    const float u = (static_cast<float>(p.word[0]) + 0.5f) * 0x1p-32f;
    const float v = static_cast<float>(static_cast<int32_t>(p.word[1] >> 8)) * 0x1p-24f;
    return std::sqrt(-2 * real::log(u)) * real::cos_of_turns(v);
  }
};

struct NormalF64 {
  using Result = double;
  TESSERA_INLINE static double f(const Philox& p) {
    const double u = UniformF64::f(p) + 0x1p-53;
    const int64_t bits = static_cast<int64_t>(uint64_t{p.word[2]} << 21 | p.word[3] >> 11);
    const double v = static_cast<double>(bits) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }
};

// F of the element at `position` of random tensor `number`.
template <class F>
struct Drawn {
  TESSERA_INLINE static typename F::Result f(int64_t seed, int64_t number, int64_t position) {
    return F::f(Philox(static_cast<uint64_t>(seed), static_cast<uint64_t>(position),
                       static_cast<uint64_t>(number)));
  }
};

// One of `count` whole numbers from 0 on (0: 2^64), from 64 random bits. The bias is below
// `count` / 2^64.
struct Below {
  TESSERA_INLINE static int64_t f(int64_t bits, int64_t count) {
    if (count == 0) return bits;
    const auto product =
        static_cast<unsigned __int128>(static_cast<uint64_t>(bits)) * static_cast<uint64_t>(count);
    return static_cast<int64_t>(static_cast<uint64_t>(product >> 64));
  }
};

}  // namespace tessera::random
