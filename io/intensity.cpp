#include "io/intensity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "io/pixel_math.h"

namespace tessera::io {

namespace {

struct Statistics {
  double mean = 0, deviation = 0;
};

// The sum of f(x) over the image, in eight sums that do not wait for each other.
template <class F>
double sum_of(const Image& image, F f) {
  constexpr size_t kSums = 8;
  double sums[kSums] = {};
  const std::vector<float>& x = image.pixels;
  size_t i = 0;
  for (; i + kSums <= x.size(); i += kSums)
    for (size_t k = 0; k < kSums; ++k) sums[k] += f(static_cast<double>(x[i + k]));
  for (; i < x.size(); ++i) sums[0] += f(static_cast<double>(x[i]));
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

double mean_of(const Image& image) {
  return sum_of(image, [](double x) { return x; }) / static_cast<double>(image.pixels.size());
}

Statistics statistics_of(const Image& image) {
  const double mean = mean_of(image);
  const double squares = sum_of(image, [mean](double x) { return (x - mean) * (x - mean); });
  return {mean, std::sqrt(squares / static_cast<double>(image.pixels.size()))};
}

// x becomes x scale + shift, clipped to the range.
void change_linearly_(Image& image, double scale, double shift, const ValueRange& range) {
  const auto a = static_cast<float>(scale), b = static_cast<float>(shift);
  for (float& x : image.pixels) x = std::clamp(x * a + b, range.low, range.high);
}

uint64_t key_of(Draws& draws) {
  const uint64_t high = draws.bits();
  return high << 32 | draws.bits();
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

}  // namespace

float ValueRange::clip(double x) const {
  return std::clamp(static_cast<float>(x), low, high);
}

ValueRange range_of(const Image& image) {
  if (image.pixels.empty()) return {0, 1};
  // Sixteen at once: compilers make vectors of them.
  constexpr size_t kLanes = 16;
  const std::vector<float>& x = image.pixels;
  float low[kLanes], high[kLanes];
  std::fill_n(low, kLanes, x[0]);
  std::fill_n(high, kLanes, x[0]);
  size_t i = 0;
  for (; i + kLanes <= x.size(); i += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) {
      low[k] = x[i + k] < low[k] ? x[i + k] : low[k];
      high[k] = x[i + k] > high[k] ? x[i + k] : high[k];
    }
  }
  for (; i < x.size(); ++i) {
    low[0] = std::min(low[0], x[i]);
    high[0] = std::max(high[0], x[i]);
  }
  const float least = *std::min_element(low, low + kLanes);
  const float largest = *std::max_element(high, high + kLanes);
  if (least >= 0 && largest <= 1) return {0, 1};
  return {least, largest};
}

void brighten_(Image& image, double factor) {
  const ValueRange range = range_of(image);
  change_linearly_(image, factor, range.low * (1 - factor), range);
}

void multiply_(Image& image, double factor) {
  const auto f = static_cast<float>(factor);
  for (float& x : image.pixels) x *= f;
}

void add_(Image& image, double offset) {
  const auto b = static_cast<float>(offset);
  for (float& x : image.pixels) x += b;
}

void change_contrast_(Image& image, double factor, bool free) {
  const double mean = mean_of(image);
  constexpr float kMost = std::numeric_limits<float>::max();
  change_linearly_(image, factor, mean * (1 - factor),
                   free ? ValueRange{-kMost, kMost} : range_of(image));
}

void change_gamma_(Image& image, double gamma, const GammaOptions& options) {
  const ValueRange range = range_of(image);
  const float span = range.high - range.low, sign = options.invert ? -1.0F : 1.0F;
  if (span <= 0) return;
  const Statistics before = options.retain ? statistics_of(image) : Statistics{};
  const float start = options.invert ? range.high : range.low;
  power_(image.pixels, start, sign / span, static_cast<float>(gamma), sign * span, start);
  if (!options.retain) return;
  const Statistics after = statistics_of(image);
  const double scale = before.deviation / std::max(after.deviation, 1e-7);
  multiply_(image, scale);
  add_(image, before.mean - after.mean * scale);
}

void shift_histogram_(Image& image, std::span<const double> levels) {
  require(levels.size() >= 2, "shift_histogram_: there must be 2 levels or more, got {}",
          levels.size());
  if (image.pixels.empty()) return;
  const auto [least, largest] = std::minmax_element(image.pixels.begin(), image.pixels.end());
  const float low = *least, span = *largest - low;
  if (span <= 0) return;
  const std::vector<float> level(levels.begin(), levels.end());
  const auto last = static_cast<int>(level.size()) - 1;
  const float scale = static_cast<float>(last) / span;
  for (float& x : image.pixels) {
    const float place = (x - low) * scale;
    const int i = std::clamp(static_cast<int>(place), 0, last - 1);
    const float from = level[static_cast<size_t>(i)], to = level[static_cast<size_t>(i + 1)];
    x = (from + (place - static_cast<float>(i)) * (to - from)) * span + low;
  }
}

void saturate_(Image& image, double factor) {
  if (image.channels != 3) return;
  const ValueRange range = range_of(image);
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

void add_noise_(Image& image, double strength, Draws& draws, bool absolute) {
  const ValueRange range = absolute ? ValueRange{0, 1} : range_of(image);
  add_normal_(image.pixels, static_cast<float>(strength * (range.high - range.low)), key_of(draws));
}

void add_rician_noise_(Image& image, double strength, Draws& draws, bool absolute) {
  const ValueRange range = absolute ? ValueRange{0, 1} : range_of(image);
  const auto scale = static_cast<float>(strength * (range.high - range.low));
  std::vector<float> other(image.pixels.size(), 0.0F);
  add_normal_(image.pixels, scale, key_of(draws));
  add_normal_(other, scale, key_of(draws));
  for (size_t i = 0; i < other.size(); ++i) {
    float& x = image.pixels[i];
    x = std::sqrt(x * x + other[i] * other[i]);
  }
}

}  // namespace tessera::io
