#pragma once

#include <cstdint>

namespace tessera::detail {

// What a row of scores has to be changed by: n numbers at a stride (0 or more), or null.
template <class T>
struct MaskRow {
  const bool* allowed = nullptr;  // where false the score becomes -inf
  const T* added = nullptr;
  int64_t stride = 0;
};

// Loops over a row of n scores of a block.
template <class T>
struct AttentionKernels {
  // s = s scale, masked.
  void (*mask)(int64_t n, T scale, const MaskRow<T>& mask, T* s);
  // Takes the row into a softmax whose greatest score and sum are so far `greatest` and `sum`:
  // s becomes exp(s - greatest). Returns what earlier results have to be multiplied by.
  T (*join)(int64_t n, T* s, T* greatest, T* sum);
  void (*probabilities)(int64_t n, T* s, T log_sum);              // s = exp(s - log_sum)
  void (*slopes)(int64_t n, const T* p, T scale, T mean, T* dp);  // dp = p (dp - mean) scale
  void (*multiply)(int64_t n, T factor, const T* x, T* y);
};

}  // namespace tessera::detail
