#include "ops/interpolate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/op.h"
#include "ops/resample.h"

namespace tessera {

namespace {

using enum Interpolation;

struct Mode {
  const char* name;
  int rank;  // number of spatial axes, 0 for any
  ResampleOptions options;
};

const Mode& mode_of(Interpolation mode) {
  static const Mode modes[] = {
      {"nearest",
       0,
       {.filter = Filter::nearest,
        .coordinates = Coordinates::asymmetric,
        .rounding = NearestRounding::floor}},
      {"nearest_exact",
       0,
       {.filter = Filter::nearest, .rounding = NearestRounding::round_prefer_ceil}},
      {"linear", 1, {.filter = Filter::linear}},
      {"bilinear", 2, {.filter = Filter::linear}},
      {"bicubic", 2, {.filter = Filter::cubic}},
      {"trilinear", 3, {.filter = Filter::linear}},
      {"area", 0, {.filter = Filter::area}},
  };
  return modes[static_cast<size_t>(mode)];
}

void check(const Tensor& x, const InterpolateOptions& o) {
  require(x.defined(), "interpolate: the input is an undefined tensor");
  const Mode& mode = mode_of(o.mode);
  const int rank = x.ndim() - 2;
  require(rank >= 1 && rank <= 3,
          "interpolate: the input must be [N, C, *spatial] with 1 to 3 spatial axes, got {}",
          x.shape());
  require(mode.rank == 0 || mode.rank == rank,
          "interpolate: mode {} needs {} spatial axes, got {} in {}; use linear, bilinear or "
          "trilinear for 1, 2 or 3",
          mode.name, mode.rank, rank, x.shape());
  const size_t factors = o.scale_factor.size();
  require(o.size.empty() != o.scale_factor.empty(),
          "interpolate: give either size or scale_factor, got {}",
          o.size.empty() ? "neither" : "both");
  require(o.size.empty() ? factors == 1 || factors == static_cast<size_t>(rank) : true,
          "interpolate: scale_factor needs 1 or {} numbers for {}, got {}", rank, x.shape(),
          factors);
  require(!o.recompute_scale_factor || o.size.empty(),
          "interpolate: recompute_scale_factor needs a scale_factor, got a size");
  require(!o.align_corners || mode.rank > 0,
          "interpolate: align_corners needs a linear or cubic mode, got {}", mode.name);
  require(!o.antialias || mode.rank == 2,
          "interpolate: antialias needs bilinear or bicubic, got {}", mode.name);
  require(is_floating(x.dtype()) || o.mode == nearest || o.mode == nearest_exact,
          "interpolate: mode {} needs a floating input, got {}; cast it", mode.name, x.dtype());
}

// One spatial axis: its new extent, and how it is resampled.
struct Resize {
  int axis;
  int64_t extent;
  ResampleOptions options;
};

Resize resize_of(const Shape& shape, int axis, const InterpolateOptions& o) {
  const int i = axis - 2;
  Resize r{axis, 0, mode_of(o.mode).options};
  if (o.size.empty()) {
    const double factor = o.scale_factor[o.scale_factor.size() == 1 ? 0 : static_cast<size_t>(i)];
    const double extent = std::floor(static_cast<double>(shape[axis]) * factor);
    require(factor > 0 && extent >= 1 && extent < 0x1p62,
            "interpolate: scale_factor {} does not give axis {} of {} a size of at least 1", factor,
            axis, shape);
    r.extent = static_cast<int64_t>(extent);
    if (!o.recompute_scale_factor && !o.align_corners) r.options.scale = factor;
  } else {
    r.extent = o.size.resolve(shape.ndim() - 2, 1, "interpolate", "size")[i];
  }
  require(shape[axis] > 0 && r.extent > 0,
          "interpolate: spatial extents must be at least 1, got {} -> {} for axis {} of {}",
          shape[axis], r.extent, axis, shape);
  if (o.align_corners) r.options.coordinates = Coordinates::align_corners;
  if (o.antialias) {
    // torch's antialiasing leaves out what lies outside, uses Keys' own slope, and takes from
    // align_corners only the scale.
    r.options.antialias = r.options.exclude_outside = true;
    r.options.cubic_a = -0.5;
    r.options.coordinates = Coordinates::half_pixel;
    if (o.align_corners) {
      const auto n = static_cast<double>(shape[axis]), extent = static_cast<double>(r.extent);
      const bool point = shape[axis] == 1 || r.extent == 1;
      r.options.scale = point ? std::numeric_limits<double>::infinity() : (extent - 1) / (n - 1);
    }
  }
  return r;
}

}  // namespace

Tensor interpolate(const Operand& x, const InterpolateOptions& o) {
  const Call call("interpolate", x.where);
  check(x, o);
  std::vector<Resize> resizes;
  for (int axis = 2; axis < x.ndim(); ++axis) resizes.push_back(resize_of(x.shape(), axis, o));

  // Axes that shrink most go first, so that less is computed; then the last one.
  const auto growth = [&](const Resize& r) {
    return static_cast<double>(r.extent) / static_cast<double>(x.shape(r.axis));
  };
  std::sort(resizes.begin(), resizes.end(), [&](const Resize& a, const Resize& b) {
    return growth(a) != growth(b) ? growth(a) < growth(b) : a.axis > b.axis;
  });
  Tensor y = cast(x, compute_type(x.dtype()));
  for (const Resize& r : resizes) {
    const bool same = r.extent == y.shape(r.axis) && (r.options.scale == 0 || r.options.scale == 1);
    if (!same) y = resample(y, r.axis, r.extent, r.options);
  }
  return cast(y, x.dtype());
}

}  // namespace tessera
