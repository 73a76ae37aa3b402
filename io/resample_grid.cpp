#include "io/resample_grid.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "io/label_resample.h"

namespace tessera::io {

namespace {

using Extents = std::array<int64_t, 3>;

Extents extents_of(const Shape& shape, const char* name) {
  const int n = shape.ndim();
  require(n >= 2 && shape.numel() > 0,
          "{}: a volume [D, H, W] or a picture [H, W] is needed, got {}", name, shape);
  return {n == 2 ? 1 : shape[n - 3], shape[n - 2], shape[n - 1]};
}

// The work that images and labels share.
struct Plan {
  Extents from, to;
  int64_t outer = 1;
  Shape shape = {};     // of the result
  Matrix4 places = {};  // takes voxels of the grid to those of the volume
};

Plan plan_for(const Volume& volume, const Grid& grid, const char* name) {
  const Shape& shape = volume.voxels.shape();
  Plan plan{.from = extents_of(shape, name), .to = extents_of(grid.size, name)};
  plan.outer = shape.numel() / (plan.from[0] * plan.from[1] * plan.from[2]);
  for (int axis = 0; axis < shape.ndim() - 3; ++axis) plan.shape.push_back(shape[axis]);
  for (const int64_t extent : grid.size) plan.shape.push_back(extent);
  constexpr int64_t kMost = int64_t{1} << 32;
  require(plan.shape.numel() <= kMost, "{}: the result {} would have more than {} voxels", name,
          plan.shape, kMost);
  plan.places = multiply(inverse(volume.geometry.affine, name), grid.geometry.affine);
  return plan;
}

// Calls f(item, place) for each voxel of each volume, in order within a plane; `place` is within
// the volume, or null where that is outside.
template <class F>
void for_each_place(const Plan& plan, F&& f) {
  const auto& [D, H, W] = plan.to;
  const int64_t rows = H, width = W, planes = D;
  cpu::parallel_for(plan.outer * planes, false, [&](int64_t item) {
    int64_t at = item * rows * width;
    for (int64_t h = 0; h < rows; ++h) {
      for (int64_t w = 0; w < width; ++w, ++at) {
        Vector3 place;
        bool inside = true;
        for (size_t axis = 0; axis < 3; ++axis) {
          const double* row = plan.places.data() + 4 * axis;
          const double p = row[0] * static_cast<double>(item % planes) +
                           row[1] * static_cast<double>(h) + row[2] * static_cast<double>(w) +
                           row[3];
          // The border of the outermost voxel is inside, whatever rounding says.
          constexpr double kSlack = 1e-6;
          const auto n = static_cast<double>(plan.from[axis]);
          inside = inside && p >= -0.5 - kSlack && p <= n - 0.5 + kSlack;
          place[axis] = std::clamp(p, -0.5, n - 0.5);
        }
        f(item / planes, at, inside ? &place : nullptr);
      }
    }
  });
}

// Three small products of weights with the box of elements that begins at `first`.
template <int taps>
float weighted_sum(const float* first, int64_t plane, int64_t row, const float (&weights)[3][4]) {
  float sum = 0;
  for (int i = 0; i < taps; ++i) {
    for (int j = 0; j < taps; ++j) {
      const float* line = first + i * plane + j * row;
      float part = 0;
      for (int k = 0; k < taps; ++k) part += weights[2][k] * line[k];
      sum += weights[0][i] * weights[1][j] * part;
    }
  }
  return sum;
}

// The elements, or the coefficients of their B-spline, with two more at both ends of each axis:
// [outer, D + 4, H + 4, W + 4].
std::vector<float> padded(const std::vector<float>& values, const Plan& plan,
                          Interpolation interpolation) {
  std::vector<float> result = values;
  int64_t outer = plan.outer, inner = plan.from[0] * plan.from[1] * plan.from[2];
  for (const int64_t n : plan.from) {
    inner /= n;
    AxisTaps taps = coefficient_taps(n);
    taps.spline = interpolation == Interpolation::cubic;
    result = resample_axis(result, outer, inner, taps);
    outer *= n + 4;
  }
  return result;
}

}  // namespace

Grid grid_of(const Volume& volume) {
  const Shape& shape = volume.voxels.shape();
  const int n = shape.ndim();
  return {n <= 3 ? shape : shape.slice(n - 3, n), volume.geometry};
}

Volume resample_image(const Volume& image, const Grid& grid, Interpolation interpolation,
                      float outside) {
  const Plan plan = plan_for(image, grid, "resample_image");
  const std::vector<float> values = image.voxels.to_vector<float>();
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const std::vector<float> elements = padded(values, plan, interpolation);
  const int64_t row = plan.from[2] + 4, plane = row * (plan.from[1] + 4);
  const int64_t volume = plane * (plan.from[0] + 4);
  const bool cubic = interpolation == Interpolation::cubic;
  const bool nearest = interpolation == Interpolation::nearest;
  std::vector<float> result(static_cast<size_t>(plan.shape.numel()));
  for_each_place(
      plan, [&, least = *low, most = *high](int64_t item, int64_t at, const Vector3* place) {
        float& value = result[static_cast<size_t>(at)];
        if (place == nullptr) {
          value = outside;
          return;
        }
        int64_t start = 0;
        float weights[3][4];
        for (size_t axis = 0; axis < 3; ++axis) {
          const double p = (*place)[axis];
          const double floor = std::floor(nearest ? p + 0.5 : p);
          const auto t = nearest ? 0.0F : static_cast<float>(p - floor);
          const float s = 1 - t;
          if (cubic) {
            weights[axis][0] = s * s * s / 6;
            weights[axis][1] = 2.0F / 3 - t * t * (2 - t) / 2;
            weights[axis][2] = 2.0F / 3 - s * s * (2 - s) / 2;
            weights[axis][3] = t * t * t / 6;
          } else {
            weights[axis][0] = s;
            weights[axis][1] = t;
          }
          start = start * (plan.from[axis] + 4) + static_cast<int64_t>(floor) + (cubic ? 1 : 2);
        }
        const float* first = elements.data() + item * volume + start;
        value = cubic ? std::clamp(weighted_sum<4>(first, plane, row, weights), least, most)
                      : weighted_sum<2>(first, plane, row, weights);
      });
  return {from_bytes(result.data(), plan.shape, f32), grid.geometry};
}

Volume resample_labels(const Volume& labels, const Grid& grid, Interpolation interpolation) {
  constexpr const char* kName = "resample_labels";
  const Plan plan = plan_for(labels, grid, kName);
  const std::vector<int32_t> values = labels_of(labels.voxels, kName);
  const int64_t row = plan.from[2], plane = row * plan.from[1], volume = plane * plan.from[0];
  std::vector<int32_t> result(static_cast<size_t>(plan.shape.numel()), 0);
  for_each_place(plan, [&](int64_t item, int64_t at, const Vector3* place) {
    if (place == nullptr) return;
    std::array<LabelTap, 3> taps;
    for (size_t axis = 0; axis < 3; ++axis) {
      taps[axis] = label_tap((*place)[axis], plan.from[axis], interpolation);
    }
    const auto& [z, y, x] = taps;
    const int32_t* first = values.data() + item * volume;
    std::array<int32_t, 8> corners;
    for (size_t corner = 0; corner < 8; ++corner) {
      corners[corner] =
          first[(corner / 4 == 0 ? z.low : z.high) * plane +
                (corner / 2 % 2 == 0 ? y.low : y.high) * row + (corner % 2 == 0 ? x.low : x.high)];
    }
    result[static_cast<size_t>(at)] = vote(corners, {{{z.low_weight, z.high_weight},
                                                      {y.low_weight, y.high_weight},
                                                      {x.low_weight, x.high_weight}}});
  });
  return {labels_tensor(result, plan.shape, labels.voxels.dtype()), grid.geometry, labels.stored};
}

}  // namespace tessera::io
