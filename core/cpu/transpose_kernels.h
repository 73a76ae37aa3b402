#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::cpu {

// to[l * to_pitch + c] = from[c * from_pitch + l] for `lines` lines of n elements. The arrays must
// not overlap. Pitches may be negative.
using TransposeFn = void (*)(const std::byte* from, int64_t from_pitch, int64_t lines, int64_t n,
                             std::byte* to, int64_t to_pitch);

struct TransposeKernels {
  TransposeFn by_size[4];  // elements of 1, 2, 4 and 8 bytes
};

}  // namespace tessera::cpu
