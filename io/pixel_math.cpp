#include "io/pixel_math.h"

#include "core/error.h"
#include "io/pixel_math_kernels.h"

namespace tessera::io {

void power_(std::span<float> x, float low, float scale, float power, float factor, float offset) {
  TESSERA_SELECT(power)(x.data(), std::ssize(x), low, scale, power, factor, offset);
}

void multiply_by_exp_(std::span<float> x, std::span<const float> exponent) {
  require(x.size() == exponent.size(),
          "multiply_by_exp_: there must be an exponent for each value, got {} and {}", x.size(),
          exponent.size());
  TESSERA_SELECT(multiply_by_exp)(x.data(), exponent.data(), std::ssize(x));
}

void add_normal_(std::span<float> x, float strength, uint64_t key) {
  TESSERA_SELECT(add_normal)(x.data(), std::ssize(x), strength, key);
}

}  // namespace tessera::io
