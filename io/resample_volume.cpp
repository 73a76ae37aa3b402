#include "io/resample_volume.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "io/label_resample.h"

namespace tessera::io {

namespace {

Shape with_extents(const Shape& shape, const Extents& extents) {
  Shape result = shape;
  for (int i = std::max(0, 3 - shape.ndim()); i < 3; ++i) {
    result[shape.ndim() - 3 + i] = extents[static_cast<size_t>(i)];
  }
  return result;
}

void check_size(const Shape& shape, const char* name) {
  constexpr int64_t kMost = int64_t{1} << 32;
  require(shape.numel() <= kMost && shape.numel() > 0,
          "{}: the result {} would have more than {} voxels; choose a larger spacing", name, shape,
          kMost);
}

// How one volume becomes another: for each axis, the places of the new voxels among the old ones.
struct VolumePlan {
  std::array<std::vector<double>, 3> places = {};
  int slicewise = -1;
  bool clip = false;

  Extents extents() const {
    return {std::ssize(places[0]), std::ssize(places[1]), std::ssize(places[2])};
  }
};

// The places of `out` voxels that fill the extent of `in` voxels.
std::vector<double> filling_places(int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  std::vector<double> places(static_cast<size_t>(out));
  for (size_t i = 0; i < places.size(); ++i) {
    places[i] = (static_cast<double>(i) + 0.5) * scale - 0.5;
  }
  return places;
}

VolumePlan filling_plan(const Extents& from, const Extents& to, int slicewise) {
  VolumePlan plan{.slicewise = slicewise, .clip = true};
  for (size_t axis = 0; axis < 3; ++axis) {
    plan.places[axis] = filling_places(from[axis], to[axis]);
  }
  return plan;
}

// The least and largest value of each volume [D, H, W], or of each of its slices along an axis.
struct Range {
  float low = std::numeric_limits<float>::infinity();
  float high = -std::numeric_limits<float>::infinity();
  void add(float value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

class Ranges {
 public:
  Ranges(const std::vector<float>& values, int64_t outer, const Extents& size, int axis)
      : axis_(axis), per_volume_(axis < 0 ? 1 : size[static_cast<size_t>(axis)]) {
    // Each plane has ranges of its own, joined behind.
    const int64_t per_plane = axis <= 0 ? 1 : per_volume_;
    std::vector<Range> planes(static_cast<size_t>(outer * size[0] * per_plane));
    cpu::parallel_for(outer * size[0], false, [&](int64_t plane) {
      const float* value = values.data() + plane * size[1] * size[2];
      Range* ranges = planes.data() + plane * per_plane;
      for (int64_t h = 0; h < size[1]; ++h) {
        for (int64_t w = 0; w < size[2]; ++w) {
          ranges[axis == 1 ? h : axis == 2 ? w : 0].add(*value++);
        }
      }
    });
    ranges_.resize(static_cast<size_t>(outer * per_volume_));
    for (int64_t plane = 0; plane < outer * size[0]; ++plane) {
      for (int64_t i = 0; i < per_plane; ++i) {
        const int64_t slice = axis == 0 ? plane % size[0] : i;
        Range& range = ranges_[static_cast<size_t>(plane / size[0] * per_volume_ + slice)];
        const Range& part = planes[static_cast<size_t>(plane * per_plane + i)];
        range.low = std::min(range.low, part.low);
        range.high = std::max(range.high, part.high);
      }
    }
  }

  // `values` has the same extent along the axis.
  void clip(std::vector<float>& values, int64_t outer, const Extents& size) const {
    cpu::parallel_for(outer * size[0], false, [&](int64_t plane) {
      float* value = values.data() + plane * size[1] * size[2];
      const Range* ranges = ranges_.data() + plane / size[0] * per_volume_;
      for (int64_t h = 0; h < size[1]; ++h) {
        for (int64_t w = 0; w < size[2]; ++w, ++value) {
          const int64_t slices[4] = {0, plane % size[0], h, w};
          const Range& range = ranges[slices[axis_ + 1]];
          *value = std::min(std::max(*value, range.low), range.high);
        }
      }
    });
  }

 private:
  int axis_;
  int64_t per_volume_;
  std::vector<Range> ranges_;
};

Tensor resample_values(const Tensor& voxels, const VolumePlan& plan, Interpolation interpolation,
                       const char* name) {
  Extents size = extents_of(voxels.shape(), name);
  const Shape shape = with_extents(voxels.shape(), plan.extents());
  check_size(shape, name);
  const int64_t outer = voxels.numel() / (size[0] * size[1] * size[2]);
  std::vector<float> values = voxels.to_vector<float>();
  const bool clips = plan.clip && interpolation == Interpolation::cubic;
  const Ranges ranges(clips ? values : std::vector<float>(), clips ? outer : 0, size,
                      plan.slicewise);

  const auto along = [&](size_t axis, Interpolation how) {
    const std::vector<double>& places = plan.places[axis];
    bool same = std::ssize(places) == size[axis];
    for (size_t i = 0; same && i < places.size(); ++i) same = places[i] == static_cast<double>(i);
    if (same) return;
    int64_t before = outer, behind = 1;
    for (size_t other = 0; other < 3; ++other) {
      if (other < axis) before *= size[other];
      if (other > axis) behind *= size[other];
    }
    values = resample_axis(values, before, behind, taps_at(places, size[axis], how));
    size[axis] = std::ssize(places);
  };
  // Axes that shrink most come first, so that the others have less to do.
  std::array<size_t, 3> order = {0, 1, 2};
  std::stable_sort(order.begin(), order.end(), [&, from = size](size_t a, size_t b) {
    return std::ssize(plan.places[a]) * from[b] < std::ssize(plan.places[b]) * from[a];
  });
  for (const size_t axis : order) {
    if (static_cast<int>(axis) != plan.slicewise) along(axis, interpolation);
  }
  if (clips) ranges.clip(values, outer, size);
  if (plan.slicewise >= 0) along(static_cast<size_t>(plan.slicewise), Interpolation::nearest);
  return from_bytes(values.data(), shape, f32);
}

Tensor resample_label_values(const Tensor& labels, const VolumePlan& plan,
                             Interpolation interpolation, const char* name) {
  const Extents size = extents_of(labels.shape(), name);
  const Shape shape = with_extents(labels.shape(), plan.extents());
  check_size(shape, name);
  std::array<std::vector<LabelTap>, 3> taps;
  for (size_t axis = 0; axis < 3; ++axis) {
    const bool nearest = static_cast<int>(axis) == plan.slicewise;
    for (const double place : plan.places[axis]) {
      taps[axis].push_back(
          label_tap(place, size[axis], nearest ? Interpolation::nearest : interpolation));
    }
  }
  const int64_t outer = labels.numel() / (size[0] * size[1] * size[2]);
  return labels_tensor(resample_labels(labels_of(labels, name), outer, size, taps), shape,
                       labels.dtype());
}

// What the rule says for this spacing, and the geometry that comes out.
VolumePlan plan_for(const Volume& volume, const Vector3& wanted, SpacingRule rule,
                    Interpolation interpolation, Geometry& geometry, const char* name) {
  const Extents size = extents_of(volume.voxels.shape(), name);
  geometry = volume.geometry;
  Vector3 spacing = wanted;
  Extents out = size;
  Vector3 scale = {1, 1, 1};
  for (size_t axis = 0; axis < 3; ++axis) {
    const double old = volume.geometry.spacing[axis];
    require(std::isfinite(spacing[axis]) && spacing[axis] >= 0 && old > 0,
            "{}: spacings must be above 0, or 0 to keep an axis as it is, got {} for {}", name,
            spacing[axis], old);
    constexpr double kTolerance = 1e-3;
    const bool flat = axis == 0 && volume.voxels.ndim() == 2;
    const bool kept = rule == SpacingRule::monai && std::abs(spacing[axis] - old) <= kTolerance;
    if (spacing[axis] == 0 || flat || kept) spacing[axis] = old;
    const auto n = static_cast<double>(size[axis]);
    const double extent = rule == SpacingRule::nnunet
                              ? std::nearbyint(old / spacing[axis] * n)
                              : std::nearbyint((n - 1) * old / spacing[axis] + 1);
    constexpr double kMost = 1 << 30;
    require(extent <= kMost,
            "{}: a spacing of {} gives {} voxels along an axis; choose a larger one", name,
            spacing[axis], extent);
    out[axis] = std::max<int64_t>(1, static_cast<int64_t>(extent));
    scale[axis] =
        rule == SpacingRule::nnunet ? n / static_cast<double>(out[axis]) : spacing[axis] / old;
  }
  check_size(with_extents(volume.voxels.shape(), out), name);
  for (size_t axis = 0; axis < 3; ++axis) {
    const double shift = rule == SpacingRule::nnunet ? 0.5 * scale[axis] - 0.5 : 0;
    geometry.spacing[axis] *= scale[axis];
    for (size_t row = 0; row < 12; row += 4) {
      geometry.affine[row + 3] += shift * volume.geometry.affine[row + axis];
      geometry.affine[row + axis] *= scale[axis];
    }
  }
  if (rule == SpacingRule::nnunet) {
    const bool flat = volume.voxels.ndim() == 2;
    return filling_plan(size, out, flat ? 0 : slicewise_axis(volume.geometry.spacing, spacing));
  }
  VolumePlan plan;
  for (size_t axis = 0; axis < 3; ++axis) {
    for (int64_t i = 0; i < out[axis]; ++i) {
      const double place = static_cast<double>(i) * scale[axis];
      // Half-way between two, PyTorch takes the even one.
      const bool nearest = interpolation == Interpolation::nearest;
      plan.places[axis].push_back(nearest ? std::nearbyint(place) : place);
    }
  }
  return plan;
}

}  // namespace

int slicewise_axis(const Vector3& spacing, const Vector3& new_spacing) {
  constexpr double kAnisotropic = 3;
  for (const Vector3* candidate : {&spacing, &new_spacing}) {
    const auto [low, high] = std::minmax_element(candidate->begin(), candidate->end());
    if (*high / *low <= kAnisotropic) continue;
    if (std::count(candidate->begin(), candidate->end(), *high) > 1) return -1;
    return static_cast<int>(high - candidate->begin());
  }
  return -1;
}

Volume resample_image(const Volume& image, const Vector3& spacing, const SpacingOptions& options) {
  constexpr const char* kName = "resample_image";
  const bool nnunet = options.rule == SpacingRule::nnunet;
  const Interpolation interpolation =
      options.interpolation.value_or(nnunet ? Interpolation::cubic : Interpolation::linear);
  Volume result;
  const VolumePlan plan =
      plan_for(image, spacing, options.rule, interpolation, result.geometry, kName);
  result.voxels = resample_values(image.voxels, plan, interpolation, kName);
  return result;
}

Volume resample_labels(const Volume& labels, const Vector3& spacing,
                       const SpacingOptions& options) {
  constexpr const char* kName = "resample_labels";
  const bool nnunet = options.rule == SpacingRule::nnunet;
  const Interpolation interpolation =
      options.interpolation.value_or(nnunet ? Interpolation::linear : Interpolation::nearest);
  Volume result{{}, {}, labels.stored};
  const VolumePlan plan =
      plan_for(labels, spacing, options.rule, interpolation, result.geometry, kName);
  result.voxels = resample_label_values(labels.voxels, plan, interpolation, kName);
  return result;
}

Tensor resize_image(const Tensor& voxels, const Shape& size, int slicewise,
                    Interpolation interpolation) {
  constexpr const char* kName = "resize_image";
  const Extents to = extents_of(size, kName);
  return resample_values(voxels, filling_plan(extents_of(voxels.shape(), kName), to, slicewise),
                         interpolation, kName);
}

Tensor resize_labels(const Tensor& labels, const Shape& size, int slicewise,
                     Interpolation interpolation) {
  constexpr const char* kName = "resize_labels";
  const Extents to = extents_of(size, kName);
  return resample_label_values(
      labels, filling_plan(extents_of(labels.shape(), kName), to, slicewise), interpolation, kName);
}

}  // namespace tessera::io
