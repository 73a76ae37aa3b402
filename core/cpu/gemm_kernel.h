#pragma once

#include <cstdint>

namespace tessera::cpu {

// Rows of the block of results that the kernel holds in registers.
inline constexpr int64_t kGemmRows = 6;

// The innermost loop of matrix products and convolutions:
//
//   c[i * c_row + j] = (accumulate ? c[i * c_row + j] : 0)
//                      + sum_p a[i * a_row + p * a_depth] * b[p * columns + j]
//
// for 0 <= i < rows <= kGemmRows, 0 <= j < columns, 0 <= p < depth, summed in the order of p. The
// caller lays b out so, a panel of `columns` columns padded with zeros, and blocks the depth for
// the caches. T is float, double, uint32_t or uint64_t; integers wrap around.
template <class T>
struct GemmKernel {
  int64_t columns;
  void (*run)(int64_t rows, int64_t depth, const T* a, int64_t a_row, int64_t a_depth, const T* b,
              T* c, int64_t c_row, bool accumulate);
};

// The kernel for the instruction set in use.
template <class T>
const GemmKernel<T>& gemm_kernel();

}  // namespace tessera::cpu
