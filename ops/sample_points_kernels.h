#pragma once

#include <cstdint>

namespace tessera::detail {

inline constexpr int64_t kPointChunk = 256;  // points whose taps are computed at once

// What the points of a chunk read: tap t of point p is element index[t * kPointChunk + p], times
// weight[t * kPointChunk + p]. An element of weight 0 is not looked at, so that nan and inf do not
// spread from it.
template <class T>
struct PointTaps {
  int64_t points = 0, taps = 0;
  int32_t* index = nullptr;
  T* weight = nullptr;
};

template <class T>
struct SamplePointsKernels {
  // The two taps along an axis of `extent` elements, `stride` apart, of a linear filter, or of its
  // derivative of that `order`; `border`: coordinates are held at the ends, else nothing is beyond.
  void (*linear)(const T* at, int64_t extent, int32_t stride, bool border, int order,
                 const PointTaps<T>& taps);
  // All pairs of taps of two axes.
  void (*combine)(const PointTaps<T>& a, const PointTaps<T>& b, const PointTaps<T>& both);
  void (*gather)(const PointTaps<T>& taps, const T* plane, T* y);
  // sums[p] += v[p] times what gather gives.
  void (*gather_products)(const PointTaps<T>& taps, const T* plane, const T* v, T* sums);
  void (*scatter)(const PointTaps<T>& taps, const T* v, T* plane);
};

}  // namespace tessera::detail
