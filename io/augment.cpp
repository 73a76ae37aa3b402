#include "io/augment.h"

#include <algorithm>
#include <optional>

namespace tessera::io {

namespace {

struct Pixel {
  int64_t z, y, x;
};

// The first element of a window of `size` in `extent` pixels: anywhere, or where it has `focus` in
// it. A window that is too large is put around the middle.
int64_t window_start(int64_t size, int64_t extent, std::optional<int64_t> focus, Draws& draws) {
  if (size >= extent) return -((size - extent) / 2);
  const int64_t last = extent - size;
  if (!focus) return draws.below(last + 1);
  return std::clamp<int64_t>(*focus - draws.below(size), 0, last);
}

// A random pixel whose class is above 0.
std::optional<Pixel> foreground_pixel(const LabelMap& mask, Draws& draws) {
  const auto count = std::count_if(mask.labels.begin(), mask.labels.end(),
                                   [](int32_t label) { return label > 0; });
  if (count == 0) return {};
  int64_t left = draws.below(count);
  for (int64_t i = 0;; ++i)
    if (mask.labels[static_cast<size_t>(i)] > 0 && left-- == 0)
      return Pixel{i / (mask.height * mask.width), i / mask.width % mask.height, i % mask.width};
}

// Which steps are done this time, in their order; of oneof the one that is chosen.
std::vector<const AugmentStep*> chosen_steps(const Augment& augment, Draws& draws) {
  std::vector<const AugmentStep*> chosen;
  for (const AugmentStep& step : augment.steps) {
    if (!draws.chance(step.probability)) continue;
    if (step.choices.empty()) {
      chosen.push_back(&step);
      continue;
    }
    double all = 0;
    for (const AugmentStep& choice : step.choices) all += choice.probability;
    double left = draws.uniform(0, all);
    const AugmentStep* last = &step.choices.back();
    for (const AugmentStep& choice : step.choices) {
      left -= choice.probability;
      if (left < 0) {
        last = &choice;
        break;
      }
    }
    chosen.push_back(last);
  }
  return chosen;
}

// The middle of the window, in the image before.
Affine middle_of_window(const Warp& warp, const std::optional<Pixel>& focus, Draws& draws) {
  const auto along = [&](int64_t size, int64_t extent, std::optional<int64_t> where) {
    return static_cast<double>(window_start(size, extent, where, draws)) +
           static_cast<double>(size - 1) / 2;
  };
  using Place = std::optional<int64_t>;
  const Extent &in = warp.image, &out = warp.window;
  const double y = along(out.height, in.height, focus ? Place(focus->y) : Place());
  const double x = along(out.width, in.width, focus ? Place(focus->x) : Place());
  const double z = along(out.depth, in.depth, focus ? Place(focus->z) : Place());
  return {.z0 = z, .y0 = y, .x0 = x};
}

// Image and mask as the map finds them.
void move_(Image& image, LabelMap& mask, const Warp& warp, const Affine& from, Border border) {
  const auto both = [&](const auto& places) {
    image = sample(image, places, warp.window, border);
    if (!mask.labels.empty()) mask = sample(mask, places, warp.window, border);
  };
  if (warp.bends.empty()) {
    if (warp.window == warp.image && mirror_(image, from)) {
      if (!mask.labels.empty()) mirror_(mask, from);
    } else {
      both(from);
    }
    return;
  }
  both(PlacesOfRow([&](int64_t d, int64_t h, Places& at) {
    for (size_t w = 0; w < at.x.size(); ++w) {
      at.z[w] = static_cast<double>(d);
      at.y[w] = static_cast<double>(h);
      at.x[w] = static_cast<double>(w);
    }
    for (const Elastic& bend : warp.bends) bend.move_(d, h, at);
    for (size_t w = 0; w < at.x.size(); ++w) {
      const double z = at.z[w], y = at.y[w], x = at.x[w];
      at.z[w] = from.zz * z + from.zy * y + from.zx * x + from.z0;
      at.y[w] = from.yz * z + from.yy * y + from.yx * x + from.y0;
      at.x[w] = from.xz * z + from.xy * y + from.xx * x + from.x0;
    }
  }));
}

void change_(Image& image, const AugmentStep& step, Draws& draws) {
  if (step.each <= 0) {
    step.kind->change(step, draws, image);
    return;
  }
  for (int64_t c = 0; c < image.channels; ++c) {
    if (!draws.chance(step.each)) continue;
    if (image.channels == 1) {
      step.kind->change(step, draws, image);
      return;
    }
    Image one(1, image.extent());
    std::copy(image.plane(c).begin(), image.plane(c).end(), one.pixels.begin());
    step.kind->change(step, draws, one);
    std::copy(one.pixels.begin(), one.pixels.end(), image.plane(c).begin());
  }
}

}  // namespace

void augment_(Image& image, LabelMap& mask, const Augment& augment, Draws draws,
              bool on_foreground) {
  if (image.pixels.empty()) return;
  Warp warp{.image = image.extent(), .window = image.extent()};
  if (augment.depth > 0 && image.depth > 1) warp.window.depth = augment.depth;
  if (augment.height > 0) warp.window.height = augment.height;
  if (augment.width > 0) warp.window.width = augment.width;

  std::vector<const AugmentStep*> changes;
  for (const AugmentStep* step : chosen_steps(augment, draws)) {
    if (step->kind->move != nullptr) step->kind->move(*step, draws, warp);
    if (step->kind->change != nullptr) changes.push_back(step);
  }
  const Extent& window = warp.window;
  std::optional<Pixel> focus;
  if (on_foreground && window != warp.image) focus = foreground_pixel(mask, draws);
  const Affine to_middle{.z0 = -static_cast<double>(window.depth - 1) / 2,
                         .y0 = -static_cast<double>(window.height - 1) / 2,
                         .x0 = -static_cast<double>(window.width - 1) / 2};
  const Affine from = compose(middle_of_window(warp, focus, draws), compose(warp.turn, to_middle));
  if (from != Affine{} || window != warp.image || !warp.bends.empty())
    move_(image, mask, warp, from, augment.border);
  for (const AugmentStep* step : changes) change_(image, *step, draws);
}

}  // namespace tessera::io
