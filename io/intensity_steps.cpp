#include <algorithm>

#include "io/augment_step.h"
#include "io/filter.h"
#include "io/intensity.h"

namespace tessera::io {

namespace {

using ParameterKind = Parameter::Kind;

Parameter flag_named(const char* name) {
  return {name, 0, 0, 0, 1, ParameterKind::flag};
}

double factor_of(const AugmentStep& step, size_t balanced, Draws& draws) {
  return step.flag(balanced) ? step.draw_balanced(0, draws) : step.draw(0, draws);
}

void brightness(const AugmentStep& step, Draws& draws, Image& image) {
  brighten_(image, factor_of(step, 1, draws));
}

void multiply_all(const AugmentStep& step, Draws& draws, Image& image) {
  multiply_(image, factor_of(step, 1, draws));
}

void offset(const AugmentStep& step, Draws& draws, Image& image) {
  const ValueRange range = step.flag(1) ? ValueRange{0, 1} : range_of(image);
  const double strength = step.draw(0, draws);
  add_(image, strength * draws.normal() * (range.high - range.low));
}

void contrast(const AugmentStep& step, Draws& draws, Image& image) {
  change_contrast_(image, factor_of(step, 1, draws), step.flag(2));
}

void gamma(const AugmentStep& step, Draws& draws, Image& image) {
  change_gamma_(image, factor_of(step, 1, draws), {.invert = step.flag(2), .retain = step.flag(3)});
}

void histogram(const AugmentStep& step, Draws& draws, Image& image) {
  const int64_t n = step.draw_whole(0, draws);
  std::vector<double> levels;
  for (int64_t i = 0; i < n; ++i)
    levels.push_back(static_cast<double>(i) / static_cast<double>(n - 1));
  for (size_t i = 1; i + 1 < levels.size(); ++i)
    levels[i] = draws.uniform(levels[i - 1], levels[i + 1]);
  shift_histogram_(image, levels);
}

void noise(const AugmentStep& step, Draws& draws, Image& image) {
  const double strength = step.draw(0, draws);
  add_noise_(image, strength, draws, step.flag(1));
}

void rician(const AugmentStep& step, Draws& draws, Image& image) {
  const double strength = step.draw(0, draws);
  add_rician_noise_(image, strength, draws, step.flag(1));
}

void saturation(const AugmentStep& step, Draws& draws, Image& image) {
  saturate_(image, step.draw(0, draws));
}

void hue(const AugmentStep& step, Draws& draws, Image& image) {
  turn_hue_(image, step.draw(0, draws));
}

void jitter(const AugmentStep& step, Draws& draws, Image& image) {
  std::vector<int> order = {0, 1, 2, 3};
  draws.shuffle_(order);
  for (const int which : order) {
    const double strength = step.draw(which < 3 ? 0 : 1, draws);
    if (which == 0) brighten_(image, strength);
    if (which == 1) change_contrast_(image, strength);
    if (which == 2) saturate_(image, strength);
    if (which == 3) turn_hue_(image, strength);
  }
}

void blur(const AugmentStep& step, Draws& draws, Image& image) {
  double sigma[3];
  for (double& s : sigma) s = step.flag(1) || &s == sigma ? step.draw(0, draws) : sigma[0];
  blur_(image, sigma[2], sigma[1], sigma[0]);
}

void sharpen(const AugmentStep& step, Draws& draws, Image& image) {
  sharpen_(image, step.draw(0, draws));
}

void median(const AugmentStep& step, Draws& draws, Image& image) {
  median_(image, step.draw_whole(0, draws));
}

void lowres(const AugmentStep& step, Draws& draws, Image& image) {
  const double factor = step.draw(0, draws);
  const bool thin = image.depth * 3 < std::max(image.height, image.width);
  lower_resolution_(image, thin ? 1 : factor, factor, factor);
}

void anisotropy(const AugmentStep& step, Draws& draws, Image& image) {
  const double factor = 1 / step.draw(0, draws);
  const int64_t axis = image.depth > 1 ? draws.below(3) : 1 + draws.below(2);
  lower_resolution_(image, axis == 0 ? factor : 1, axis == 1 ? factor : 1, axis == 2 ? factor : 1);
}

}  // namespace

std::vector<StepKind> intensity_steps() {
  const char* f = "values";
  return {
      {.name = "brightness",
       .family = f,
       .doc = "(x - lo) f + lo, clipped to [lo, hi]",
       .parameters = {{"factor", 0.8, 1.2, 0, 100}, flag_named("balanced")},
       .change = brightness},
      {.name = "multiply",
       .family = f,
       .doc = "x f",
       .parameters = {{"factor", 0.8, 1.2, 0, 100}, flag_named("balanced")},
       .change = multiply_all},
      {.name = "offset",
       .family = f,
       .doc = "x + f n (hi - lo), one normal number n",
       .parameters = {{"strength", 0, 0.2, 0, 1e6}, flag_named("absolute")},
       .change = offset},
      {.name = "contrast",
       .family = f,
       .doc = "(x - mean) f + mean, clipped to [lo, hi] unless it is free",
       .parameters = {{"factor", 0.8, 1.2, 0, 100}, flag_named("balanced"), flag_named("free")},
       .change = contrast},
      {.name = "gamma",
       .family = f,
       .doc =
           "((x - lo) / (hi - lo)) ^ f (hi - lo) + lo; invert: of -x; retain: mean and deviation "
           "stay",
       .parameters = {{"power", 0.7, 1.5, 0.01, 100},
                      flag_named("balanced"),
                      flag_named("invert"),
                      flag_named("retain")},
       .change = gamma},
      {.name = "histogram",
       .family = f,
       .doc = "a piecewise linear curve through f control points, each anywhere between its "
              "neighbours",
       .parameters = {{"points", 10, 10, 3, 1000, ParameterKind::whole}},
       .change = histogram},
      {.name = "noise",
       .family = f,
       .doc = "x + f n (hi - lo), a normal number n for each value; not clipped",
       .parameters = {{"deviation", 0, 0.05, 0, 1e6}, flag_named("absolute")},
       .change = noise},
      {.name = "rician",
       .family = f,
       .doc = "sqrt((x + f n (hi - lo))^2 + (f m (hi - lo))^2), normal n and m for each value",
       .parameters = {{"deviation", 0, 0.05, 0, 1e6}, flag_named("absolute")},
       .change = rician},
      {.name = "saturation",
       .family = f,
       .doc = "(x - grey) f + grey, of images of three channels",
       .parameters = {{"factor", 0.8, 1.2, 0, 100}},
       .change = saturation},
      {.name = "hue",
       .family = f,
       .doc = "turned by f turns of the colour circle, of images of three channels",
       .parameters = {{"turns", -0.05, 0.05, -0.5, 0.5}},
       .symmetric = true,
       .change = hue},
      {.name = "jitter",
       .family = f,
       .doc = "brightness, contrast and saturation by f each, and hue, in random order",
       .parameters = {{"factor", 0.6, 1.4, 0, 100}, {"hue", -0.1, 0.1, -0.5, 0.5}},
       .change = jitter},
  };
}

std::vector<StepKind> filter_steps() {
  const char* f = "filters";
  return {
      {.name = "blur",
       .family = f,
       .doc = "convolved with a Gaussian of f pixels; axes: each axis by its own",
       .parameters = {{"sigma", 0.5, 1, 0, 50}, flag_named("axes")},
       .change = blur},
      {.name = "sharpen",
       .family = f,
       .doc = "x + f times (neighbours - x), summed and turned around: the Laplacian",
       .parameters = {{"strength", 0.1, 1, 0, 100}},
       .change = sharpen},
      {.name = "median",
       .family = f,
       .doc = "the median of f pixels along each axis",
       .parameters = {{"size", 2, 5, 1, 16, ParameterKind::whole}},
       .change = median},
      {.name = "lowres",
       .family = f,
       .doc =
           "what is left of f times as many pixels along each axis, but the depth of thin volumes",
       .parameters = {{"share", 0.5, 1, 0.01, 1}},
       .change = lowres},
      {.name = "anisotropy",
       .family = f,
       .doc = "what is left of 1 / f times as many pixels along one axis",
       .parameters = {{"factor", 1.5, 5, 1, 100}},
       .change = anisotropy},
  };
}

}  // namespace tessera::io
