#include "io/sample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace tessera::io {

namespace {

// The index that stands for i in an axis of n elements, or -1 for nothing.
int64_t inside(int64_t i, int64_t n, Border border) {
  if (i >= 0 && i < n) return i;
  if (border == Border::zero) return -1;
  if (border == Border::edge || n == 1) return std::clamp<int64_t>(i, 0, n - 1);
  const int64_t period = 2 * (n - 1);
  const int64_t phase = ((i % period) + period) % period;
  return phase < n ? phase : period - phase;
}

// A coordinate as the whole number below and the rest. Far outside one place is like another, and
// bounded ones fit into integers; NaN becomes one of them.
struct Split {
  explicit Split(double v) {
    v = std::min(std::max(-1e9, v), 1e9);
    below = static_cast<int64_t>(v);
    below -= v < static_cast<double>(below) ? 1 : 0;  // std::floor is a call on old processors
    rest = static_cast<float>(v - static_cast<double>(below));
  }
  int64_t below;
  float rest;
};

int64_t nearest(double v, int64_t n, Border border) {
  return inside(Split(v + 0.5).below, n, border);
}

// The slice that a whole row lies in exactly, or -1.
int64_t slice_of(const std::vector<double>& z, int64_t depth) {
  const Split first(z[0]);
  if (first.rest != 0 || first.below < 0 || first.below >= depth) return -1;
  const bool same = std::all_of(z.begin(), z.end(), [&](double v) { return v == z[0]; });
  return same ? first.below : -1;
}

// A row that lies in the slice at `plane` (of channel 0) of `image`: four neighbours.
void sample_flat(const Image& image, const float* plane, const Places& at, Border border, float* to,
                 int64_t to_channel) {
  const int64_t H = image.height, W = image.width, channel = image.extent().count();
  for (int64_t w = 0; w < std::ssize(at.x); ++w, ++to) {
    const Split y(at.y[static_cast<size_t>(w)]), x(at.x[static_cast<size_t>(w)]);
    const float weight[4] = {(1 - y.rest) * (1 - x.rest), (1 - y.rest) * x.rest,
                             y.rest * (1 - x.rest), y.rest * x.rest};
    if (y.below >= 0 && y.below < H - 1 && x.below >= 0 && x.below < W - 1) {
      const float* from = plane + y.below * W + x.below;
      for (int64_t c = 0; c < image.channels; ++c, from += channel)
        to[c * to_channel] = weight[0] * from[0] + weight[1] * from[1] + weight[2] * from[W] +
                             weight[3] * from[W + 1];
      continue;
    }
    // A neighbour that is nothing counts nothing.
    const int64_t ys[2] = {inside(y.below, H, border), inside(y.below + 1, H, border)};
    const int64_t xs[2] = {inside(x.below, W, border), inside(x.below + 1, W, border)};
    for (int64_t c = 0; c < image.channels; ++c) {
      float sum = 0;
      for (int k = 0; k < 4; ++k) {
        const int64_t i = ys[k / 2], j = xs[k % 2];
        if (i >= 0 && j >= 0) sum += weight[k] * plane[c * channel + i * W + j];
      }
      to[c * to_channel] = sum;
    }
  }
}

// Any row: eight neighbours.
void sample_deep(const Image& image, const Places& at, Border border, float* to,
                 int64_t to_channel) {
  const int64_t D = image.depth, H = image.height, W = image.width;
  const int64_t channel = image.extent().count();
  for (int64_t w = 0; w < std::ssize(at.x); ++w, ++to) {
    const auto i = static_cast<size_t>(w);
    const Split z(at.z[i]), y(at.y[i]), x(at.x[i]);
    const float wz[2] = {1 - z.rest, z.rest};
    const float wyx[4] = {(1 - y.rest) * (1 - x.rest), (1 - y.rest) * x.rest, y.rest * (1 - x.rest),
                          y.rest * x.rest};
    if (z.below >= 0 && z.below < D - 1 && y.below >= 0 && y.below < H - 1 && x.below >= 0 &&
        x.below < W - 1) {
      const float* from = image.pixels.data() + (z.below * H + y.below) * W + x.below;
      for (int64_t c = 0; c < image.channels; ++c, from += channel) {
        const float* behind = from + H * W;
        to[c * to_channel] = wz[0] * (wyx[0] * from[0] + wyx[1] * from[1] + wyx[2] * from[W] +
                                      wyx[3] * from[W + 1]) +
                             wz[1] * (wyx[0] * behind[0] + wyx[1] * behind[1] + wyx[2] * behind[W] +
                                      wyx[3] * behind[W + 1]);
      }
      continue;
    }
    const int64_t zs[2] = {inside(z.below, D, border), inside(z.below + 1, D, border)};
    const int64_t ys[2] = {inside(y.below, H, border), inside(y.below + 1, H, border)};
    const int64_t xs[2] = {inside(x.below, W, border), inside(x.below + 1, W, border)};
    for (int64_t c = 0; c < image.channels; ++c) {
      float sum = 0;
      for (int k = 0; k < 8; ++k) {
        const int64_t d = zs[k / 4], h = ys[k / 2 % 2], j = xs[k % 2];
        if (d >= 0 && h >= 0 && j >= 0)
          sum += wz[k / 4] * wyx[k % 4] *
                 image.pixels[static_cast<size_t>(c * channel + (d * H + h) * W + j)];
      }
      to[c * to_channel] = sum;
    }
  }
}

// Calls f(places, first pixel of the row in a channel) for each row.
template <class F>
void for_rows(const PlacesOfRow& from, Extent extent, F f) {
  if (extent.count() == 0) return;
  Places places;
  for (auto* axis : {&places.z, &places.y, &places.x})
    axis->resize(static_cast<size_t>(extent.width));
  for (int64_t d = 0; d < extent.depth; ++d) {
    for (int64_t h = 0; h < extent.height; ++h) {
      from(d, h, places);
      f(places, (d * extent.height + h) * extent.width);
    }
  }
}

PlacesOfRow rows_of(const Affine& from) {
  return [from](int64_t d, int64_t h, Places& places) {
    const auto z = static_cast<double>(d), y = static_cast<double>(h);
    const double z0 = from.zz * z + from.zy * y + from.z0, y0 = from.yz * z + from.yy * y + from.y0,
                 x0 = from.xz * z + from.xy * y + from.x0;
    const int n = static_cast<int>(places.x.size());
    for (int w = 0; w < n; ++w) {
      const auto i = static_cast<size_t>(w);
      places.z[i] = from.zx * w + z0;
      places.y[i] = from.yx * w + y0;
      places.x[i] = from.xx * w + x0;
    }
  };
}

// For a map that only mirrors, exchanges and moves axes by whole pixels: where in an array the
// elements of each axis of the result lie, -1 for nothing. The places of three add up.
struct WholeSteps {
  WholeSteps(const Affine& from, Extent in, Extent out, Border border);
  bool possible = true;
  std::vector<int64_t> place[3];
};

WholeSteps::WholeSteps(const Affine& from, Extent in, Extent out, Border border) {
  // Rows: axes of the image before; columns: axes of the result, then the shift.
  const double m[3][4] = {{from.zz, from.zy, from.zx, from.z0},
                          {from.yz, from.yy, from.yx, from.y0},
                          {from.xz, from.xy, from.xx, from.x0}};
  const int64_t extent[3] = {in.depth, in.height, in.width};
  const int64_t stride[3] = {in.height * in.width, in.width, 1};
  const int64_t size[3] = {out.depth, out.height, out.width};
  for (int axis = 0; axis < 3; ++axis) {
    int other = -1, count = 0;
    for (int k = 0; k < 3; ++k) {
      possible = possible && (m[axis][k] == 0 || std::abs(m[axis][k]) == 1);
      if (m[axis][k] == 0) continue;
      other = k;
      ++count;
    }
    const double shift = m[axis][3];
    possible = possible && count == 1 && shift == std::round(shift) && std::abs(shift) < 1e9 &&
               place[other].empty();
    if (!possible) return;
    for (int64_t i = 0; i < size[other]; ++i) {
      const int64_t at =
          inside(i * static_cast<int64_t>(m[axis][other]) + static_cast<int64_t>(shift),
                 extent[axis], border);
      place[other].push_back(at < 0 ? -1 : at * stride[axis]);
    }
  }
}

// Copies a channel.
template <class T>
void copy_(const T* from, const WholeSteps& steps, T* to) {
  const std::vector<int64_t>& columns = steps.place[2];
  const auto n = static_cast<int64_t>(columns.size());
  const auto runs = [&](int64_t step) {  // all there, one behind the other
    return n > 0 && columns[0] >= 0 && columns.back() >= 0 &&
           std::adjacent_find(columns.begin(), columns.end(),
                              [=](int64_t a, int64_t b) { return b != a + step; }) == columns.end();
  };
  const bool forwards = runs(1), backwards = runs(-1);
  for (const int64_t d : steps.place[0]) {
    for (const int64_t h : steps.place[1]) {
      if (d < 0 || h < 0) {
        std::fill_n(to, n, T{});
      } else if (forwards) {
        std::copy_n(from + d + h + columns[0], n, to);
      } else if (backwards) {
        const T* last = from + d + h + columns.back();
        std::reverse_copy(last, last + n, to);
      } else {
        const T* row = from + d + h;
        for (int64_t w = 0; w < n; ++w) {
          const int64_t at = columns[static_cast<size_t>(w)];
          to[w] = at < 0 ? T{} : row[at];
        }
      }
      to += n;
    }
  }
}

// The axes along which a map mirrors, when it does no more.
std::optional<std::array<bool, 3>> mirrored_axes(const Affine& from, Extent extent) {
  const auto last = [](int64_t n) { return static_cast<double>(n - 1); };
  const std::array<bool, 3> axes = {from.zz < 0, from.yy < 0, from.xx < 0};
  const Affine mirrors{.zz = axes[0] ? -1. : 1,
                       .z0 = axes[0] ? last(extent.depth) : 0,
                       .yy = axes[1] ? -1. : 1,
                       .y0 = axes[1] ? last(extent.height) : 0,
                       .xx = axes[2] ? -1. : 1,
                       .x0 = axes[2] ? last(extent.width) : 0};
  if (from != mirrors) return {};
  return axes;
}

template <class T>
bool mirror_(std::vector<T>& values, Extent extent, const Affine& from) {
  const auto axes = mirrored_axes(from, extent);
  if (!axes) return false;
  const int64_t extents[3] = {extent.depth, extent.height, extent.width};
  int64_t inner = 1;
  for (size_t axis = 3; axis-- > 0; inner *= extents[axis]) {
    if (!(*axes)[axis]) continue;
    const int64_t n = extents[axis];
    for (T* block = values.data(); block < values.data() + values.size(); block += n * inner) {
      if (inner == 1) std::reverse(block, block + n);
      for (int64_t i = 0; inner > 1 && i < n / 2; ++i) {
        T* row = block + i * inner;
        std::swap_ranges(row, row + inner, block + (n - 1 - i) * inner);
      }
    }
  }
  return true;
}

}  // namespace

bool mirror_(Image& image, const Affine& from) {
  return mirror_(image.pixels, image.extent(), from);
}

bool mirror_(LabelMap& mask, const Affine& from) {
  return mirror_(mask.labels, mask.extent(), from);
}

Image sample(const Image& image, const PlacesOfRow& from, Extent extent, Border border) {
  Image result(image.channels, extent);
  const int64_t area = image.height * image.width;
  for_rows(from, extent, [&](const Places& places, int64_t row) {
    const int64_t d = slice_of(places.z, image.depth);
    float* to = result.pixels.data() + row;
    if (d >= 0) {
      sample_flat(image, image.pixels.data() + d * area, places, border, to, extent.count());
    } else {
      sample_deep(image, places, border, to, extent.count());
    }
  });
  return result;
}

Image sample(const Image& image, const Affine& from, Extent extent, Border border) {
  const WholeSteps steps(from, image.extent(), extent, border);
  if (steps.possible && !image.pixels.empty()) {
    Image result(image.channels, extent);
    for (int64_t c = 0; c < image.channels; ++c)
      copy_(image.plane(c).data(), steps, result.plane(c).data());
    return result;
  }
  return sample(image, rows_of(from), extent, border);
}

LabelMap sample(const LabelMap& mask, const PlacesOfRow& from, Extent extent, Border border) {
  LabelMap result(extent);
  for_rows(from, extent, [&](const Places& places, int64_t row) {
    int32_t* to = result.labels.data() + row;
    for (size_t i = 0; i < places.x.size(); ++i, ++to) {
      const int64_t d = nearest(places.z[i], mask.depth, border);
      const int64_t h = nearest(places.y[i], mask.height, border);
      const int64_t w = nearest(places.x[i], mask.width, border);
      if (d >= 0 && h >= 0 && w >= 0) *to = mask.at(d, h, w);
    }
  });
  return result;
}

LabelMap sample(const LabelMap& mask, const Affine& from, Extent extent, Border border) {
  const WholeSteps steps(from, mask.extent(), extent, border);
  if (steps.possible && !mask.labels.empty()) {
    LabelMap result(extent);
    copy_(mask.labels.data(), steps, result.labels.data());
    return result;
  }
  return sample(mask, rows_of(from), extent, border);
}

}  // namespace tessera::io
