#pragma once

#include <cstdint>
#include <vector>

namespace tessera::io {

// What stands between voxels: the nearest one, a straight line, or a cubic B-spline that goes
// through all of them. The first and last voxel go on for ever at their ends.
enum class Interpolation : uint8_t { nearest, linear, cubic };

// How the elements of an axis give those of another one.
struct AxisTaps {
  int64_t in = 0;
  int taps = 1;                     // weights for each result
  bool spline = false;              // of the coefficients of a B-spline instead of the elements
  std::vector<int32_t> first = {};  // the element for the first weight, from -2; others follow it
  std::vector<float> weights = {};  // [results, taps]

  int64_t out() const { return static_cast<int64_t>(first.size()); }
};

// The taps for results at `places` among elements 0, ..., in - 1; what is outside of these is at
// the end, for a spline half an element behind it. The nearest element of i + 1/2 is i + 1. Same as
// scipy.ndimage.map_coordinates(mode="nearest").
AxisTaps taps_at(const std::vector<double>& places, int64_t in, Interpolation interpolation);

// The taps that give the B-spline coefficients of elements -2, ..., in + 1, which are in + 4.
AxisTaps coefficient_taps(int64_t in);

// Resamples the middle axis of `values` [outer, taps.in, inner], by all threads; the result
// [outer, taps.out(), inner] does not depend on their number. The coefficients are those of
// scipy.ndimage.spline_filter1d(order=3, mode="nearest").
std::vector<float> resample_axis(const std::vector<float>& values, int64_t outer, int64_t inner,
                                 const AxisTaps& taps);

}  // namespace tessera::io
