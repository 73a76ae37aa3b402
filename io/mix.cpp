#include "io/mix.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace tessera::io {

namespace {

// Distributed as Gamma(shape, 1): Marsaglia & Tsang 2000.
double draw_gamma(double shape, Draws& draws) {
  if (shape < 1) {
    const double boost = std::pow(1 - draws.uniform(), 1 / shape);
    return draw_gamma(shape + 1, draws) * boost;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = draws.normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(1 - draws.uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

void mix_values_(BatchArrays& batch, const Mixing& mixing) {
  const auto w = static_cast<float>(mixing.weight);
  const int64_t size = batch.channels * batch.extent.count();
  const std::vector<float> old = batch.pixels;
  for (int64_t n = 0; n < batch.count; ++n) {
    float* a = batch.pixels.data() + n * size;
    const float* b = old.data() + mixing.partner[static_cast<size_t>(n)] * size;
    for (int64_t i = 0; i < size; ++i) a[i] = w * a[i] + (1 - w) * b[i];
  }
}

// Rows [first, first + size) of an axis of n elements, of a share of it about a random place.
struct Part {
  Part(int64_t n, double share, Draws& draws)
      : size(std::clamp<int64_t>(std::llround(share * static_cast<double>(n)), 0, n)),
        first(draws.below(n - size + 1)) {}
  int64_t size, first;
};

template <class T>
void paste_(std::vector<T>& arrays, int64_t channels, const Extent& extent,
            const std::vector<int64_t>& partner, const Part (&box)[3]) {
  const std::vector<T> old = arrays;
  for (int64_t n = 0; n < std::ssize(partner); ++n) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t d = box[0].first; d < box[0].first + box[0].size; ++d) {
        for (int64_t h = box[1].first; h < box[1].first + box[1].size; ++h) {
          const auto row = [&](int64_t image) {
            return (((image * channels + c) * extent.depth + d) * extent.height + h) *
                       extent.width +
                   box[2].first;
          };
          std::copy_n(old.begin() + row(partner[static_cast<size_t>(n)]), box[2].size,
                      arrays.begin() + row(n));
        }
      }
    }
  }
}

// Pastes the objects of the partners, each class by the chance `share`, onto the images.
void paste_objects_(BatchArrays& batch, const std::vector<int64_t>& partner, double share,
                    Draws& draws) {
  const BatchArrays old = batch;
  const int64_t size = batch.extent.count();
  for (int64_t n = 0; n < std::ssize(partner); ++n) {
    const int64_t other = partner[static_cast<size_t>(n)];
    if (other == n || old.labels.empty()) continue;
    std::map<int64_t, bool> chosen;
    for (int64_t i = 0; i < size; ++i) {
      const int64_t label = old.labels[static_cast<size_t>(other * size + i)];
      if (label <= 0) continue;
      const auto [entry, first] = chosen.try_emplace(label);
      if (first) entry->second = draws.chance(share);
      if (!entry->second) continue;
      batch.labels[static_cast<size_t>(n * size + i)] = label;
      for (int64_t c = 0; c < batch.channels; ++c)
        batch.pixels[static_cast<size_t>((n * batch.channels + c) * size + i)] =
            old.pixels[static_cast<size_t>((other * batch.channels + c) * size + i)];
    }
  }
}

}  // namespace

double draw_beta(double alpha, Draws& draws) {
  const double a = draw_gamma(alpha, draws), b = draw_gamma(alpha, draws);
  return a + b > 0 ? a / (a + b) : draws.chance(0.5) ? 1 : 0;
}

Mixing mix_(BatchArrays& batch, const Augment& augment, Draws draws) {
  if (batch.count < 2) return {};
  for (const AugmentStep& step : augment.steps) {
    if (step.kind->family != "batches" || !draws.chance(step.probability)) continue;
    const bool objects = step.kind->name == "copypaste";
    const double first = step.draw(0, draws), weight = objects ? 1 : draw_beta(first, draws);
    std::vector<int64_t> partner(static_cast<size_t>(batch.count));
    std::iota(partner.begin(), partner.end(), 0);
    draws.shuffle_(partner);
    if (objects) {
      paste_objects_(batch, partner, first, draws);
      return {};
    }
    if (step.kind->name == "mixup") {
      Mixing mixing{weight, std::move(partner)};
      mix_values_(batch, mixing);
      return mixing;
    }
    const Extent& extent = batch.extent;
    const double share = std::pow(1 - weight, extent.depth > 1 ? 1.0 / 3 : 0.5);
    const Part depth(extent.depth, extent.depth > 1 ? share : 1, draws);
    const Part height(extent.height, share, draws), width(extent.width, share, draws);
    const Part box[3] = {depth, height, width};
    paste_(batch.pixels, batch.channels, extent, partner, box);
    if (!batch.labels.empty()) paste_(batch.labels, 1, extent, partner, box);
    const std::vector<uint8_t> known = batch.annotated;
    const size_t classes = known.size() / partner.size();
    for (size_t i = 0; i < known.size(); ++i) {
      const auto other = static_cast<size_t>(partner[i / classes]) * classes + i % classes;
      batch.annotated[i] = static_cast<uint8_t>(known[i] & known[other]);
    }
    return {};
  }
  return {};
}

}  // namespace tessera::io
