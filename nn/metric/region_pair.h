#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "nn/metric/convention.h"
#include "nn/metric/lesions.h"
#include "nn/metric/overlap.h"

namespace tessera::nn {

// One class in a prediction and in its reference: what all of its metrics are computed from. What
// several of them need, such as the distances between the surfaces, is computed when the first one
// asks. For one thread at a time.
class RegionPair {
 public:
  // The regions may be cut out of pictures of the shape `whole`, as long as both are in the cut.
  // `ignored` voxels of the whole belong to no class and count nowhere. `spacing` has one number
  // for each axis, in mm; empty: 1. Throws Error when shapes or spacing do not fit.
  RegionPair(VoxelSet prediction, VoxelSet reference, const Shape& whole,
             std::span<const double> spacing = {}, int64_t ignored = 0);

  const VoxelSet& prediction() const { return prediction_; }
  const VoxelSet& reference() const { return reference_; }
  const Shape& whole() const { return whole_; }
  const std::vector<double>& spacing() const { return spacing_; }
  const Overlap& overlap() const { return overlap_; }
  ClassStatus status() const;
  double voxel_volume() const;  // product of the spacing: mm^2 or mm^3
  double diagonal() const;      // of the whole picture, in mm

  // Throws Error for contours, which have no distances in volumes; see slices().
  const SurfaceDistances& distances(Convention::SurfaceKind surface) const;
  const SliceDistances& slices() const;
  const LesionCounts& lesions() const;

 private:
  VoxelSet prediction_, reference_;
  Shape whole_;
  std::vector<double> spacing_;
  Overlap overlap_;
  mutable std::array<std::optional<SurfaceDistances>, 2> distances_;
  mutable std::optional<SliceDistances> slices_;
  mutable std::optional<LesionCounts> lesions_;
};

}  // namespace tessera::nn
