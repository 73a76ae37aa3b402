#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/metric/surface.h"

namespace tessera::nn {

// How far the points of one surface are from another one: infinite when that one is empty.
struct Distances {
  std::vector<double> values;
  std::vector<double> weights = {};  // of the points; empty: all 1
};

// From the surface of a prediction to that of the reference, and back.
struct SurfaceDistances {
  Distances to_reference, to_prediction;
};
SurfaceDistances surface_distances(const Surface& prediction, const Surface& reference,
                                   std::span<const double> spacing = {});

// Average surface distance: the weighted mean. NaN without points.
double average_distance(const Distances& distances);
// Average symmetric surface distance: the mean of both lists together.
double average_distance(const SurfaceDistances& distances);

// Linear interpolation between sorted values, as in numpy.quantile: h = q (n - 1), v[floor h] +
// (h - floor h) (v[floor h + 1] - v[floor h]), for q in [0, 1]. NaN without values.
double quantile(std::vector<double> values, double q);

// What a percentile of distances in both directions is; 100 is the Hausdorff distance in each.
enum class HausdorffRule : uint8_t {
  larger,   // the larger one of the quantiles of the two lists (MONAI)
  pooled,   // the quantile of the two lists together (MedPy)
  by_area,  // the larger one of the smallest distances within which that share of the surface lies,
            // without interpolation (DeepMind)
};

// The Hausdorff distance at a percentile in [0, 100]. Throws Error for another one.
double hausdorff(const SurfaceDistances& distances, double percent, HausdorffRule rule);
// From one side only.
double hausdorff(const Distances& distances, double percent, HausdorffRule rule);

// Normalised surface distance, or surface Dice: the share of both surfaces that lies within
// `tolerance` of the other one. With `single`, distances are rounded to f32 before (MONAI), so that
// one that equals the tolerance counts in spite of the rounding of multiples such as 3 x 0.1. NaN
// without points.
double surface_dice(const SurfaceDistances& distances, double tolerance, bool single);

// As JMedSeg measures volumes: in each slice along the first axis where both regions occur, the
// mean of the two average distances between their outer contours (contour_surface) in pixels, times
// `spacing`; then the mean over these slices. The same for the Hausdorff distance. NaN when there
// is no such slice. A picture is one slice.
struct SliceDistances {
  double average, hausdorff;
};
SliceDistances slice_distances(const VoxelSet& prediction, const VoxelSet& reference,
                               double spacing);

}  // namespace tessera::nn
