#pragma once

#include <cstdint>

namespace tessera::detail {

// Pooling by 2 x 2 windows that do not overlap, a row of n results at a time: result j is that of
// top[2 j], top[2 j + 1], bottom[2 j], bottom[2 j + 1], in the order of ops/window.cpp's plain
// loops.
template <class T>
struct PairKernels {
  // The first of equal maxima, the last nan.
  void (*max)(const T* top, const T* bottom, int64_t n, T* y);
  // dy to the maximum, 0 to the other three.
  void (*max_backward)(const T* top, const T* bottom, const T* dy, int64_t n, T* dtop, T* dbottom);
  void (*average)(const T* top, const T* bottom, int64_t n, double divisor, T* y);
  void (*average_backward)(const T* dy, int64_t n, double divisor, T* dtop, T* dbottom);
};

// One tap of n windows `stride` apart: x[j * stride] and `tap` become greatest[j] and place[j] if
// place[j] is negative, or the element is greater than greatest[j] or nan.
template <class T>
using MaxTap = void (*)(const T* x, int64_t stride, int64_t n, T tap, T* greatest, T* place);

// Averages of n windows `stride` apart, tap by tap.
template <class T>
struct AverageKernels {
  // sums[j] += x[j * stride]
  void (*add_tap)(const T* x, int64_t stride, int64_t n, double* sums);
  // y[j] = sums[j] / divisors[j]
  void (*divide)(const double* sums, const double* divisors, int64_t n, T* y);
  // Backward, the same: of dy; dx[j * stride] += share[j].
  void (*divide_shares)(const T* dy, const double* divisors, int64_t n, T* share);
  void (*spread_tap)(const T* share, int64_t stride, int64_t n, T* dx);
};

}  // namespace tessera::detail
