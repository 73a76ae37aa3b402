#pragma once

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

// The type of elements in the text of a kernel: "float", "BFloat16", "int64_t".
inline const char* c_type(DType type) {
  constexpr const char* names[] = {"float",   "double",  "BFloat16", "Half",
                                   "int32_t", "int64_t", "uint8_t",  "bool"};
  return names[static_cast<size_t>(type)];
}

}  // namespace tessera::cuda
