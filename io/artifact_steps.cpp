#include <algorithm>
#include <cmath>
#include <numbers>

#include "io/artifact.h"
#include "io/augment_step.h"
#include "io/local_change.h"

namespace tessera::io {

namespace {

using ParameterKind = Parameter::Kind;

// An axis of space, by chance; a picture has two.
int random_axis(const Image& image, Draws& draws) {
  return static_cast<int>(image.depth > 1 ? draws.below(3) : 1 + draws.below(2));
}

void bias(const AugmentStep& step, Draws& draws, Image& image) {
  const int64_t order = step.draw_whole(1, draws);
  std::vector<double> coefficients;
  for (int64_t i = 0; i < bias_coefficients(order); ++i)
    coefficients.push_back(step.draw(0, draws));
  add_bias_field_(image, order, coefficients);
}

void ghosts(const AugmentStep& step, Draws& draws, Image& image) {
  const double strength = step.draw(0, draws);
  const int64_t period = step.draw_whole(1, draws);
  add_ghosts_(image, random_axis(image, draws), period, strength);
}

void gibbs(const AugmentStep& step, Draws& draws, Image& image) {
  add_gibbs_(image, step.draw(0, draws));
}

void spikes(const AugmentStep& step, Draws& draws, Image& image) {
  const double strength = step.draw(0, draws);
  for (int64_t left = step.draw_whole(1, draws); left > 0; --left) {
    const int64_t z = draws.below(image.depth), y = draws.below(image.height),
                  x = draws.below(image.width);
    add_spike_(image, z - image.depth / 2, y - image.height / 2, x - image.width / 2, strength);
  }
}

// The map of a turn by `degrees` in each plane about the middle and of a shift in pixels.
Affine rigid(const Image& image, const double degrees[3], const double shift[3]) {
  const double middle[3] = {static_cast<double>(image.depth - 1) / 2,
                            static_cast<double>(image.height - 1) / 2,
                            static_cast<double>(image.width - 1) / 2};
  Affine map{.z0 = middle[0] + shift[0], .y0 = middle[1] + shift[1], .x0 = middle[2] + shift[2]};
  double c[3], s[3];
  for (int i = 0; i < 3; ++i) {
    c[i] = std::cos(degrees[i] * std::numbers::pi / 180);
    s[i] = std::sin(degrees[i] * std::numbers::pi / 180);
  }
  map = compose(map, {.yy = c[0], .yx = s[0], .xy = -s[0], .xx = c[0]});
  map = compose(map, {.zz = c[1], .zx = s[1], .xz = -s[1], .xx = c[1]});
  map = compose(map, {.zz = c[2], .zy = s[2], .yz = -s[2], .yy = c[2]});
  return compose(map, {.z0 = -middle[0], .y0 = -middle[1], .x0 = -middle[2]});
}

void motion(const AugmentStep& step, Draws& draws, Image& image) {
  const int64_t count = step.draw_whole(2, draws);
  const double interval = 1 / static_cast<double>(count + 1);
  std::vector<Movement> movements;
  for (int64_t i = 1; i <= count; ++i) {
    const bool deep = image.depth > 1;
    double degrees[3] = {}, shift[3] = {};
    for (int axis = 0; axis < (deep ? 3 : 1); ++axis) degrees[axis] = step.draw(0, draws);
    for (int axis = deep ? 0 : 1; axis < 3; ++axis) {
      const int64_t extents[3] = {image.depth, image.height, image.width};
      shift[axis] = step.draw(1, draws) * static_cast<double>(extents[axis]);
    }
    const double time = interval * (static_cast<double>(i) + draws.uniform(-0.3, 0.3));
    movements.push_back({time, rigid(image, degrees, shift)});
  }
  add_motion_(image, random_axis(image, draws), movements);
}

// Somewhere between a sixth of an axis and all of it, as in nnU-Net's DA5: uniform on a logarithmic
// scale.
Hill random_hill(const AugmentStep& step, size_t width, size_t centre, const Image& image,
                 Draws& draws) {
  const int64_t extents[3] = {image.depth, image.height, image.width};
  Hill hill;
  for (int axis = 0; axis < 3; ++axis) {
    hill.centre[axis] = step.draw(centre, draws);
    const double low = std::log(step.ranges[width].low), high = std::log(step.ranges[width].high);
    hill.width[axis] = std::exp(draws.uniform(low, high)) * static_cast<double>(extents[axis]);
  }
  return hill;
}

void hill(const AugmentStep& step, Draws& draws, Image& image) {
  const Hill where = random_hill(step, 1, 2, image, draws);
  double unit = 1;
  if (!step.flag(3)) {
    const auto [least, largest] = std::minmax_element(image.pixels.begin(), image.pixels.end());
    unit = *largest - *least;
  }
  const double sign = draws.chance(0.5) ? 1 : -1;
  add_hill_(image, where, sign * step.draw(0, draws) * unit);
}

void localgamma(const AugmentStep& step, Draws& draws, Image& image) {
  const Hill where = random_hill(step, 2, 3, image, draws);
  change_gamma_(image, where, step.draw(draws.chance(0.5) ? 0 : 1, draws));
}

void cutout(const AugmentStep& step, Draws& draws, Image& image) {
  for (int64_t left = step.draw_whole(1, draws); left > 0; --left) {
    const auto size = [&](int64_t n) {
      const auto pixels = std::llround(step.draw(0, draws) * static_cast<double>(n));
      return std::clamp<int64_t>(pixels, 1, n);
    };
    Box box;
    box.size = {size(image.depth), size(image.height), size(image.width)};
    box.first[0] = draws.below(image.depth - box.size.depth + 1);
    box.first[1] = draws.below(image.height - box.size.height + 1);
    box.first[2] = draws.below(image.width - box.size.width + 1);
    blank_(image, box);
  }
}

}  // namespace

std::vector<StepKind> artifact_steps() {
  const char* f = "artifacts";
  return {
      {.name = "bias",
       .family = f,
       .doc = "times exp of a polynomial of the place, with coefficients f",
       .parameters = {{"coefficients", -0.5, 0.5, -10, 10},
                      {"order", 3, 3, 0, 10, ParameterKind::whole}},
       .symmetric = true,
       .change = bias},
      {.name = "motion",
       .family = f,
       .doc = "moved while its spectrum was measured: by f degrees and shift of each axis, count "
              "times",
       .parameters = {{"angle", -10, 10, -180, 180},
                      {"shift", -0.05, 0.05, -1, 1},
                      {"count", 2, 2, 1, 16, ParameterKind::whole}},
       .symmetric = true,
       .change = motion},
      {.name = "ghosting",
       .family = f,
       .doc = "copies along an axis: each n-th plane of its spectrum loses f of its values, n in "
              "count",
       .parameters = {{"strength", 0.5, 1, 0, 1}, {"count", 4, 10, 1, 1000, ParameterKind::whole}},
       .change = ghosts},
      {.name = "gibbs",
       .family = f,
       .doc = "ringing edges: the share f of the frequencies of each axis, the highest, is lost",
       .parameters = {{"loss", 0.3, 0.7, 0, 1}},
       .change = gibbs},
      {.name = "spikes",
       .family = f,
       .doc = "waves of f times the mean, as from count wrong values in the spectrum",
       .parameters = {{"strength", 0.1, 0.5, 0, 100},
                      {"count", 1, 1, 1, 100, ParameterKind::whole}},
       .change = spikes},
  };
}

std::vector<StepKind> local_steps() {
  const char* f = "local";
  return {
      {.name = "cutout",
       .family = f,
       .doc = "boxes of f of each axis become their mean; the mask stays",
       .parameters = {{"share", 0.1, 0.33, 0, 1}, {"count", 1, 4, 1, 100, ParameterKind::whole}},
       .change = cutout},
      {.name = "gradient",
       .family = f,
       .doc = "plus or minus a hill of f (hi - lo), with slopes of width of each axis, its top at "
              "centre",
       .parameters = {{"height", 0.1, 0.5, 0, 1e6},
                      {"width", 0.17, 1, 0.01, 100},
                      {"centre", -0.5, 1.5, -10, 10},
                      {"absolute", 0, 0, 0, 1, ParameterKind::flag}},
       .change = hill},
      {.name = "localgamma",
       .family = f,
       .doc = "gamma of f or, half of the time, of above, on a hill as in gradient",
       .parameters = {{"below", 0.4, 0.8, 0.01, 100},
                      {"above", 1.5, 2.5, 0.01, 100},
                      {"width", 0.17, 1, 0.01, 100},
                      {"centre", -0.5, 1.5, -10, 10}},
       .change = localgamma},
  };
}

}  // namespace tessera::io
