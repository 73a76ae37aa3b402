#include "io/affine.h"

#include <algorithm>
#include <cmath>

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

struct Point {
  double y, x;
};

// Where pixel (h, w) of the result comes from. Far outside one place is like another, and bounded
// ones fit into integers.
Point source_of(const Affine& from, int64_t h, int64_t w) {
  const auto y = static_cast<double>(h), x = static_cast<double>(w);
  return {std::clamp(from.yy * y + from.yx * x + from.y0, -1e9, 1e9),
          std::clamp(from.xy * y + from.xx * x + from.x0, -1e9, 1e9)};
}

}  // namespace

Affine compose(const Affine& outer, const Affine& inner) {
  return {.yy = outer.yy * inner.yy + outer.yx * inner.xy,
          .yx = outer.yy * inner.yx + outer.yx * inner.xx,
          .y0 = outer.yy * inner.y0 + outer.yx * inner.x0 + outer.y0,
          .xy = outer.xy * inner.yy + outer.xx * inner.xy,
          .xx = outer.xy * inner.yx + outer.xx * inner.xx,
          .x0 = outer.xy * inner.y0 + outer.xx * inner.x0 + outer.x0};
}

Image sample(const Image& image, const Affine& from, int64_t height, int64_t width, Border border) {
  Image result(image.channels, height, width);
  const int64_t H = image.height, W = image.width;
  for (int64_t h = 0; h < height; ++h) {
    for (int64_t w = 0; w < width; ++w) {
      const auto [y, x] = source_of(from, h, w);
      const double y_floor = std::floor(y), x_floor = std::floor(x);
      const auto fy = static_cast<float>(y - y_floor), fx = static_cast<float>(x - x_floor);
      const auto top = static_cast<int64_t>(y_floor), left = static_cast<int64_t>(x_floor);
      // The four neighbours; one that is nothing counts nothing.
      const int64_t ys[2] = {inside(top, H, border), inside(top + 1, H, border)};
      const int64_t xs[2] = {inside(left, W, border), inside(left + 1, W, border)};
      const float wy[2] = {1 - fy, fy}, wx[2] = {1 - fx, fx};
      int64_t place[4];
      float weight[4];
      for (int k = 0; k < 4; ++k) {
        const int i = k / 2, j = k % 2;
        const bool there = ys[i] >= 0 && xs[j] >= 0;
        place[k] = there ? ys[i] * W + xs[j] : 0;
        weight[k] = there ? wy[i] * wx[j] : 0;
      }
      for (int64_t c = 0; c < image.channels; ++c) {
        const float* plane = image.pixels.data() + c * H * W;
        float sum = 0;
        for (int k = 0; k < 4; ++k) sum += weight[k] * plane[place[k]];
        result.at(c, h, w) = sum;
      }
    }
  }
  return result;
}

LabelMap sample(const LabelMap& mask, const Affine& from, int64_t height, int64_t width,
                Border border) {
  LabelMap result(height, width);
  for (int64_t h = 0; h < height; ++h) {
    for (int64_t w = 0; w < width; ++w) {
      const auto [y, x] = source_of(from, h, w);
      const int64_t i = inside(static_cast<int64_t>(std::floor(y + 0.5)), mask.height, border);
      const int64_t j = inside(static_cast<int64_t>(std::floor(x + 0.5)), mask.width, border);
      if (i >= 0 && j >= 0) result.at(h, w) = mask.at(i, j);
    }
  }
  return result;
}

}  // namespace tessera::io
