#include "io/augment_preview.h"

#include <algorithm>

#include "core/error.h"
#include "io/contact_sheet.h"
#include "io/mix.h"
#include "io/overlay.h"

namespace tessera::io {

namespace {

// Grey values from black to white.
struct Window {
  float low = 0, high = 1;
};

Window window_of(const Image& image) {
  std::vector<float> values = image.pixels;
  const auto quantile = [&](double q) {
    const auto at = static_cast<ptrdiff_t>(q * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<size_t>(at)];
  };
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  if (*least >= 0 && *largest <= 1) return {};
  const float low = quantile(0.005), high = quantile(0.995);
  return high > low ? Window{low, high} : Window{low - 0.5F, low + 0.5F};
}

int64_t slice_to_show(const LabelMap& mask, int64_t depth) {
  int64_t best = depth / 2, most = 0;
  for (int64_t d = 0; !mask.labels.empty() && d < depth; ++d) {
    const auto* first = mask.labels.data() + d * mask.height * mask.width;
    const int64_t count = std::count_if(first, first + mask.height * mask.width,
                                        [](int32_t label) { return label > 0; });
    if (count > most) {
      most = count;
      best = d;
    }
  }
  return best;
}

// The picture with outlines, at the size it is looked at, so that lines are as thin there.
Image shown(const Image& image, const LabelMap& mask, const Window& window, int64_t side) {
  const int64_t d = slice_to_show(mask, image.depth);
  Image picture = slice(image, d);
  if (picture.channels != 3) picture = Image(1, picture.height, picture.width);
  for (int64_t c = 0; c < picture.channels; ++c) {
    const auto from = image.plane(c).subspan(static_cast<size_t>(d * image.height * image.width));
    const auto to = picture.plane(c);
    for (size_t i = 0; i < to.size(); ++i)
      to[i] = std::clamp((from[i] - window.low) / (window.high - window.low), 0.0F, 1.0F);
  }
  picture = fit(to_rgb(picture), side);
  if (mask.labels.empty()) return picture;
  return overlay(picture, fit(slice(mask, d), side), {.fill = 0.1});
}

// Mixes what was drawn for all cases, when they are of one size.
void mix_all_(std::vector<PreviewCase>& cases, const Augment& augment, const Draws& draws) {
  const Image& first = cases[0].image;
  BatchArrays batch{
      .count = std::ssize(cases), .channels = first.channels, .extent = first.extent()};
  for (const PreviewCase& one : cases) {
    if (one.image.channels != first.channels || one.image.extent() != first.extent() ||
        one.mask.labels.empty())
      return;
    batch.pixels.insert(batch.pixels.end(), one.image.pixels.begin(), one.image.pixels.end());
    batch.labels.insert(batch.labels.end(), one.mask.labels.begin(), one.mask.labels.end());
  }
  mix_(batch, augment, draws);
  for (size_t n = 0; n < cases.size(); ++n) {
    std::vector<float>& pixels = cases[n].image.pixels;
    std::vector<int32_t>& labels = cases[n].mask.labels;
    std::copy_n(batch.pixels.begin() + std::ssize(pixels) * static_cast<int64_t>(n), pixels.size(),
                pixels.begin());
    std::copy_n(batch.labels.begin() + std::ssize(labels) * static_cast<int64_t>(n), labels.size(),
                labels.begin());
  }
}

}  // namespace

Image augment_sheet(const std::vector<PreviewCase>& cases, const Augment& augment,
                    const PreviewOptions& options) {
  require(!cases.empty(), "augment_sheet: there must be a case, got none");
  require(options.draws >= 1 && options.draws <= 100,
          "augment_sheet: draws must be from 1 to 100, got {}", options.draws);
  const auto columns = static_cast<size_t>(options.draws) + 1;
  std::vector<Window> windows;
  std::vector<Panel> panels(cases.size() * columns);
  for (size_t n = 0; n < cases.size(); ++n) {
    windows.push_back(window_of(cases[n].image));
    panels[n * columns] = {shown(cases[n].image, cases[n].mask, windows[n], options.side),
                           cases[n].name};
  }
  for (size_t k = 1; k < columns; ++k) {
    const auto epoch = static_cast<uint32_t>(k - 1);
    std::vector<PreviewCase> drawn = cases;
    for (size_t n = 0; n < cases.size(); ++n)
      augment_(drawn[n].image, drawn[n].mask, augment,
               Draws(options.seed, epoch, static_cast<uint32_t>(n)), true);
    if (options.mix) mix_all_(drawn, augment, Draws(options.seed, ~epoch, 0));
    for (size_t n = 0; n < cases.size(); ++n)
      panels[n * columns + k] = {shown(drawn[n].image, drawn[n].mask, windows[n], options.side),
                                 "draw " + std::to_string(k)};
  }
  return contact_sheet(panels, {.columns = static_cast<int64_t>(columns), .side = options.side});
}

}  // namespace tessera::io
