#include "io/overlay.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"

namespace tessera::io {

namespace {

// Not those of classes 1 and 2, beside which they often stand.
constexpr ErrorKind kErrorKinds[] = {{"correct", {0, 158, 115}},
                                     {"too much", {213, 94, 0}},
                                     {"missed", {240, 228, 66}},
                                     {"wrong class", {204, 121, 167}}};

struct GrayWindow {
  float low = 0, high = 1;
};

// The range of values that is shown from black to white.
GrayWindow window_of(std::span<const float> values) {
  constexpr size_t kSample = 100'000;
  std::vector<float> sample;
  const size_t step = values.size() / kSample + 1;
  bool as_it_is = true;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    as_it_is = as_it_is && values[i] >= 0 && values[i] <= 1;
    if (i % step == 0) sample.push_back(values[i]);
  }
  if (as_it_is || sample.empty()) return {};
  const auto quantile = [&](double q) {
    const auto at = static_cast<ptrdiff_t>(q * static_cast<double>(sample.size() - 1));
    std::nth_element(sample.begin(), sample.begin() + at, sample.end());
    return sample[static_cast<size_t>(at)];
  };
  const float low = quantile(0.01), high = quantile(0.99);
  return high > low ? GrayWindow{low, high} : GrayWindow{low - 0.5F, low + 0.5F};
}

void require_same_size(const char* function, const Image& image, const char* what,
                       const LabelMap& labels) {
  require(labels.extent() == image.extent(),
          "{}: {} must be as large as the image, {} x {}, got {} x {}", function, what,
          image.height, image.width, labels.height, labels.width);
}

void require_options(const char* function, const OverlayOptions& options) {
  require(options.fill >= 0 && options.fill <= 1 && options.outline >= 0 && options.outline <= 64,
          "{}: fill must lie in [0, 1] and outline in [0, 64], got {} and {}", function,
          options.fill, options.outline);
}

// Whether (h, w) lies within `width` of another label, upwards, downwards or sideways.
bool is_outline(const LabelMap& labels, int64_t h, int64_t w, int width) {
  const int32_t label = labels.at(h, w);
  const auto differs = [&](int64_t y, int64_t x) {
    return y >= 0 && y < labels.height && x >= 0 && x < labels.width && labels.at(y, x) != label;
  };
  for (int d = 1; d <= width; ++d) {
    if (differs(h - d, w) || differs(h + d, w) || differs(h, w - d) || differs(h, w + d))
      return true;
  }
  return false;
}

// Covers each region of `labels` from 1 on with its colour.
void paint(Image& picture, const LabelMap& labels, const std::function<Rgb(int32_t)>& color_of,
           const OverlayOptions& options) {
  for (int64_t h = 0; h < picture.height; ++h) {
    for (int64_t w = 0; w < picture.width; ++w) {
      const int32_t label = labels.at(h, w);
      if (label <= 0) continue;
      const Rgb color = color_of(label);
      const auto alpha =
          static_cast<float>(is_outline(labels, h, w, options.outline) ? 1 : options.fill);
      const float channels[] = {color.r / 255.0F, color.g / 255.0F, color.b / 255.0F};
      for (int64_t c = 0; c < 3; ++c) {
        float& value = picture.at(c, h, w);
        value += alpha * (channels[c] - value);
      }
    }
  }
}

struct Size {
  int64_t height, width;
};

Size fitted(int64_t height, int64_t width, int64_t side) {
  require(height > 0 && width > 0 && side > 0, "fit: sizes must be at least 1, got {} x {} into {}",
          height, width, side);
  const int64_t longer = std::max(height, width);
  const auto scaled = [&](int64_t n) {
    const double exact =
        static_cast<double>(n) * static_cast<double>(side) / static_cast<double>(longer);
    return std::clamp<int64_t>(std::llround(exact), 1, side);
  };
  return {scaled(height), scaled(width)};
}

}  // namespace

Image to_rgb(const Image& image) {
  require(image.channels > 0 && image.height > 0 && image.width > 0,
          "to_rgb: the image must have pixels, got {} channels of {} x {}", image.channels,
          image.height, image.width);
  require(image.depth == 1, "to_rgb: it must be a picture, got a volume of {} slices; take a slice",
          image.depth);
  const bool color = image.channels == 3;
  const GrayWindow window =
      window_of(color ? std::span<const float>(image.pixels) : image.plane(0));
  Image picture(3, image.height, image.width);
  for (int64_t c = 0; c < 3; ++c) {
    const std::span<const float> from = image.plane(color ? c : 0);
    const std::span<float> to = picture.plane(c);
    for (size_t i = 0; i < to.size(); ++i) {
      const float value = (from[i] - window.low) / (window.high - window.low);
      to[i] = value > 0 ? std::min(value, 1.0F) : 0;  // also for NaN
    }
  }
  return picture;
}

Image fit(const Image& image, int64_t side) {
  require(image.depth == 1, "fit: it must be a picture, got a volume of {} slices", image.depth);
  const auto [height, width] = fitted(image.height, image.width, side);
  Image out(image.channels, height, width);
  for (int64_t h = 0; h < height; ++h) {
    const int64_t top = h * image.height / height;
    const int64_t bottom = std::max(top + 1, (h + 1) * image.height / height);
    for (int64_t w = 0; w < width; ++w) {
      const int64_t left = w * image.width / width;
      const int64_t right = std::max(left + 1, (w + 1) * image.width / width);
      for (int64_t c = 0; c < image.channels; ++c) {
        double sum = 0;
        for (int64_t y = top; y < bottom; ++y) {
          for (int64_t x = left; x < right; ++x) sum += image.at(c, y, x);
        }
        out.at(c, h, w) =
            static_cast<float>(sum / static_cast<double>((bottom - top) * (right - left)));
      }
    }
  }
  return out;
}

LabelMap fit(const LabelMap& labels, int64_t side) {
  require(labels.depth == 1, "fit: it must be of a picture, got {} slices", labels.depth);
  const auto [height, width] = fitted(labels.height, labels.width, side);
  LabelMap out(height, width);
  for (int64_t h = 0; h < height; ++h) {
    for (int64_t w = 0; w < width; ++w) {
      out.at(h, w) = labels.at((2 * h + 1) * labels.height / (2 * height),
                               (2 * w + 1) * labels.width / (2 * width));
    }
  }
  return out;
}

Image overlay(const Image& image, const LabelMap& labels, const OverlayOptions& options) {
  require_same_size("overlay", image, "labels", labels);
  require_options("overlay", options);
  Image picture = to_rgb(image);
  LabelMap shown = labels;
  std::replace(shown.labels.begin(), shown.labels.end(), options.ignore, 0);
  paint(
      picture, shown, [](int32_t label) { return class_color(label); }, options);
  return picture;
}

std::span<const ErrorKind> error_kinds() {
  return kErrorKinds;
}

Image error_overlay(const Image& image, const LabelMap& prediction, const LabelMap& truth,
                    const OverlayOptions& options) {
  require_same_size("error_overlay", image, "prediction", prediction);
  require_same_size("error_overlay", image, "truth", truth);
  require_options("error_overlay", options);
  LabelMap kinds(image.height, image.width);  // 1 + the index of the kind
  for (size_t i = 0; i < kinds.labels.size(); ++i) {
    const int32_t p = prediction.labels[i], t = truth.labels[i];
    const bool background = p <= 0 && t <= 0;
    if (background || t == options.ignore) continue;
    kinds.labels[i] = p == t ? 1 : t <= 0 ? 2 : p <= 0 ? 3 : 4;
  }
  Image picture = to_rgb(image);
  paint(
      picture, kinds, [](int32_t kind) { return kErrorKinds[kind - 1].color; }, options);
  return picture;
}

}  // namespace tessera::io
