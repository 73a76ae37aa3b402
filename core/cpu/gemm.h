#pragma once

#include <cstdint>
#include <span>

#include "core/cpu/gemm_kernel.h"
#include "core/finished.h"

namespace tessera::cpu {

// A matrix in memory: element (i, j) is data[i * row + j * column].
template <class T>
struct Matrix {
  T* data;
  int64_t row, column;
};

// c_s = a_s b_s + bias for a batch of matrices [m, k] and [k, n]: a_s begins at a.data +
// a_offset[s], b_s at b.data + b_offset[s], c_s at c.data + s * m * n, and the matrices of c are
// dense in one of the two orders. T is float, double, uint32_t or uint64_t (integers wrap around),
// or BFloat16 where there is a pair_kernel, with c and bias in float. The sum over k is taken in
// blocks in order, whatever the number of threads. The bias, if there is one, is a matrix [m, n]
// whose strides may be 0, for one number a row or a column. `done` is told of the elements from
// c.data on.
template <class T>
void gemm(int64_t m, int64_t n, int64_t k, Matrix<const T> a, std::span<const int64_t> a_offset,
          Matrix<const T> b, std::span<const int64_t> b_offset, Matrix<SumOf<T>> c,
          Matrix<const SumOf<T>> bias = {nullptr, 0, 0}, const Finished& done = {});

// Multiply-adds below which a kernel does not wake other threads.
inline constexpr double kSerialWork = 100e3;

}  // namespace tessera::cpu
