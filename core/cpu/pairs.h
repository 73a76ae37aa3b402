#pragma once

#include <algorithm>
#include <type_traits>

#include "core/cpu/gemm_kernel.h"

namespace tessera::cpu {

// The kernel of products in bf16 of the instruction set in use: AMX multiplies tiles, AVX512-BF16
// vectors of pairs. Null for the others, which compute halves in f32.
const GemmKernel<BFloat16>* pair_kernel();

// While alive, the kernel given is that of all threads: for tests. Null: there is none.
class PairKernelInUse {
 public:
  explicit PairKernelInUse(const GemmKernel<BFloat16>* kernel);
  ~PairKernelInUse();
  PairKernelInUse(const PairKernelInUse&) = delete;
  PairKernelInUse& operator=(const PairKernelInUse&) = delete;

 private:
  const GemmKernel<BFloat16>* saved_;
};

// Where element k of row p of b, of `columns` elements, is for the kernel.
template <class T>
int64_t row_element(int64_t p, int64_t k, int64_t columns) {
  return std::is_same_v<T, BFloat16> ? (p / 2 * columns + k) * 2 + p % 2 : p * columns + k;
}

// Collects rows of `columns` elements as the kernel reads them, in the order of the depth.
template <class T>
class RowPacker {
 public:
  RowPacker(T* to, int64_t columns) : to_(to), columns_(columns) {}
  // Where the next row goes; `done` when it is there.
  T* row() {
    if constexpr (std::is_same_v<T, BFloat16>) return pair_[count_ % 2];
    return to_ + count_ * columns_;
  }
  void done() {
    if constexpr (std::is_same_v<T, BFloat16>) {
      T* const to = to_ + (count_ - 1) * columns_;
      for (int64_t j = 0; count_ % 2 == 1 && j < columns_; ++j) {
        to[2 * j] = pair_[0][j];
        to[2 * j + 1] = pair_[1][j];
      }
    }
    ++count_;
  }
  // Zeros up to a multiple of `step` rows; returns how many there are.
  int64_t pad(int64_t step) {
    while (count_ % step != 0) {
      std::fill_n(row(), columns_, T{});
      done();
    }
    return count_;
  }

 private:
  T* to_;
  int64_t columns_, count_ = 0;
  T pair_[2][std::is_same_v<T, BFloat16> ? kMaxGemmColumns : 1];
};

}  // namespace tessera::cpu
