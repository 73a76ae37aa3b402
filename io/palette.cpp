#include "io/palette.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/error.h"

namespace tessera::io {

namespace {

constexpr Rgb kFirst[] = {{0, 0, 0},      {230, 159, 0}, {86, 180, 233},  {0, 158, 115},
                          {240, 228, 66}, {213, 94, 0},  {204, 121, 167}, {0, 114, 178}};
constexpr int64_t kFirstCount = std::size(kFirst);

// Hue in turns, saturation and value in [0, 1].
Rgb from_hsv(double hue, double saturation, double value) {
  const auto channel = [&](double offset) {
    const double k = std::fmod(offset + 6 * hue, 6);
    const double dip = std::max(0.0, std::min({k, 4 - k, 1.0}));
    return static_cast<uint8_t>(std::lround(255 * value * (1 - saturation * dip)));
  };
  return {channel(5), channel(3), channel(1)};
}

}  // namespace

Rgb class_color(int64_t index) {
  if (index < 0) return {128, 128, 128};
  if (index < kFirstCount) return kFirst[index];
  const auto i = static_cast<double>(index % 1'000'000);
  // Steps of the golden ratio keep the hues of neighbours apart.
  const double hue = i * 0.6180339887498949;
  return from_hsv(hue - std::floor(hue), index % 2 == 0 ? 0.55 : 0.85,
                  index % 3 == 0 ? 0.75 : 0.95);
}

std::vector<uint8_t> class_palette(int64_t n) {
  require(n >= 0 && n <= 256, "class_palette: n must lie in [0, 256], got {}", n);
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < n; ++i) {
    const Rgb color = class_color(i);
    bytes.insert(bytes.end(), {color.r, color.g, color.b});
  }
  return bytes;
}

std::string css_color(Rgb color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.r, color.g, color.b);
}

}  // namespace tessera::io
