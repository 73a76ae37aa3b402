#pragma once

#include <cstdint>

namespace tessera::detail {

// Max pooling by 2 x 2 windows that do not overlap, a row of n results at a time: result j is the
// maximum of top[2 j], top[2 j + 1], bottom[2 j], bottom[2 j + 1], the first of equal ones, the
// last nan. The order of ops/window.cpp's plain loops.
template <class T>
struct PairKernels {
  void (*max)(const T* top, const T* bottom, int64_t n, T* y);
  // dy to the maximum, 0 to the other three.
  void (*max_backward)(const T* top, const T* bottom, const T* dy, int64_t n, T* dtop, T* dbottom);
};

// One tap of n windows `stride` apart: x[j * stride] and `tap` become greatest[j] and place[j] if
// place[j] is negative, or the element is greater than greatest[j] or nan.
template <class T>
using MaxTap = void (*)(const T* x, int64_t stride, int64_t n, T tap, T* greatest, T* place);

}  // namespace tessera::detail
