#include "io/preprocess.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/nearest.h"
#include "io/json_file.h"
#include "io/resize.h"
#include "io/sample.h"

namespace tessera::io {

namespace {

constexpr std::array<const char*, 5> kNormalizeNames = {"none", "zscore", "minmax", "percentile",
                                                        "imagenet"};
constexpr std::array<const char*, 2> kFitNames = {"stretch", "pad"};

// Where an image of one size lies in a canvas of another: its size there and its corner.
struct Placement {
  int64_t canvas_height, canvas_width;
  int64_t height, width;
  int64_t top, left;

  Affine from_canvas() const {
    return {.y0 = -static_cast<double>(top), .x0 = -static_cast<double>(left)};
  }
};

Placement place(int64_t height, int64_t width, const Preprocess& preprocess) {
  Placement p{};
  p.canvas_height = preprocess.height > 0 ? preprocess.height : height;
  p.canvas_width = preprocess.width > 0 ? preprocess.width : width;
  p.height = p.canvas_height;
  p.width = p.canvas_width;
  if (preprocess.fit == Fit::pad) {
    const double h = static_cast<double>(height), w = static_cast<double>(width);
    const double scale =
        std::min(static_cast<double>(p.canvas_height) / h, static_cast<double>(p.canvas_width) / w);
    p.height = std::clamp<int64_t>(std::llround(h * scale), 1, p.canvas_height);
    p.width = std::clamp<int64_t>(std::llround(w * scale), 1, p.canvas_width);
  }
  p.top = (p.canvas_height - p.height) / 2;
  p.left = (p.canvas_width - p.width) / 2;
  return p;
}

Image with_channels(const Image& image, int64_t channels) {
  if (image.channels == channels) return image;
  require(image.channels == 1 || (image.channels == 3 && channels == 1),
          "preprocess: an image of {} channels cannot be given {}", image.channels, channels);
  Image result(channels, image.extent());
  if (image.channels == 1) {
    for (int64_t c = 0; c < channels; ++c)
      std::copy(image.pixels.begin(), image.pixels.end(), result.plane(c).begin());
  } else {
    const auto red = image.plane(0), green = image.plane(1), blue = image.plane(2);
    for (size_t i = 0; i < red.size(); ++i)
      result.pixels[i] = 0.299F * red[i] + 0.587F * green[i] + 0.114F * blue[i];
  }
  return result;
}

// x becomes (x - shift) / scale; without a scale everything becomes 0.
void standardize_(std::span<float> plane, double shift, double scale) {
  for (float& x : plane) x = scale > 1e-12 ? static_cast<float>((x - shift) / scale) : 0;
}

// The value below which `percent` of the values lie, between neighbours as numpy.percentile.
double percentile(std::vector<float>& values, double percent) {
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<size_t>(below)];
  if (below + 1 == std::ssize(values)) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (high - low) * (place - static_cast<double>(below));
}

void normalize_plane_(std::span<float> plane, const Preprocess& preprocess) {
  const auto count = static_cast<double>(plane.size());
  if (preprocess.normalize == Normalize::zscore) {
    double mean = 0, variance = 0;
    for (const float x : plane) mean += x / count;
    for (const float x : plane) variance += (x - mean) * (x - mean) / count;
    standardize_(plane, mean, std::sqrt(variance));
    return;
  }
  const auto [least, largest] = std::minmax_element(plane.begin(), plane.end());
  double low = *least, high = *largest;
  if (preprocess.normalize == Normalize::percentile) {
    std::vector<float> values(plane.begin(), plane.end());
    low = percentile(values, preprocess.low);
    high = percentile(values, preprocess.high);
    for (float& x : plane) x = std::clamp(x, static_cast<float>(low), static_cast<float>(high));
  }
  standardize_(plane, low, high - low);
}

}  // namespace

std::string to_json(const Preprocess& p) {
  return json_text({{"channels", p.channels},
                    {"height", p.height},
                    {"width", p.width},
                    {"fit", kFitNames[static_cast<size_t>(p.fit)]},
                    {"normalize", kNormalizeNames[static_cast<size_t>(p.normalize)]},
                    {"low", p.low},
                    {"high", p.high}});
}

Preprocess preprocess_from_json(std::string_view text, const std::string& name) {
  const Json json = parse_json(text, name);
  Preprocess p;
  p.channels = field<int64_t>(json, "channels", name);
  p.height = field<int64_t>(json, "height", name);
  p.width = field<int64_t>(json, "width", name);
  p.fit = parse_fit(field<std::string>(json, "fit", name));
  p.normalize = parse_normalize(field<std::string>(json, "normalize", name));
  p.low = field<double>(json, "low", name);
  p.high = field<double>(json, "high", name);
  require(p.channels > 0 && p.channels <= 1024 && p.height >= 0 && p.width >= 0 &&
              p.height <= 65536 && p.width <= 65536,
          "{}: channels must be from 1 to 1024, height and width from 0 to 65536, got {}, {}, {}",
          name, p.channels, p.height, p.width);
  require(0 <= p.low && p.low < p.high && p.high <= 100,
          "{}: percentiles must be 0 <= low < high <= 100, got {} and {}", name, p.low, p.high);
  return p;
}

Normalize parse_normalize(std::string_view name) {
  return static_cast<Normalize>(
      index_of("normalize", name, {kNormalizeNames.begin(), kNormalizeNames.end()}));
}

Fit parse_fit(std::string_view name) {
  return static_cast<Fit>(index_of("fit", name, {kFitNames.begin(), kFitNames.end()}));
}

Image resize_input(const Image& image, const Preprocess& preprocess) {
  const Placement p = place(image.height, image.width, preprocess);
  Image inner = resize(with_channels(image, preprocess.channels), p.height, p.width);
  if (p.height == p.canvas_height && p.width == p.canvas_width) return inner;
  return sample(inner, p.from_canvas(), {inner.depth, p.canvas_height, p.canvas_width},
                Border::zero);
}

LabelMap resize_input(const LabelMap& mask, const Preprocess& preprocess) {
  const Placement p = place(mask.height, mask.width, preprocess);
  LabelMap inner = resize(mask, p.height, p.width);
  if (p.height == p.canvas_height && p.width == p.canvas_width) return inner;
  return sample(inner, p.from_canvas(), {inner.depth, p.canvas_height, p.canvas_width},
                Border::zero);
}

void normalize_(Image& image, const Preprocess& preprocess) {
  if (preprocess.normalize == Normalize::none || image.pixels.empty()) return;
  if (preprocess.normalize != Normalize::imagenet) {
    for (int64_t c = 0; c < image.channels; ++c) normalize_plane_(image.plane(c), preprocess);
    return;
  }
  require(image.channels == 1 || image.channels == 3,
          "normalize: imagenet is for 1 or 3 channels, got {}; use zscore", image.channels);
  constexpr std::array<double, 3> mean = {0.485, 0.456, 0.406}, std = {0.229, 0.224, 0.225};
  for (int64_t c = 0; c < image.channels; ++c) {
    const auto i = static_cast<size_t>(image.channels == 3 ? c : 1);  // green is nearest to grey
    standardize_(image.plane(c), mean[i], std[i]);
  }
}

Image prepare(const Image& image, const Preprocess& preprocess) {
  Image result = resize_input(image, preprocess);
  normalize_(result, preprocess);
  return result;
}

Image restore(const Image& scores, int64_t height, int64_t width, const Preprocess& preprocess) {
  const Placement p = place(height, width, preprocess);
  require(scores.height == p.canvas_height && scores.width == p.canvas_width,
          "restore: scores of an image of {}x{} pixels must have {}x{}, got {}x{}", height, width,
          p.canvas_height, p.canvas_width, scores.height, scores.width);
  const Affine to_canvas{.y0 = static_cast<double>(p.top), .x0 = static_cast<double>(p.left)};
  return resize(sample(scores, to_canvas, {scores.depth, p.height, p.width}, Border::zero), height,
                width);
}

LabelMap best_class(const Image& scores) {
  LabelMap labels(scores.extent());
  std::vector<float> best(scores.plane(0).begin(), scores.plane(0).end());
  for (int64_t c = 1; c < scores.channels; ++c) {
    const std::span<const float> plane = scores.plane(c);
    for (size_t i = 0; i < plane.size(); ++i) {
      if (plane[i] > best[i]) {
        best[i] = plane[i];
        labels.labels[i] = static_cast<int32_t>(c);
      }
    }
  }
  return labels;
}

}  // namespace tessera::io
