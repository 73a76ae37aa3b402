#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace tessera::cuda {

// Every kernel runs in blocks of as many threads.
inline constexpr int kThreads = 256;

// Blocks of a launch: y at most 65535.
struct Blocks {
  int64_t x = 1, y = 1;
};

// Enough blocks for one thread for each of n elements.
inline Blocks blocks_for(int64_t n) {
  return {(n + kThreads - 1) / kThreads};
}

// Threads that share the work on a row of n elements: 1, 8, 32 or all of a block.
inline int lanes_for(int64_t n) {
  return n <= 4 ? 1 : n <= 64 ? 8 : n <= 1024 ? 32 : kThreads;
}

// Parts into which rows of n elements are cut so that `blocks` blocks of whole rows become enough
// for a large GPU, each with at least 16 elements for each of the `lanes` threads that share a row.
// A function of extents alone: the order of adding must not depend on the GPU.
inline int64_t parts_for(int64_t blocks, int64_t n, int lanes) {
  constexpr int64_t kBlocks = 1024;
  return std::clamp<int64_t>(kBlocks / std::max<int64_t>(1, blocks), 1,
                             std::max<int64_t>(1, n / (16 * lanes)));
}

// Elements of that type that are read and written as one, of rows of n: as many as fit 16 bytes, if
// that leaves none over, else 1.
inline int pack_width(DType type, int64_t n) {
  const int64_t width = 16 / size_of(type);
  return static_cast<int>(n % width == 0 ? width : 1);
}

// The type of elements in the text of a kernel: "float", "BFloat16", "int64_t".
inline const char* c_type(DType type) {
  constexpr const char* names[] = {"float",   "double",  "BFloat16", "Half",
                                   "int32_t", "int64_t", "uint8_t",  "bool"};
  return names[static_cast<size_t>(type)];
}

}  // namespace tessera::cuda
