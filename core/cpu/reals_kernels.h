#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace tessera::cpu {

// Conversions of n elements.
struct HalfKernels {
  void (*widen_bf16)(const BFloat16* from, int64_t n, float* to);
  void (*widen_f16)(const Half* from, int64_t n, float* to);
  void (*narrow_bf16)(const float* from, int64_t n, BFloat16* to);
  void (*narrow_f16)(const float* from, int64_t n, Half* to);
};

}  // namespace tessera::cpu
