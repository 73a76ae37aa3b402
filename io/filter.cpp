#include "io/filter.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace tessera::io {

namespace {

std::vector<float> gaussian(double sigma) {
  const auto radius = static_cast<int64_t>(std::ceil(3 * sigma));
  std::vector<float> kernel;
  double sum = 0;
  for (int64_t k = -radius; k <= radius; ++k) {
    const double d = static_cast<double>(k) / sigma;
    kernel.push_back(static_cast<float>(std::exp(-d * d / 2)));
    sum += kernel.back();
  }
  for (float& weight : kernel) weight = static_cast<float>(weight / sum);
  return kernel;
}

// Rows of `inner` elements, `n` of them one behind the other, are mixed with their neighbours.
void blur_rows_(float* rows, int64_t n, int64_t inner, const std::vector<float>& kernel,
                std::vector<float>& copy) {
  const int64_t radius = std::ssize(kernel) / 2;
  copy.assign(rows, rows + n * inner);
  for (int64_t i = 0; i < n; ++i) {
    float* to = rows + i * inner;
    std::fill_n(to, inner, 0.0F);
    for (int64_t k = -radius; k <= radius; ++k) {
      const float weight = kernel[static_cast<size_t>(k + radius)];
      const float* from = copy.data() + std::clamp<int64_t>(i + k, 0, n - 1) * inner;
      for (int64_t j = 0; j < inner; ++j) to[j] += weight * from[j];
    }
  }
}

// The elements of a row are mixed with their neighbours.
void blur_row_(float* row, int64_t n, const std::vector<float>& kernel, std::vector<float>& copy) {
  const int64_t radius = std::ssize(kernel) / 2;
  copy.resize(static_cast<size_t>(n + 2 * radius));
  std::fill_n(copy.begin(), radius, row[0]);
  std::copy_n(row, n, copy.begin() + radius);
  std::fill_n(copy.begin() + radius + n, radius, row[n - 1]);
  std::fill_n(row, n, 0.0F);
  for (size_t k = 0; k < kernel.size(); ++k) {
    const float weight = kernel[k];
    const float* from = copy.data() + k;
    for (int64_t i = 0; i < n; ++i) row[i] += weight * from[i];
  }
}

// The pixel of an axis that stands for i: mirrored, the edge being there twice.
int64_t mirrored(int64_t i, int64_t n) {
  const int64_t period = 2 * n, phase = ((i % period) + period) % period;
  return phase < n ? phase : period - 1 - phase;
}

// Where each of n elements lies in an axis of few: between `low` and `high`.
struct Between {
  int64_t low, high;
  float weight;  // of high
};

// Positions in `n` elements for `few` that were taken from them; what is taken is put into `taken`.
std::vector<Between> betweens(int64_t n, int64_t few, std::vector<int64_t>& taken) {
  taken.clear();
  for (int64_t i = 0; i < few; ++i) taken.push_back(std::min(n - 1, (2 * i + 1) * n / (2 * few)));
  std::vector<Between> all;
  for (int64_t i = 0; i < n; ++i) {
    const double place = std::max(
        0.0,
        (static_cast<double>(i) + 0.5) * static_cast<double>(few) / static_cast<double>(n) - 0.5);
    const auto low = std::min(static_cast<int64_t>(place), few - 1);
    all.push_back(
        {low, std::min(low + 1, few - 1), static_cast<float>(place - static_cast<double>(low))});
  }
  return all;
}

}  // namespace

void blur_(Image& image, double sigma_z, double sigma_y, double sigma_x) {
  const int64_t D = image.depth, H = image.height, W = image.width;
  if (image.pixels.empty()) return;
  std::vector<float> copy;
  for (int64_t c = 0; c < image.channels; ++c) {
    float* channel = image.plane(c).data();
    if (sigma_z > 0 && D > 1) blur_rows_(channel, D, H * W, gaussian(sigma_z), copy);
    if (sigma_y > 0) {
      const std::vector<float> kernel = gaussian(sigma_y);
      for (int64_t d = 0; d < D; ++d) blur_rows_(channel + d * H * W, H, W, kernel, copy);
    }
    if (sigma_x > 0) {
      const std::vector<float> kernel = gaussian(sigma_x);
      for (int64_t row = 0; row < D * H; ++row) blur_row_(channel + row * W, W, kernel, copy);
    }
  }
}

void blur_(Image& image, double sigma) {
  blur_(image, sigma, sigma, sigma);
}

void sharpen_(Image& image, double strength) {
  const int64_t D = image.depth, H = image.height, W = image.width;
  const auto f = static_cast<float>(strength);
  const float middle = 1 + f * (D > 1 ? 6 : 4);
  const Image old = image;
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t d = 0; d < D; ++d) {
      for (int64_t h = 0; h < H; ++h) {
        const auto row = [&](int64_t i, int64_t j) {
          const int64_t at =
              std::clamp<int64_t>(i, 0, D - 1) * H + std::clamp<int64_t>(j, 0, H - 1);
          return old.plane(c).data() + at * W;
        };
        const float* here = row(d, h);
        const float* around[4] = {row(d, h - 1), row(d, h + 1), row(d - 1, h), row(d + 1, h)};
        float* to = image.plane(c).data() + (d * H + h) * W;
        for (int64_t w = 0; w < W; ++w) {
          float sum = around[0][w] + around[1][w] + here[std::max<int64_t>(w - 1, 0)] +
                      here[std::min(w + 1, W - 1)];
          if (D > 1) sum += around[2][w] + around[3][w];
          to[w] = middle * here[w] - f * sum;
        }
      }
    }
  }
}

void median_(Image& image, int64_t size) {
  require(size >= 1, "median_: the size must be positive, got {}", size);
  const int64_t D = image.depth, H = image.height, W = image.width, before = size / 2;
  const int64_t deep = D > 1 ? size : 1, deep_before = D > 1 ? before : 0;
  const Image old = image;
  std::vector<float> window(static_cast<size_t>(deep * size * size));
  std::vector<int64_t> columns(static_cast<size_t>(W + size));
  for (int64_t w = 0; w < W + size; ++w) columns[static_cast<size_t>(w)] = mirrored(w - before, W);
  std::vector<const float*> rows;
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t d = 0; d < D; ++d) {
      for (int64_t h = 0; h < H; ++h) {
        rows.clear();
        for (int64_t k = 0; k < deep; ++k)
          for (int64_t i = 0; i < size; ++i)
            rows.push_back(old.plane(c).data() +
                           (mirrored(d + k - deep_before, D) * H + mirrored(h + i - before, H)) *
                               W);
        for (int64_t w = 0; w < W; ++w) {
          size_t at = 0;
          for (const float* row : rows)
            for (int64_t j = 0; j < size; ++j)
              window[at++] = row[columns[static_cast<size_t>(w + j)]];
          const auto middle = window.begin() + std::ssize(window) / 2;
          std::nth_element(window.begin(), middle, window.end());
          image.at(c, d, h, w) = *middle;
        }
      }
    }
  }
}

void lower_resolution_(Image& image, double factor_z, double factor_y, double factor_x) {
  require(factor_z > 0 && factor_z <= 1 && factor_y > 0 && factor_y <= 1 && factor_x > 0 &&
              factor_x <= 1,
          "lower_resolution_: factors must lie in (0, 1], got {}, {} and {}", factor_z, factor_y,
          factor_x);
  const auto fewer = [](int64_t n, double factor) {
    return std::clamp<int64_t>(std::llrint(static_cast<double>(n) * factor), 1, n);
  };
  const int64_t D = image.depth, H = image.height, W = image.width;
  std::vector<int64_t> slices, rows, columns;
  const auto zs = betweens(D, fewer(D, factor_z), slices);
  const auto ys = betweens(H, fewer(H, factor_y), rows);
  const auto xs = betweens(W, fewer(W, factor_x), columns);
  const Image old = image;
  // Each row that is left, already as wide as the result.
  std::vector<float> wide(slices.size() * rows.size() * static_cast<size_t>(W));
  std::vector<float> taken(columns.size());
  for (int64_t c = 0; c < image.channels; ++c) {
    float* to = wide.data();
    for (const int64_t d : slices) {
      for (const int64_t h : rows) {
        const float* from = old.plane(c).data() + (d * H + h) * W;
        for (size_t j = 0; j < columns.size(); ++j) taken[j] = from[columns[j]];
        for (const Between& x : xs) {
          const float low = taken[static_cast<size_t>(x.low)];
          *to++ = low + x.weight * (taken[static_cast<size_t>(x.high)] - low);
        }
      }
    }
    to = image.plane(c).data();
    const auto row = [&](int64_t d, int64_t h) {
      return wide.data() + (d * std::ssize(rows) + h) * W;
    };
    for (const Between& z : zs) {
      for (const Between& y : ys) {
        const float *a = row(z.low, y.low), *b = row(z.low, y.high);
        const float *e = row(z.high, y.low), *f = row(z.high, y.high);
        for (int64_t w = 0; w < W; ++w) {
          const float front = a[w] + y.weight * (b[w] - a[w]);
          const float back = e[w] + y.weight * (f[w] - e[w]);
          *to++ = front + z.weight * (back - front);
        }
      }
    }
  }
}

}  // namespace tessera::io
