#pragma once

#include <cstdint>
#include <type_traits>

#include "core/dtype.h"

namespace tessera::cpu {

// The innermost loop of matrix products and convolutions:
//
//   c[i * c_row + j] = (accumulate ? c[i * c_row + j] : 0)
//                      + sum_p a[i * a_row + p * a_depth] * b[p * columns + j]
//
// for 0 <= i < count <= rows, 0 <= j < columns, 0 <= p < depth, summed in the order of p. The
// caller lays b out so, a panel of `columns` columns padded with zeros, and blocks the depth for
// the caches. T is float, double, uint32_t or uint64_t; integers wrap around.
template <class T>
struct GemmKernel {
  int64_t rows, columns;  // of the block of results that is held in registers
  void (*run)(int64_t count, int64_t depth, const T* a, int64_t a_row, int64_t a_depth, const T* b,
              T* c, int64_t c_row, bool accumulate);
  static constexpr int64_t step = 1;  // the depth is a multiple of it
};

// What products of T are summed in.
template <class T>
using SumOf = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;

// That of products in bf16, summed in f32, of processors that multiply pairs of them: two rows of b
// are a row of pairs,
//
//   element (p, j) of b is b[(p / 2 * columns + j) * 2 + p % 2]
//
// The depth is a multiple of `step`, and all rows of a and c are there: c gets results, of no
// meaning, for those behind `count`. a_depth is 1.
template <>
struct GemmKernel<BFloat16> {
  int64_t rows, columns, step;
  void (*run)(int64_t count, int64_t depth, const BFloat16* a, int64_t a_row, int64_t a_depth,
              const BFloat16* b, float* c, int64_t c_row, bool accumulate);
};

// out[p * width + j] = b[p + j * column] for p < depth, j < count: what is in memory by columns
// becomes rows of a panel. T is float, double, uint32_t or uint64_t.
template <class T>
void turn(int64_t depth, int64_t count, const T* b, int64_t column, int64_t width, T* out);

// No kernel has more rows or columns, but that of bf16 up to 32 rows.
inline constexpr int64_t kMaxGemmRows = 12, kMaxGemmColumns = 64;

// The kernel of the instruction set in use for a matrix of `columns` columns: the narrowest that
// holds them all, or else the widest.
template <class T>
const GemmKernel<T>& gemm_kernel(int64_t columns = kMaxGemmColumns);
template <>
const GemmKernel<BFloat16>& gemm_kernel(int64_t columns);

}  // namespace tessera::cpu
