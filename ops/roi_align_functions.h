#pragma once

#include <cmath>
#include <cstdint>

#include "core/scalar.h"

namespace tessera::detail {

// A box along one axis of `extent` elements, on any device: `cells` cells, each with `samples`
// samples that lie between two elements.
template <class T>
struct RoiAxis {
  T start, cell;
  int64_t samples, extent;
  bool valid;  // finite, and not so long that the samples could not be counted

  TESSERA_INLINE RoiAxis(T low, T high, int64_t cells, int64_t n, double spatial_scale,
                         bool aligned, int64_t sampling_ratio)
      : extent(n) {
    const T scale = static_cast<T>(spatial_scale), edge = aligned ? T(0.5) : T(0);
    start = low * scale - edge;
    T length = high * scale - edge - start;
    const bool finite = start - start == T(0) && length - length == T(0);
    if (!aligned && !(length >= T(1))) length = T(1);
    valid = finite && (sampling_ratio > 0 || length <= T(1 << 20));
    cell = length / static_cast<T>(cells);
    samples = sampling_ratio;
    if (sampling_ratio <= 0)
      samples = valid && cell > T(0) ? static_cast<int64_t>(std::ceil(cell)) : 0;
  }

  struct Taps {
    int64_t index[2];
    T weight[2];
  };
  // Those of sample s of cell i; both of weight 0 more than one element outside.
  TESSERA_INLINE Taps taps(int64_t i, int64_t s) const {
    const T at = start + static_cast<T>(i) * cell +
                 (static_cast<T>(s) + T(0.5)) * cell / static_cast<T>(samples);
    const auto last = static_cast<T>(extent - 1);
    const bool inside = at >= T(-1) && at <= static_cast<T>(extent);
    const T held = !inside || at < T(0) ? T(0) : at < last ? at : last;
    const T below = std::floor(held);
    const auto index = static_cast<int64_t>(below);
    const int64_t next = index + 1 < extent ? index + 1 : extent - 1;
    return {{index, next}, {inside ? 1 - (held - below) : T(0), inside ? held - below : T(0)}};
  }
};

}  // namespace tessera::detail
