#include "io/local_change.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "io/pixel_math.h"

namespace tessera::io {

namespace {

// The share of a normal distribution that lies in each of n pixels.
std::vector<float> slope(int64_t n, double centre, double width) {
  const double middle = centre * static_cast<double>(n);
  const auto below = [&](double x) {
    return std::erfc((middle - x) / (width * std::sqrt(2.0))) / 2;
  };
  std::vector<float> values;
  for (int64_t i = 0; i < n; ++i) {
    const auto x = static_cast<double>(i);
    values.push_back(static_cast<float>(below(x + 0.5) - below(x - 0.5)));
  }
  return values;
}

// Calls f(first pixel of a row in a channel, values of the hill there).
template <class F>
void for_rows_of(const Hill& hill, Extent extent, F f) {
  const int64_t extents[3] = {extent.depth, extent.height, extent.width};
  std::array<std::vector<float>, 3> slopes;
  float low = 1, high = 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    require(hill.width[axis] > 0, "hill: its width must be positive, got {}", hill.width[axis]);
    slopes[axis] = slope(extents[axis], hill.centre[axis], hill.width[axis]);
    if (axis == 0 && extent.depth == 1) slopes[axis] = {1};
    const auto [least, most] = std::minmax_element(slopes[axis].begin(), slopes[axis].end());
    low *= *least;
    high *= *most;
  }
  const float scale = high > low ? 1 / (high - low) : 0;
  std::vector<float> row(static_cast<size_t>(extent.width));
  for (int64_t d = 0; d < extent.depth; ++d) {
    for (int64_t h = 0; h < extent.height; ++h) {
      const float factor =
          slopes[0][static_cast<size_t>(d)] * slopes[1][static_cast<size_t>(h)] * scale;
      for (size_t w = 0; w < row.size(); ++w) row[w] = factor * slopes[2][w] - low * scale;
      f((d * extent.height + h) * extent.width, row);
    }
  }
}

}  // namespace

void add_hill_(Image& image, const Hill& hill, double strength) {
  const auto s = static_cast<float>(strength);
  for_rows_of(hill, image.extent(), [&](int64_t first, const std::vector<float>& row) {
    for (int64_t c = 0; c < image.channels; ++c) {
      float* x = image.plane(c).data() + first;
      for (size_t w = 0; w < row.size(); ++w) x[w] += s * row[w];
    }
  });
}

void change_gamma_(Image& image, const Hill& hill, double gamma) {
  if (image.pixels.empty()) return;
  const auto [least, largest] = std::minmax_element(image.pixels.begin(), image.pixels.end());
  const float low = *least, span = *largest - low;
  if (span <= 0) return;
  Image changed = image;
  power_(changed.pixels, low, 1 / span, static_cast<float>(gamma), span, low);
  for_rows_of(hill, image.extent(), [&](int64_t first, const std::vector<float>& row) {
    for (int64_t c = 0; c < image.channels; ++c) {
      float* x = image.plane(c).data() + first;
      const float* y = changed.plane(c).data() + first;
      for (size_t w = 0; w < row.size(); ++w) x[w] += row[w] * (y[w] - x[w]);
    }
  });
}

void blank_(Image& image, const Box& box) {
  const int64_t extents[3] = {image.depth, image.height, image.width};
  const int64_t sizes[3] = {box.size.depth, box.size.height, box.size.width};
  for (int axis = 0; axis < 3; ++axis)
    require(
        box.first[axis] >= 0 && sizes[axis] >= 0 && sizes[axis] <= extents[axis] - box.first[axis],
        "blank_: the box must lie in the image, got pixels {} to {} of {}", box.first[axis],
        box.first[axis] + sizes[axis], extents[axis]);
  if (box.size.count() == 0) return;
  for (int64_t c = 0; c < image.channels; ++c) {
    const auto each_row = [&](auto f) {
      for (int64_t d = 0; d < box.size.depth; ++d)
        for (int64_t h = 0; h < box.size.height; ++h)
          f(&image.at(c, box.first[0] + d, box.first[1] + h, box.first[2]));
    };
    double sum = 0;
    each_row([&](const float* row) {
      for (int64_t w = 0; w < box.size.width; ++w) sum += row[w];
    });
    const auto mean = static_cast<float>(sum / static_cast<double>(box.size.count()));
    each_row([&](float* row) { std::fill_n(row, box.size.width, mean); });
  }
}

}  // namespace tessera::io
