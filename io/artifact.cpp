#include "io/artifact.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "io/fft.h"
#include "io/pixel_math.h"
#include "io/sample.h"

namespace tessera::io {

namespace {

int64_t extent_along(const Image& image, int axis) {
  return axis == 0 ? image.depth : axis == 1 ? image.height : image.width;
}

// From -1 to 1 over n pixels; 0 for one.
double coordinate(int64_t i, int64_t n) {
  return n > 1 ? static_cast<double>(2 * i - n + 1) / static_cast<double>(n - 1) : 0;
}

// The place of the i-th frequency, counted from the most negative one, in a spectrum.
size_t place_of(int64_t i, int64_t n) {
  return static_cast<size_t>((i - n / 2 + n) % n);
}

}  // namespace

int64_t bias_coefficients(int64_t order) {
  return (order + 1) * (order + 2) * (order + 3) / 6;
}

void add_bias_field_(Image& image, int64_t order, std::span<const double> coefficients) {
  require(order >= 0 && order <= 10 && std::ssize(coefficients) == bias_coefficients(order),
          "add_bias_field_: the order must be from 0 to 10 with {} coefficients, got {} with {}",
          bias_coefficients(order), order, coefficients.size());
  const int64_t D = image.depth, H = image.height, W = image.width;
  std::vector<float> x(static_cast<size_t>(W)), exponent(x.size());
  for (int64_t w = 0; w < W; ++w) x[static_cast<size_t>(w)] = static_cast<float>(coordinate(w, W));
  std::vector<float> along(static_cast<size_t>(order) + 1);  // factor of each power of x
  for (int64_t d = 0; d < D; ++d) {
    const double z = coordinate(d, D);
    for (int64_t h = 0; h < H; ++h) {
      const double y = coordinate(h, H);
      std::fill(along.begin(), along.end(), 0.0F);
      size_t at = 0;
      double zi = 1;
      for (int64_t i = 0; i <= order; ++i, zi *= z) {
        double yj = zi;
        for (int64_t j = 0; j <= order - i; ++j, yj *= y)
          for (size_t k = 0; k <= static_cast<size_t>(order - i - j); ++k)
            along[k] += static_cast<float>(coefficients[at++] * yj);
      }
      std::fill(exponent.begin(), exponent.end(), along.back());
      for (size_t k = along.size() - 1; k-- > 0;)
        for (size_t w = 0; w < x.size(); ++w) exponent[w] = exponent[w] * x[w] + along[k];
      for (int64_t c = 0; c < image.channels; ++c)
        multiply_by_exp_(image.plane(c).subspan(static_cast<size_t>((d * H + h) * W), x.size()),
                         exponent);
    }
  }
}

void add_ghosts_(Image& image, int axis, int64_t period, double strength) {
  require(period >= 1, "add_ghosts_: the period must be positive, got {}", period);
  const int64_t n = extent_along(image, axis);
  std::vector<float> response(static_cast<size_t>(n), 1.0F);
  for (int64_t i = 0; i < n; i += period)
    if (i != n / 2) response[place_of(i, n)] = static_cast<float>(1 - strength);
  filter_lines_(image, axis, response);
}

void add_gibbs_(Image& image, double loss) {
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t n = extent_along(image, axis);
    std::vector<float> response(static_cast<size_t>(n), 0.0F);
    const double highest = (1 - loss) * static_cast<double>(n) / 2;
    for (int64_t i = 0; i < n; ++i)
      if (static_cast<double>(std::abs(i - n / 2)) <= highest) response[place_of(i, n)] = 1;
    if (n > 1) filter_lines_(image, axis, response);
  }
}

void add_spike_(Image& image, int64_t fz, int64_t fy, int64_t fx, double strength) {
  const int64_t D = image.depth, H = image.height, W = image.width;
  const auto turns = [](int64_t f, int64_t i, int64_t n) {
    return 2 * std::numbers::pi * static_cast<double>(((f * i) % n + n) % n) /
           static_cast<double>(n);
  };
  std::vector<float> cosines, sines;
  for (int64_t w = 0; w < W; ++w) {
    cosines.push_back(static_cast<float>(std::cos(turns(fx, w, W))));
    sines.push_back(static_cast<float>(std::sin(turns(fx, w, W))));
  }
  for (int64_t c = 0; c < image.channels; ++c) {
    double sum = 0;
    for (const float x : image.plane(c)) sum += std::abs(x);
    const double height = strength * sum / static_cast<double>(image.extent().count());
    for (int64_t d = 0; d < D; ++d) {
      for (int64_t h = 0; h < H; ++h) {
        const double phase = turns(fz, d, D) + turns(fy, h, H);
        const auto a = static_cast<float>(height * std::cos(phase));
        const auto b = static_cast<float>(height * std::sin(phase));
        float* row = &image.at(c, d, h, 0);
        for (size_t w = 0; w < cosines.size(); ++w) row[w] += a * cosines[w] - b * sines[w];
      }
    }
  }
}

void add_motion_(Image& image, int axis, std::span<const Movement> movements) {
  const int64_t n = extent_along(image, axis);
  // The images in the order of their parts, the unmoved one first, then where frequency 0 is.
  const auto count = movements.size();
  std::vector<const Movement*> order = {nullptr};
  for (const Movement& movement : movements) order.push_back(&movement);
  size_t middle = 0;
  while (middle < count && movements[middle].time <= 0.5) ++middle;
  std::swap(order[0], order[middle]);
  Image sum(image.channels, image.extent());
  int64_t begin = 0;
  for (size_t part = 0; part <= count; ++part) {
    const int64_t end =
        part == count
            ? n
            : std::clamp(static_cast<int64_t>(movements[part].time * static_cast<double>(n)), begin,
                         n);
    std::vector<float> response(static_cast<size_t>(n), 0.0F);
    for (int64_t i = begin; i < end; ++i) response[place_of(i, n)] = 1;
    begin = end;
    Image moved = order[part] == nullptr
                      ? image
                      : sample(image, order[part]->from, image.extent(), Border::edge);
    filter_lines_(moved, axis, response);
    for (size_t i = 0; i < sum.pixels.size(); ++i) sum.pixels[i] += moved.pixels[i];
  }
  image = std::move(sum);
}

}  // namespace tessera::io
