#pragma once

#include <cstdint>

#include "core/scalar.h"

// Windows along an axis, as every device counts them.

namespace tessera::detail {

// What one output sees along one axis: the input positions begin, begin + step, ... below end.
struct Span {
  int64_t begin, end, step;
  int64_t padded;  // the same, with those that lie in the padding counted as well

  TESSERA_INLINE int64_t inside() const { return (end - begin + step - 1) / step; }
};

// The windows along one axis. Output i of an adaptive axis sees [floor(i extent / outputs),
// ceil((i + 1) extent / outputs)), otherwise the positions i stride - before + t dilation,
// 0 <= t < kernel, that lie in the input.
struct WindowAxis {
  int64_t extent = 1, outputs = 1;
  int64_t kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;
  bool adaptive = false;

  TESSERA_INLINE Span span(int64_t i) const {
    if (adaptive) {
      const int64_t begin = scaled(i, extent, outputs), end = scaled(i + 1, extent, outputs, true);
      return {begin, end, 1, end - begin};
    }
    const int64_t first = i * stride - before;
    const int64_t outside = taps_below(0, first), padded = taps_below(extent + after, first);
    const int64_t begin = first + outside * dilation,
                  end = first + taps_below(extent, first) * dilation;
    return {begin, begin < end ? end : begin, dilation, padded};
  }

  // The windows i <= j < k that may see position p are [first_of(p), end_of(p)).
  TESSERA_INLINE int64_t first_of(int64_t p) const {
    if (adaptive) return scaled(p, outputs, extent);
    const int64_t behind = p + before - (kernel - 1) * dilation;
    return behind <= 0 ? 0 : (behind + stride - 1) / stride;
  }
  TESSERA_INLINE int64_t end_of(int64_t p) const {
    if (adaptive) return scaled(p + 1, outputs, extent, true);
    const int64_t last = (p + before) / stride + 1;
    return last < outputs ? last : outputs;
  }
  // Whether window i, one of these, sees it.
  TESSERA_INLINE bool sees(int64_t i, int64_t p) const {
    return adaptive || dilation == 1 || (p + before - i * stride) % dilation == 0;
  }

 private:
  // floor(i a / b), or the ceiling. Whole and rest apart, since i * a may overflow.
  TESSERA_INLINE static int64_t scaled(int64_t i, int64_t a, int64_t b, bool up = false) {
    return i * (a / b) + (i * (a % b) + (up ? b - 1 : 0)) / b;
  }
  // Taps of a window that begins at `first` and lie below `end`.
  TESSERA_INLINE int64_t taps_below(int64_t end, int64_t first) const {
    const int64_t distance = end - first;
    if (distance <= 0) return 0;
    const int64_t taps = dilation == 1 ? distance : (distance + dilation - 1) / dilation;
    return taps < kernel ? taps : kernel;
  }
};

}  // namespace tessera::detail
