#pragma once

#include <cstdint>

#include "core/cpu/isa.h"

// What pixel_math.simd.inc defines for each instruction set; see io/pixel_math.h.
TESSERA_FOR_EACH_ISA(void power(float* x, int64_t n, float low, float scale, float power,
                                float factor, float offset);
                     void multiply_by_exp(float* x, const float* exponent, int64_t n);
                     void add_normal(float* x, int64_t n, float strength, uint64_t key))
