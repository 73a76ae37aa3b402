#pragma once

#include <cmath>
#include <cstdint>

#include "core/scalar.h"
#include "ops/cubic_functions.h"

// What is read between the elements of an axis, on any device.

namespace tessera::detail {

// How an axis is read between its elements.
struct AxisRule {
  int degree;          // of the filter: 0 nearest, 1 linear, 3 cubic with a = -0.75
  bool fold;           // coordinates are brought into the axis; else nothing is beyond its ends
  bool reflect;        // by reflection, not by holding them at the ends
  bool align_corners;  // at the centers of the end elements, not at their outer edges
};

// A coordinate brought into [0, n - 1] by the padding, and its derivative.
struct Folded {
  double at, slope;
};

TESSERA_INLINE bool finite(double x) {
  return x - x == 0;
}

TESSERA_INLINE Folded folded(double at, double n, const AxisRule& rule) {
  double slope = 1;
  if (rule.reflect) {
    const double low = rule.align_corners ? 0 : -0.5, span = rule.align_corners ? n - 1 : n;
    if (span == 0 || !finite(at)) return {0, 0};
    const double distance = std::abs(at - low), rest = std::fmod(distance, span);
    const bool odd = std::fmod(std::floor(distance / span), 2) != 0;
    slope = (at < low) != odd ? -1 : 1;
    at = low + (odd ? span - rest : rest);
  }
  if (!(at > 0)) return {0, 0};  // NaN too
  return at < n - 1 ? Folded{at, slope} : Folded{n - 1, 0};
}

// The elements along one axis that a sample reads; those of weight 0 are left out, so that nan and
// inf do not spread from them.
struct AxisTaps {
  int count = 0;
  int64_t index[4] = {};
  double weight[4] = {};

  // Adds what lies at position p of an axis of n elements.
  TESSERA_INLINE void add(double p, double n, double w) {
    if (w == 0 || !(p >= 0 && p <= n - 1)) return;
    index[count] = static_cast<int64_t>(p);
    weight[count++] = w;
  }
};

// Those of coordinate `at`, or of the derivative of that order.
TESSERA_INLINE AxisTaps axis_taps(double at, int64_t extent, int order, const AxisRule& rule) {
  const auto n = static_cast<double>(extent);
  AxisTaps taps;
  if (rule.degree == 3) {
    const double base = std::floor(at), t = finite(at) ? at - base : 0;
    for (int k = -1; k <= 2; ++k) {
      const double p = rule.fold ? folded(base + k, n, rule).at : base + k;
      taps.add(p, n, cubic_kernel(t - k, -0.75, order));
    }
    return taps;
  }
  double slope = 1;
  if (rule.fold) {
    const Folded end = folded(at, n, rule);
    at = end.at;
    for (int i = 0; i < order; ++i) slope *= end.slope;
  }
  if (rule.degree == 0) {
    taps.add(std::nearbyint(at), n, order == 0 ? 1 : 0);
    return taps;
  }
  const double base = std::floor(at), t = finite(at) ? at - base : 0;
  taps.add(base, n, slope * (order == 0 ? 1 - t : order == 1 ? -1 : 0));
  taps.add(base + 1, n, slope * (order == 0 ? t : order == 1 ? 1 : 0));
  return taps;
}

}  // namespace tessera::detail
