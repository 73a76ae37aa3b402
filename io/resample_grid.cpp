#include "io/resample_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <tuple>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "io/label_resample.h"

namespace tessera::io {

namespace {

// The work that images and labels share.
struct GridPlan {
  Extents from, to;
  int64_t outer = 1;
  Shape shape = {};     // of the result
  Matrix4 places = {};  // takes voxels of the grid to those of the volume
};

GridPlan plan_for(const Volume& volume, const Grid& grid, const char* name) {
  const Shape& shape = volume.voxels.shape();
  GridPlan plan{.from = extents_of(shape, name), .to = extents_of(grid.size, name)};
  plan.outer = shape.numel() / (plan.from[0] * plan.from[1] * plan.from[2]);
  for (int axis = 0; axis < shape.ndim() - 3; ++axis) plan.shape.push_back(shape[axis]);
  for (const int64_t extent : grid.size) plan.shape.push_back(extent);
  constexpr int64_t kMost = int64_t{1} << 32;
  require(plan.shape.numel() <= kMost, "{}: the result {} would have more than {} voxels", name,
          plan.shape, kMost);
  plan.places = multiply(inverse(volume.geometry.affine, name), grid.geometry.affine);
  return plan;
}

// The two neighbours of places along an axis, as what they add to the number of an element, and how
// close the second one is. Elements go on for ever at their ends.
struct Neighbours {
  std::vector<int64_t> low, high;
  std::vector<float> weight;
};

// Where the voxels of one row of the grid lie: those from `begin` to `end` within the volume, for
// each axis at places that are at most half a voxel outside of it.
struct Row {
  int64_t begin = 0, end = 0;
  std::array<std::vector<double>, 3> places = {};
  std::array<Neighbours, 3> beside = {};  // of linear ones

  explicit Row(int64_t width) : end(width) {
    const auto n = static_cast<size_t>(width);
    for (auto& axis : places) axis.resize(n);
    for (auto& [low, high, weight] : beside) {
      low.resize(n);
      high.resize(n);
      weight.resize(n);
    }
  }
};

void find_places(const GridPlan& plan, int64_t d, int64_t h, Row& row) {
  // The border of the outermost voxel is inside, whatever rounding says.
  constexpr double kSlack = 1e-6;
  row.begin = 0;
  row.end = plan.to[2];
  for (size_t axis = 0; axis < 3; ++axis) {
    const double* map = plan.places.data() + 4 * axis;
    const double start = map[0] * static_cast<double>(d) + map[1] * static_cast<double>(h);
    const double step = map[2], shift = map[3];
    std::vector<double>& places = row.places[axis];
    for (size_t w = 0; w < places.size(); ++w) {
      places[w] = start + step * static_cast<double>(w) + shift;
    }
    // A straight line is within a box from one place to another.
    const double most = static_cast<double>(plan.from[axis]) - 0.5;
    const auto outside = [&](int64_t w) {
      const double p = places[static_cast<size_t>(w)];
      return !(p >= -0.5 - kSlack && p <= most + kSlack);
    };
    while (row.begin < row.end && outside(row.begin)) ++row.begin;
    while (row.begin < row.end && outside(row.end - 1)) --row.end;
    for (int64_t w = row.begin; w < row.end; ++w) {
      double& p = places[static_cast<size_t>(w)];
      p = std::min(std::max(p, -0.5), most);
    }
  }
}

// Calls f(volume, first voxel, row) for each row of each volume.
template <class F>
void for_each_row(const GridPlan& plan, F&& f) {
  const int64_t planes = plan.to[0], rows = plan.to[1], width = plan.to[2];
  cpu::parallel_for(plan.outer * planes, false, [&](int64_t item) {
    Row row(width);
    for (int64_t h = 0; h < rows; ++h) {
      find_places(plan, item % planes, h, row);
      f(item / planes, (item * rows + h) * width, row);
    }
  });
}

void find_neighbours(const GridPlan& plan, size_t axis, int64_t stride, Row& row) {
  const double* places = row.places[axis].data();
  auto& [low, high, weight] = row.beside[axis];
  const int64_t last = plan.from[axis] - 1;
  for (auto w = static_cast<size_t>(row.begin); w < static_cast<size_t>(row.end); ++w) {
    const auto floor = static_cast<int64_t>(places[w] + 1) - 1;  // places are above -1
    weight[w] = static_cast<float>(places[w] - static_cast<double>(floor));
    low[w] = std::max<int64_t>(floor, 0) * stride;
    high[w] = std::min(floor + 1, last) * stride;
  }
}

void sample_linear(const float* volume, const GridPlan& plan, Row& row, float* to) {
  int64_t stride = 1;
  for (size_t axis = 3; axis-- > 0; stride *= plan.from[axis]) {
    find_neighbours(plan, axis, stride, row);
  }
  const Neighbours &z = row.beside[0], &y = row.beside[1], &x = row.beside[2];
  for (auto w = static_cast<size_t>(row.begin); w < static_cast<size_t>(row.end); ++w) {
    const float t = x.weight[w], s = 1 - t;
    const auto line = [&](int64_t first) {
      return s * volume[first + x.low[w]] + t * volume[first + x.high[w]];
    };
    const auto slice = [&](int64_t first) {
      return (1 - y.weight[w]) * line(first + y.low[w]) + y.weight[w] * line(first + y.high[w]);
    };
    to[w] = (1 - z.weight[w]) * slice(z.low[w]) + z.weight[w] * slice(z.high[w]);
  }
}

// The coefficients of the B-spline through the elements, with two more at both ends of each axis:
// [outer, D + 4, H + 4, W + 4].
std::vector<float> coefficients(const std::vector<float>& values, const GridPlan& plan) {
  std::vector<float> result = values;
  int64_t outer = plan.outer, inner = plan.from[0] * plan.from[1] * plan.from[2];
  for (const int64_t n : plan.from) {
    inner /= n;
    result = resample_axis(result, outer, inner, coefficient_taps(n));
    outer *= n + 4;
  }
  return result;
}

// Three small products of weights with the box of 4 x 4 x 4 coefficients around each place.
void sample_cubic(const float* volume, const GridPlan& plan, const Row& row, float* to) {
  const int64_t line = plan.from[2] + 4, plane = line * (plan.from[1] + 4);
  for (auto w = static_cast<size_t>(row.begin); w < static_cast<size_t>(row.end); ++w) {
    const float* first = volume;
    const int64_t strides[3] = {plane, line, 1};
    float weights[3][4];
    for (size_t axis = 0; axis < 3; ++axis) {
      const double p = row.places[axis][w];
      const double floor = std::floor(p);
      const auto t = static_cast<float>(p - floor);
      const float s = 1 - t;
      weights[axis][0] = s * s * s / 6;
      weights[axis][1] = 2.0F / 3 - t * t * (2 - t) / 2;
      weights[axis][2] = 2.0F / 3 - s * s * (2 - s) / 2;
      weights[axis][3] = t * t * t / 6;
      first += (static_cast<int64_t>(floor) + 1) * strides[axis];
    }
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        const float* four = first + i * plane + j * line;
        float part = 0;
        for (int k = 0; k < 4; ++k) part += weights[2][k] * four[k];
        sum += weights[0][i] * weights[1][j] * part;
      }
    }
    to[w] = sum;
  }
}

void sample_nearest(const float* volume, const GridPlan& plan, const Row& row, float* to) {
  for (auto w = static_cast<size_t>(row.begin); w < static_cast<size_t>(row.end); ++w) {
    int64_t at = 0;
    for (size_t axis = 0; axis < 3; ++axis) {
      const auto nearest = static_cast<int64_t>(std::trunc(row.places[axis][w] + 0.5));
      at = at * plan.from[axis] + std::min(nearest, plan.from[axis] - 1);
    }
    to[w] = volume[at];
  }
}

}  // namespace

Grid grid_of(const Volume& volume) {
  const Shape& shape = volume.voxels.shape();
  const int n = shape.ndim();
  return {n <= 3 ? shape : shape.slice(n - 3, n), volume.geometry};
}

Volume resample_image(const Volume& image, const Grid& grid, Interpolation interpolation,
                      float outside) {
  const GridPlan plan = plan_for(image, grid, "resample_image");
  const std::vector<float> values = image.voxels.to_vector<float>();
  const bool cubic = interpolation == Interpolation::cubic;
  const std::vector<float> spline = cubic ? coefficients(values, plan) : std::vector<float>();
  const float* elements = cubic ? spline.data() : values.data();
  int64_t size = 1;
  for (const int64_t n : plan.from) size *= cubic ? n + 4 : n;
  auto low = values.begin(), high = low;
  if (cubic) std::tie(low, high) = std::minmax_element(values.begin(), values.end());
  const auto result =
      std::make_unique_for_overwrite<float[]>(static_cast<size_t>(plan.shape.numel()));
  for_each_row(plan, [&, least = *low, most = *high](int64_t item, int64_t at, Row& row) {
    const float* volume = elements + item * size;
    float* to = result.get() + at;
    std::fill_n(to, row.begin, outside);
    std::fill(to + row.end, to + plan.to[2], outside);
    if (interpolation == Interpolation::nearest) {
      sample_nearest(volume, plan, row, to);
    } else if (cubic) {
      sample_cubic(volume, plan, row, to);
      for (int64_t w = row.begin; w < row.end; ++w) to[w] = std::clamp(to[w], least, most);
    } else {
      sample_linear(volume, plan, row, to);
    }
  });
  return {from_bytes(result.get(), plan.shape, f32), grid.geometry};
}

Volume resample_labels(const Volume& labels, const Grid& grid, Interpolation interpolation) {
  constexpr const char* kName = "resample_labels";
  const GridPlan plan = plan_for(labels, grid, kName);
  const std::vector<int32_t> values = labels_of(labels.voxels, kName);
  const int64_t row = plan.from[2], plane = row * plan.from[1], volume = plane * plan.from[0];
  std::vector<int32_t> result(static_cast<size_t>(plan.shape.numel()), 0);
  for_each_row(plan, [&](int64_t item, int64_t at, const Row& along) {
    const int32_t* first = values.data() + item * volume;
    for (int64_t w = along.begin; w < along.end; ++w) {
      std::array<LabelTap, 3> taps;
      for (size_t axis = 0; axis < 3; ++axis) {
        taps[axis] =
            label_tap(along.places[axis][static_cast<size_t>(w)], plan.from[axis], interpolation);
      }
      const auto& [z, y, x] = taps;
      int32_t& label = result[static_cast<size_t>(at + w)];
      if (interpolation == Interpolation::nearest) {
        label = first[z.low * plane + y.low * row + x.low];
        continue;
      }
      std::array<int32_t, 8> corners;
      for (size_t corner = 0; corner < 8; ++corner) {
        corners[corner] = first[(corner / 4 == 0 ? z.low : z.high) * plane +
                                (corner / 2 % 2 == 0 ? y.low : y.high) * row +
                                (corner % 2 == 0 ? x.low : x.high)];
      }
      label = vote(corners, {{{z.low_weight, z.high_weight},
                              {y.low_weight, y.high_weight},
                              {x.low_weight, x.high_weight}}});
    }
  });
  return {labels_tensor(result, plan.shape, labels.voxels.dtype()), grid.geometry, labels.stored};
}

}  // namespace tessera::io
