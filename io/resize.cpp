#include "io/resize.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace tessera::io {

namespace {

// The source elements first, first + 1, ... that make a result element, and their weights.
struct Taps {
  int64_t first;
  std::vector<float> weights;
};

std::vector<Taps> windows_of(int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> windows(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first =
        std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - support + 0.5)));
    const auto last =
        std::min<int64_t>(in, static_cast<int64_t>(std::floor(centre + support + 0.5)));
    Taps& window = windows[static_cast<size_t>(i)];
    window.first = first;
    double sum = 0;
    std::vector<double> weights;
    for (int64_t j = first; j < last; ++j) {
      weights.push_back(
          std::max(0.0, 1 - std::abs((static_cast<double>(j) + 0.5 - centre) / support)));
      sum += weights.back();
    }
    for (const double weight : weights) window.weights.push_back(static_cast<float>(weight / sum));
  }
  return windows;
}

void require_positive(int64_t height, int64_t width) {
  require(height > 0 && width > 0, "resize: height and width must be positive, got {}x{}", height,
          width);
}

}  // namespace

Image resize(const Image& image, int64_t height, int64_t width) {
  require_positive(height, width);
  if (image.height == height && image.width == width) return image;
  const std::vector<Taps> rows = windows_of(image.height, height);
  const std::vector<Taps> columns = windows_of(image.width, width);
  Image narrow(image.channels, {image.depth, image.height, width});
  for (int64_t row = 0; row < image.channels * image.depth * image.height; ++row) {
    const float* from = image.pixels.data() + row * image.width;
    float* to = narrow.pixels.data() + row * width;
    for (const Taps& window : columns) {
      float sum = 0;
      for (size_t k = 0; k < window.weights.size(); ++k)
        sum += window.weights[k] * from[window.first + static_cast<int64_t>(k)];
      *to++ = sum;
    }
  }
  Image result(image.channels, {image.depth, height, width});
  for (int64_t slice = 0; slice < image.channels * image.depth; ++slice) {
    for (int64_t h = 0; h < height; ++h) {
      const Taps& window = rows[static_cast<size_t>(h)];
      float* to = result.pixels.data() + (slice * height + h) * width;
      for (size_t k = 0; k < window.weights.size(); ++k) {
        const float* from = narrow.pixels.data() +
                            (slice * image.height + window.first + static_cast<int64_t>(k)) * width;
        for (int64_t w = 0; w < width; ++w) to[w] += window.weights[k] * from[w];
      }
    }
  }
  return result;
}

LabelMap resize(const LabelMap& mask, int64_t height, int64_t width) {
  require_positive(height, width);
  if (mask.height == height && mask.width == width) return mask;
  const auto nearest = [](int64_t i, int64_t in, int64_t out) {
    return std::min(in - 1, (2 * i + 1) * in / (2 * out));
  };
  LabelMap result(Extent{mask.depth, height, width});
  for (int64_t d = 0; d < mask.depth; ++d)
    for (int64_t h = 0; h < height; ++h)
      for (int64_t w = 0; w < width; ++w)
        result.at(d, h, w) =
            mask.at(d, nearest(h, mask.height, height), nearest(w, mask.width, width));
  return result;
}

}  // namespace tessera::io
