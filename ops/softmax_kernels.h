#pragma once

#include <cstdint>

namespace tessera::detail {

// `width` lines of n elements side by side: element (i, j) of line j is x[i * stride + j], and one
// line alone has stride 1. Lines are computed together, so that loops over them are vectors.
struct Lines {
  int64_t n, stride, width;  // width <= kMaxLines
};
inline constexpr int64_t kMaxLines = 512;

template <class T>
struct SoftmaxKernels {
  // Of each line exp(x) / sum(exp(x)), or with `log` x - log(sum(exp(x))).
  void (*forward)(const Lines& lines, bool log, const T* x, T* y);
  // The gradient of x from y and dy: y (dy - sum(y dy)), or dy - exp(y) sum(dy).
  void (*backward)(const Lines& lines, bool log, const T* y, const T* dy, T* dx);
  // log(sum(exp(x))) - x[index] of each line, 0 where the index is negative.
  void (*cross_entropy)(const Lines& lines, const T* x, const int64_t* index, T* loss);
  // dx = (exp(x) / sum(exp(x)) - (i == index)) dloss, 0 where the index is negative.
  void (*cross_entropy_backward)(const Lines& lines, const T* x, const int64_t* index,
                                 const T* dloss, T* dx);
};

}  // namespace tessera::detail
