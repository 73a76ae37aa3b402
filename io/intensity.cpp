#include "io/intensity.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tessera::io {

namespace {

struct Range {
  float low, high;
  float clip(double x) const { return std::clamp(static_cast<float>(x), low, high); }
};

Range range_of(const Image& image) {
  if (image.pixels.empty()) return {0, 1};
  const auto [least, largest] = std::minmax_element(image.pixels.begin(), image.pixels.end());
  if (*least >= 0 && *largest <= 1) return {0, 1};
  return {*least, *largest};
}

float grey_of(float red, float green, float blue) {
  return 0.299F * red + 0.587F * green + 0.114F * blue;
}

// The colour of the same saturation and value whose hue is `turns` farther.
std::array<float, 3> turned(float red, float green, float blue, float turns) {
  const float value = std::max({red, green, blue}), least = std::min({red, green, blue});
  const float chroma = value - least;
  if (chroma <= 0) return {red, green, blue};
  float sixth = 0;  // hue in sixths of a turn
  if (value == red)
    sixth = (green - blue) / chroma;
  else if (value == green)
    sixth = 2 + (blue - red) / chroma;
  else
    sixth = 4 + (red - green) / chroma;
  sixth += 6 * turns;
  const auto channel = [&](float offset) {
    const float k = std::fmod(std::fmod(sixth + offset, 6.0F) + 6, 6.0F);
    return value - chroma * std::clamp(std::min(k, 4 - k), 0.0F, 1.0F);
  };
  return {channel(5), channel(3), channel(1)};
}

// One pass along an axis: n elements, `step` apart.
void blur_line_(float* line, int64_t n, int64_t step, const std::vector<float>& kernel,
                std::vector<float>& copy) {
  const int64_t radius = std::ssize(kernel) / 2;
  copy.resize(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) copy[static_cast<size_t>(i)] = line[i * step];
  for (int64_t i = 0; i < n; ++i) {
    float sum = 0;
    for (int64_t k = -radius; k <= radius; ++k)
      sum += kernel[static_cast<size_t>(k + radius)] *
             copy[static_cast<size_t>(std::clamp<int64_t>(i + k, 0, n - 1))];
    line[i * step] = sum;
  }
}

}  // namespace

void brighten_(Image& image, double factor) {
  const Range range = range_of(image);
  for (float& x : image.pixels) x = range.clip((x - range.low) * factor + range.low);
}

void change_contrast_(Image& image, double factor) {
  const Range range = range_of(image);
  double mean = 0;
  for (const float x : image.pixels) mean += x;
  mean /= static_cast<double>(image.pixels.size());
  for (float& x : image.pixels) x = range.clip((x - mean) * factor + mean);
}

void change_gamma_(Image& image, double gamma) {
  const Range range = range_of(image);
  const float span = range.high - range.low, power = static_cast<float>(gamma);
  if (span <= 0) return;
  for (float& x : image.pixels)
    x = range.clip(std::pow((x - range.low) / span, power) * span + range.low);
}

void saturate_(Image& image, double factor) {
  if (image.channels != 3) return;
  const Range range = range_of(image);
  const auto red = image.plane(0), green = image.plane(1), blue = image.plane(2);
  for (size_t i = 0; i < red.size(); ++i) {
    const double grey = grey_of(red[i], green[i], blue[i]);
    for (float* x : {&red[i], &green[i], &blue[i]}) *x = range.clip((*x - grey) * factor + grey);
  }
}

void turn_hue_(Image& image, double turns) {
  if (image.channels != 3 || range_of(image).low != 0 || range_of(image).high != 1) return;
  const auto red = image.plane(0), green = image.plane(1), blue = image.plane(2);
  for (size_t i = 0; i < red.size(); ++i) {
    const auto colour = turned(red[i], green[i], blue[i], static_cast<float>(turns));
    red[i] = colour[0];
    green[i] = colour[1];
    blue[i] = colour[2];
  }
}

void add_noise_(Image& image, double strength, Draws& draws) {
  const Range range = range_of(image);
  const double scale = strength * (range.high - range.low);
  for (float& x : image.pixels) x = static_cast<float>(x + scale * draws.normal());
}

void blur_(Image& image, double sigma) {
  if (sigma <= 0) return;
  const auto radius = static_cast<int64_t>(std::ceil(3 * sigma));
  std::vector<float> kernel;
  double sum = 0;
  for (int64_t k = -radius; k <= radius; ++k) {
    const double d = static_cast<double>(k) / sigma;
    kernel.push_back(static_cast<float>(std::exp(-d * d / 2)));
    sum += kernel.back();
  }
  for (float& weight : kernel) weight = static_cast<float>(weight / sum);
  std::vector<float> copy;
  for (int64_t c = 0; c < image.channels; ++c) {
    float* plane = image.plane(c).data();
    for (int64_t h = 0; h < image.height; ++h)
      blur_line_(plane + h * image.width, image.width, 1, kernel, copy);
    for (int64_t w = 0; w < image.width; ++w)
      blur_line_(plane + w, image.height, image.width, kernel, copy);
  }
}

}  // namespace tessera::io
