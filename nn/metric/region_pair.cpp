#include "nn/metric/region_pair.h"

#include <cmath>
#include <utility>

#include "core/error.h"

namespace tessera::nn {

using SurfaceKind = Convention::SurfaceKind;

RegionPair::RegionPair(VoxelSet prediction, VoxelSet reference, const Shape& whole,
                       std::span<const double> spacing, int64_t ignored)
    : prediction_(std::move(prediction)),
      reference_(std::move(reference)),
      whole_(whole),
      spacing_(spacing.begin(), spacing.end()) {
  const int ndim = whole.ndim();
  require(prediction_.shape() == reference_.shape() && reference_.shape().ndim() == ndim,
          "region_pair: both regions must have the same shape, got {} and {} of {}",
          prediction_.shape(), reference_.shape(), whole);
  if (spacing_.empty()) spacing_.assign(static_cast<size_t>(ndim), 1);
  require(static_cast<int>(spacing_.size()) == ndim,
          "region_pair: the spacing must have {} numbers, one for each axis, got {}", ndim,
          spacing_.size());
  for (const double s : spacing_) {
    require(s > 0 && std::isfinite(s), "region_pair: a spacing must be above 0 and finite, got {}",
            s);
  }
  overlap_.both = intersection(prediction_, reference_).size();
  overlap_.only_predicted = prediction_.size() - overlap_.both;
  overlap_.only_reference = reference_.size() - overlap_.both;
  overlap_.neither = whole.numel() - ignored - overlap_.total();
}

ClassStatus RegionPair::status() const {
  const bool predicted = overlap_.predicted() > 0;
  if (overlap_.reference() == 0) return predicted ? ClassStatus::invented : ClassStatus::absent;
  return predicted ? ClassStatus::found : ClassStatus::missed;
}

double RegionPair::voxel_volume() const {
  double volume = 1;
  for (const double s : spacing_) volume *= s;
  return volume;
}

double RegionPair::diagonal() const {
  double squares = 0;
  for (int axis = 0; axis < whole_.ndim(); ++axis) {
    const double length = static_cast<double>(whole_[axis]) * spacing_[static_cast<size_t>(axis)];
    squares += length * length;
  }
  return std::sqrt(squares);
}

const SurfaceDistances& RegionPair::distances(SurfaceKind surface) const {
  require(surface != SurfaceKind::contours,
          "region_pair: distances of contours are measured slice by slice");
  auto& cached = distances_[static_cast<size_t>(surface)];
  if (!cached) {
    const bool corners = surface == SurfaceKind::corners;
    const auto of = [&](const VoxelSet& region) {
      return corners ? corner_surface(region, spacing_) : border_surface(region);
    };
    cached = surface_distances(of(prediction_), of(reference_), spacing_);
  }
  return *cached;
}

const SliceDistances& RegionPair::slices() const {
  if (!slices_) slices_ = slice_distances(prediction_, reference_, spacing_.back());
  return *slices_;
}

const LesionCounts& RegionPair::lesions() const {
  if (!lesions_) lesions_ = count_lesions(prediction_, reference_);
  return *lesions_;
}

}  // namespace tessera::nn
