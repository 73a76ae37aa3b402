#include "nn/metric/surface_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "nn/metric/empty_mask.h"
#include "nn/metric/nearest_voxel.h"

namespace tessera::nn {

namespace {

struct WeightedSum {
  double sum = 0, weight = 0;

  void add(const Distances& distances) {
    for (size_t i = 0; i < distances.values.size(); ++i) {
      const double w = distances.weights.empty() ? 1 : distances.weights[i];
      sum += w * distances.values[i];
      weight += w;
    }
  }
  double mean() const { return weight == 0 ? kNaN : sum / weight; }
};

// The smallest distance within which the share `q` of the surface lies.
double quantile_by_area(const Distances& distances, double q) {
  if (distances.values.empty()) return std::numeric_limits<double>::infinity();
  std::vector<std::pair<double, double>> sorted;
  double whole = 0;
  for (size_t i = 0; i < distances.values.size(); ++i) {
    sorted.emplace_back(distances.values[i], distances.weights.empty() ? 1 : distances.weights[i]);
    whole += sorted.back().second;
  }
  std::sort(sorted.begin(), sorted.end());
  double within = 0;
  for (const auto& [distance, weight] : sorted) {
    within += weight;
    if (within / whole >= q) return distance;
  }
  return sorted.back().first;
}

double quantile_of(const Distances& distances, double q, HausdorffRule rule) {
  if (rule == HausdorffRule::by_area) return quantile_by_area(distances, q);
  return quantile(distances.values, q);
}

void check(double percent) {
  require(percent >= 0 && percent <= 100, "hausdorff: percent must be from 0 to 100, got {}",
          percent);
}

VoxelSet slice_of(const VoxelSet& set, int64_t d) {
  VoxelSet slice(Shape{set.height(), set.width()});
  for (int64_t h = 0; h < set.height(); ++h) {
    std::ranges::copy(set.row(d, h), slice.row(0, h).begin());
  }
  return slice;
}

}  // namespace

SurfaceDistances surface_distances(const Surface& prediction, const Surface& reference,
                                   std::span<const double> spacing) {
  return {{nearest_distances(prediction.points, reference.points, spacing), prediction.weights},
          {nearest_distances(reference.points, prediction.points, spacing), reference.weights}};
}

double average_distance(const Distances& distances) {
  WeightedSum sum;
  sum.add(distances);
  return sum.mean();
}

double average_distance(const SurfaceDistances& distances) {
  WeightedSum sum;
  sum.add(distances.to_reference);
  sum.add(distances.to_prediction);
  return sum.mean();
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return kNaN;
  const double at = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(at);
  const auto middle = values.begin() + static_cast<ptrdiff_t>(low);
  std::nth_element(values.begin(), middle, values.end());
  const double fraction = at - static_cast<double>(low), below = *middle;
  if (fraction == 0) return below;
  const double above = *std::min_element(middle + 1, values.end());
  return below + fraction * (above - below);
}

double hausdorff(const Distances& distances, double percent, HausdorffRule rule) {
  check(percent);
  return quantile_of(distances, percent / 100, rule);
}

double hausdorff(const SurfaceDistances& distances, double percent, HausdorffRule rule) {
  check(percent);
  const double q = percent / 100;
  if (rule == HausdorffRule::pooled) {
    std::vector<double> all = distances.to_reference.values;
    const std::vector<double>& more = distances.to_prediction.values;
    all.insert(all.end(), more.begin(), more.end());
    return quantile(std::move(all), q);
  }
  const double there = quantile_of(distances.to_reference, q, rule);
  const double back = quantile_of(distances.to_prediction, q, rule);
  return std::isnan(there) || std::isnan(back) ? kNaN : std::max(there, back);
}

double surface_dice(const SurfaceDistances& distances, double tolerance, bool single) {
  double within = 0, all = 0;
  for (const Distances* side : {&distances.to_reference, &distances.to_prediction}) {
    for (size_t i = 0; i < side->values.size(); ++i) {
      const double weight = side->weights.empty() ? 1 : side->weights[i];
      const double distance = side->values[i];
      const bool close = single ? static_cast<float>(distance) <= static_cast<float>(tolerance)
                                : distance <= tolerance;
      all += weight;
      if (close) within += weight;
    }
  }
  return all == 0 ? kNaN : within / all;
}

SliceDistances slice_distances(const VoxelSet& prediction, const VoxelSet& reference,
                               double spacing) {
  require(prediction.shape() == reference.shape(),
          "slice_distances: both regions must have the same shape, got {} and {}",
          prediction.shape(), reference.shape());
  SliceDistances sum{0, 0};
  int64_t slices = 0;
  for (int64_t d = 0; d < reference.depth(); ++d) {
    const VoxelSet p = slice_of(prediction, d), r = slice_of(reference, d);
    if (p.empty() || r.empty()) continue;
    const SurfaceDistances both = surface_distances(contour_surface(p), contour_surface(r));
    sum.average +=
        0.5 * (average_distance(both.to_reference) + average_distance(both.to_prediction));
    sum.hausdorff += hausdorff(both, 100, HausdorffRule::larger);
    ++slices;
  }
  if (slices == 0) return {kNaN, kNaN};
  const double scale = spacing / static_cast<double>(slices);
  return {sum.average * scale, sum.hausdorff * scale};
}

}  // namespace tessera::nn
